/* Sockets that listen for forwards. RFC 4254 section 7.1; sshd_config(5) GatewayPorts,
 * StreamLocalBindUnlink. */
#ifndef NACRE_APPS_FORWARD_BIND_H
#define NACRE_APPS_FORWARD_BIND_H

#include "apps/forward/parts.h"

enum { BIND_MAX = 8 /* sockets of one place: localhost has two */ };

/* Listen there. *target's port becomes the one in use. Returns how many sockets fds has; 0:
 * *failure is a sentence. */
size_t bind_place(struct nacre_target *target, enum nacre_gateway_ports gateway,
                  bool replaces_sockets, int fds[BIND_MAX], const char **failure);

#endif
