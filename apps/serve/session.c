#include "apps/serve/session.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list, for several workers */
static struct serve_session *all;

static void close_descriptor(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

struct serve_session *session_new(struct nacre_channel *ch)
{
    struct serve_session *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->ch = ch;
    s->tty = s->terminal.master = s->terminal.slave = s->child.pidfd = s->timer = -1;
    (void)pthread_mutex_lock(&lock);
    s->link = &all;
    s->next = all;
    if (all != NULL)
        all->link = &s->next;
    all = s;
    (void)pthread_mutex_unlock(&lock);
    return s;
}

struct nacre_loop *session_loop(const struct serve_session *s)
{
    return nacre_peer_loop(nacre_channel_context(s->ch));
}

void session_close_tty(struct serve_session *s)
{
    close_descriptor(&s->tty);
}

void session_end_hangup(struct serve_session *s)
{
    nacre_watch_free(s->hangup);
    s->hangup = NULL;
    close_descriptor(&s->timer);
}

void session_free(struct serve_session *s)
{
    session_end_hangup(s);
    (void)pthread_mutex_lock(&lock);
    *s->link = s->next;
    if (s->next != NULL)
        s->next->link = s->link;
    (void)pthread_mutex_unlock(&lock);
    nacre_watch_free(s->watch);
    terminal_close(&s->terminal);
    environment_clear(&s->environment);
    session_close_tty(s);
    close_descriptor(&s->child.pidfd);
    quota_return(&s->place);
    free(s);
}

void session_free_all(void (*last)(struct serve_session *s))
{
    while (all != NULL) {
        last(all);
        session_free(all);
    }
}
