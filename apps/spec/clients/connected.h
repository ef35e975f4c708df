/* What the clients written in C have in common: connected.py says how they are started. */
#ifndef CONNECTED_H
#define CONNECTED_H

#include <stdbool.h>

enum { FAILED = 255 }; /* exit status */

/* The words of the command line. command is NULL if there is none. */
struct words {
    const char *host, *port, *user, *known_hosts, *intent, *key, *command;
};

struct words read_words(int argc, char **argv);

bool is_intent(const struct words *words, const char *intent);

/* Ends the program if it is not good. What failed is our text: the library's may have one of the
 * server's. */
void check(bool good, const char *what);

/* Returns the descriptor. host is an address. */
int connect_to(const char *host, const char *port);

/* Asks on the terminal. The prompt may be the server's. The answer is valid until the next
 * question. */
char *ask(const char *prompt, bool echo);

#endif
