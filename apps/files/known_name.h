/* The name of a host as known_hosts files have it: sshd(8). */
#ifndef NACRE_APPS_FILES_KNOWN_NAME_H
#define NACRE_APPS_FILES_KNOWN_NAME_H

#include "apps/files/known_line.h"

/* "host", or "[host]:port" if the port is not SSH's own; in lower case, and an address in its
 * shortest form. False: this is not a host. */
bool known_name(char out[KNOWN_NAME_MAX], const char *given, uint16_t port);

#endif
