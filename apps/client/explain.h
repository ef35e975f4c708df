/* Why there was no session, for a person. */
#ifndef NACRE_APPS_CLIENT_EXPLAIN_H
#define NACRE_APPS_CLIENT_EXPLAIN_H

#include <stddef.h>

/* What to do about a failed attempt to connect, from the library's sentence about it: " Nothing
 * listens there..."; "" if there is nothing to add. Static text. */
const char *explain_connecting(const char *sentence);

#endif
