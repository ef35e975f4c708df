/* The question for the passphrase of a key. */
#ifndef NACRE_APPS_CLIENT_PASSPHRASE_H
#define NACRE_APPS_CLIENT_PASSPHRASE_H

#include <stdbool.h>
#include <stddef.h>

/* For struct identity: ask on the terminal, or by the program that $SSH_ASKPASS names. False: there
 * is no answer, or the program is ending. */
bool passphrase_ask(const char *question, char *answer, size_t size);

#endif
