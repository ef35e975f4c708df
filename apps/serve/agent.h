/* The socket through which a program reaches the agent of its client: PROTOCOL.agent. */
#ifndef NACRE_APPS_SERVE_AGENT_H
#define NACRE_APPS_SERVE_AGENT_H

#include <stdbool.h>

struct nacre_peer;
struct nacre_forward_listener;

enum { AGENT_PATH_MAX = 64 };

/* All zero: there is none. */
struct agent_socket {
    struct nacre_forward_listener *listener;
    char folder[AGENT_PATH_MAX], path[AGENT_PATH_MAX];
};

/* Make the socket, in a folder of its own that no other user can enter. False: there is one
 * already, or it cannot be made, which is logged. */
bool agent_listen(struct agent_socket *a, struct nacre_peer *peer);

/* Remove both; connections that there are stay. Before the session of the peer ends. */
void agent_close(struct agent_socket *a);

#endif
