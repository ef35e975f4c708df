#include "apps/serve/agent.h"

#include "apps/daemon/events.h"
#include "apps/serve/forward.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool agent_listen(struct agent_socket *a, struct nacre_peer *peer)
{
    if (a->listener != NULL)
        return false;
    (void)snprintf(a->folder, sizeof a->folder, "/tmp/nacre-XXXXXX"); /* as sshd's: short, local */
    if (mkdtemp(a->folder) == NULL) {                                 /* with mode 0700 */
        log_trouble("start", strerror(errno));
        return false;
    }
    (void)snprintf(a->path, sizeof a->path, "%.32s/agent", a->folder);
    a->listener = forward_agent(peer, a->path);
    if (a->listener == NULL)
        (void)rmdir(a->folder);
    return a->listener != NULL;
}

void agent_close(struct agent_socket *a)
{
    if (a->listener == NULL)
        return;
    nacre_forward_close(a->listener); /* removes the socket */
    (void)rmdir(a->folder);
    a->listener = NULL;
}
