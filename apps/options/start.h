/* What every program does first. */
#ifndef NACRE_APPS_OPTIONS_START_H
#define NACRE_APPS_OPTIONS_START_H

/* Make sure that descriptors 0, 1 and 2 exist: a log or a message must not go into a file or a
 * connection that got such a number. And let no write end the program: a reader that has gone
 * (SIGPIPE) and a full quota (SIGXFSZ) are errors of that write. */
void program_start(void);

#endif
