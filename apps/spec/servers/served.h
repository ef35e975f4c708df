/* What the servers written in C have in common: served.py says how they are started. */
#ifndef SERVED_H
#define SERVED_H

/* From here on the names of files are those of the folder. Ends the program if that fails. */
void enter_folder(const char *folder);

/* The files of the private host keys, and NULL after the last. */
char **host_keys(void);

/* The password of every user. */
const char *read_password(void);

/* Prints the port, which is any that is free if it is "0", and calls serve for each connection, in
 * a process of its own. Does not return. */
void serve_each(const char *port, void (*serve)(int connection));

#endif
