#ifndef TESTS_SUPPORT_SOCKETS_H
#define TESTS_SUPPORT_SOCKETS_H

/* Sockets on loopback and in the file system: each function returns a descriptor that does not
 * block, or fails the test. */

#include "apps/forward/parts.h"

#include <stdint.h>

int listen_at(uint16_t *port); /* a free port of 127.0.0.1 */
int listen_at_path(const char *path);
int connect_to(const struct nacre_target *target);

#endif
