#include "apps/forward/listener.h"

#include "apps/forward/bind.h"
#include "apps/runtime/pump.h"
#include "apps/runtime/stream.h"
#include "apps/session/attached.h"
#include "apps/session/errbuf.h"
#include "transport/writer.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LISTENERS_MAX = 16,
    PAUSE_MS = 200, /* of a listener that can accept nothing */
    TYPE_MAX = 64,
};

struct spot {
    struct source source;
    struct nacre_forward_listener *listener;
    int fd;
};

struct nacre_forward_listener {
    struct nacre_forwards *forwards;
    struct nacre_forward_listener *next, **link;
    struct listener_config config;
    char type[TYPE_MAX + 1];
    struct timer pause;
    struct spot spots[BIND_MAX];
    size_t count;
    bool busy;   /* accepting: freed after that, */
    bool closed; /* ... once it is closed */
};

static struct nacre_loop *loop_of(const struct nacre_forward_listener *l)
{
    return l->forwards->home.loop;
}

/* ---- a connection, until its channel is closed ---- */

struct inbound {
    struct nacre_forwards *forwards;
    struct nacre_target target;
    int fd; /* -1: the stream has it */
};

static enum nacre_answer inbound_open(struct nacre_channel *ch)
{
    struct inbound *in = nacre_channel_app_data(ch);
    const struct nacre_stream_config config = {.input = in->fd, .error = -1, .output = in->fd};

    in->fd = -1;
    if (nacre_stream_join(ch, in->forwards->home.loop, &config) == NULL)
        nacre_channel_close(ch);
    return NACRE_GRANT;
}

static void inbound_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct inbound *in = nacre_channel_app_data(ch);

    if (why->cause == NACRE_OPEN_REFUSED)
        forwards_event(in->forwards, NACRE_FORWARD_FAILED, &in->target, why->text);
    if (in->fd >= 0)
        (void)close(in->fd);
    forwards_end(in->forwards);
    free(in);
}

/* What follows in the CHANNEL_OPEN. Section 6.3.2, x11: string originator address, uint32
 * originator port. PROTOCOL.agent: auth-agent@openssh.com has no fields. */
static size_t write_open(const char *type, const struct nacre_target *target,
                         uint8_t out[NACRE_TARGET_MAX])
{
    struct nacre_writer w = nacre_write_to(out, NACRE_TARGET_MAX);

    if (strcmp(type, "x11") != 0)
        return nacre_target_write(type, target->host, target->port, target->originator,
                                  target->originator_port, out);
    nacre_write_text(&w, target->originator);
    nacre_write_u32(&w, target->originator_port);
    return nacre_written(&w);
}

/* Where it comes from. Unix sockets have no such address. */
static void set_originator(struct nacre_target *target, const struct sockaddr_storage *from,
                           socklen_t len)
{
    char port[NI_MAXSERV];

    if (from->ss_family == AF_UNIX ||
        getnameinfo((const struct sockaddr *)from, len, target->originator,
                    sizeof target->originator, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    target->originator_port = (uint32_t)strtoul(port, NULL, 10);
}

/* False: the session opens no channel now. */
static bool begin(struct nacre_forward_listener *l, int fd, const struct sockaddr_storage *from,
                  socklen_t len)
{
    static const struct nacre_channel_app app = {.open = inbound_open, .closed = inbound_closed};
    struct nacre_forwards *f = l->forwards;
    uint8_t data[NACRE_TARGET_MAX];
    struct inbound *in = malloc(sizeof *in);

    pump_set_options(fd);
    if (in == NULL)
        return false;
    *in = (struct inbound){.forwards = f, .target = l->config.target, .fd = fd};
    set_originator(&in->target, from, len);
    if (nacre_session_open_channel(f->home.session, l->type, &app, in, data,
                                   write_open(l->type, &in->target, data)) == NULL) {
        free(in);
        return false;
    }
    forwards_event(f, NACRE_FORWARD_ACCEPTED, &in->target, "");
    return true;
}

/* ---- accepting ---- */

static void unwatch(struct nacre_forward_listener *l)
{
    for (size_t i = 0; i < l->count; i++)
        loop_unwatch(loop_of(l), l->spots[i].fd, &l->spots[i].source);
}

static bool watch(struct nacre_forward_listener *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (!loop_watch(loop_of(l), l->spots[i].fd, &l->spots[i].source, EPOLLIN))
            return false;
    return true;
}

/* New connections wait in the kernel meanwhile. */
static void pause_listening(struct nacre_forward_listener *l)
{
    if (l->closed)
        return;
    unwatch(l);
    (void)loop_set_timer(loop_of(l), &l->pause, loop_of(l)->now_ms + PAUSE_MS);
}

static void end_pause(struct timer *timer)
{
    struct nacre_forward_listener *l = container_of(timer, struct nacre_forward_listener, pause);

    if (!watch(l))
        pause_listening(l);
}

/* One at a time: if there are more, the loop reports it again. */
static void accept_one(const struct spot *spot)
{
    struct nacre_forward_listener *l = spot->listener;
    struct nacre_forwards *f = l->forwards;
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    int fd;

    if (!forwards_begin(f)) {
        pause_listening(l);
        return;
    }
    fd = accept4(spot->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0 && begin(l, fd, &from, len))
        return;
    if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
        pause_listening(l); /* out of descriptors or memory */
    if (fd >= 0)
        (void)close(fd);
    forwards_end(f);
}

/* The application may close the listener, or end the session, in the callbacks that this makes. */
static void on_connection(struct source *source, uint32_t events)
{
    const struct spot *spot = container_of(source, struct spot, source);
    struct nacre_forward_listener *l = spot->listener;
    struct nacre_session *session = l->forwards->home.session;

    (void)events;
    session_enter(session);
    l->busy = true;
    accept_one(spot);
    l->busy = false;
    if (l->closed)
        free(l);
    session_leave(session);
}

/* ---- life ---- */

static void adopt(struct nacre_forward_listener *l, const int *fds, size_t count)
{
    l->count = count;
    for (size_t i = 0; i < count; i++)
        l->spots[i] = (struct spot){{on_connection}, l, fds[i]};
}

static void add(struct nacre_forwards *f, struct nacre_forward_listener *l)
{
    l->forwards = f;
    l->link = &f->listeners;
    l->next = f->listeners;
    if (l->next != NULL)
        l->next->link = &l->next;
    f->listeners = l;
    f->listener_count++;
}

/* With the port in use. */
static void set_targets(struct nacre_forward_listener *l, const struct nacre_target *where)
{
    l->config.where = *where;
    if (l->config.for_peer)
        l->config.target = *where;
    forwards_event(l->forwards, NACRE_FORWARD_LISTENING, where, "");
}

struct nacre_forward_listener *
listener_open(struct nacre_forwards *f, const struct listener_config *config, const char **failure)
{
    uint32_t most = f->policy->listeners_max;
    bool full = f->listener_count >= (most != 0 ? most : LISTENERS_MAX);
    struct nacre_forward_listener *l = full ? NULL : calloc(1, sizeof *l);
    struct nacre_target where = config->where;
    int fds[BIND_MAX];

    *failure = full ? "too many listeners" : strerror(ENOMEM);
    if (l == NULL)
        return NULL;
    l->config = *config;
    l->pause.fire = end_pause;
    memcpy(l->type, config->type, strlen(config->type) + 1);
    add(f, l);
    adopt(l, fds, bind_place(&where, config->gateway, f->policy->replaces_sockets, fds, failure));
    if (l->count > 0 && watch(l)) {
        set_targets(l, &where);
        return l;
    }
    if (l->count > 0)
        *failure = strerror(errno);
    nacre_forward_close(l);
    return NULL;
}

void nacre_forward_close(struct nacre_forward_listener *l)
{
    struct nacre_forwards *f;
    struct nacre_target where;
    bool listened;

    if (l == NULL)
        return;
    f = l->forwards;
    where = l->config.where;
    listened = l->count > 0;
    unwatch(l);
    (void)loop_set_timer(loop_of(l), &l->pause, UINT64_MAX);
    for (size_t i = 0; i < l->count; i++)
        (void)close(l->spots[i].fd);
    if (listened && where.is_path)
        (void)unlink(where.host);
    l->count = 0;
    if (l->next != NULL)
        l->next->link = l->link;
    *l->link = l->next;
    f->listener_count--;
    l->closed = true;
    if (!l->busy)
        free(l);
    if (listened)
        forwards_event(f, NACRE_FORWARD_STOPPED, &where, "");
}

struct nacre_forward_listener *listener_find(const struct nacre_forwards *f,
                                             const struct nacre_target *where)
{
    for (struct nacre_forward_listener *l = f->listeners; l != NULL; l = l->next) {
        const struct nacre_target *at = &l->config.where;

        if (l->config.for_peer && at->is_path == where->is_path && at->port == where->port &&
            strcmp(at->host, where->host) == 0)
            return l;
    }
    return NULL;
}

const struct nacre_target *nacre_forward_target(const struct nacre_forward_listener *l)
{
    return &l->config.where;
}

struct nacre_forward_listener *nacre_forward_listen(struct nacre_forwards *f, const char *place,
                                                    const char *type, const char *target,
                                                    char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct listener_config config = {
        .type = type, .gateway = NACRE_GATEWAY_CLIENT, .for_peer = target == NULL};
    struct nacre_forward_listener *l;
    const char *failure;

    if (!forwards_place(&config.where, place) || strlen(type) > TYPE_MAX ||
        (target != NULL && !forwards_place(&config.target, target))) {
        errbuf_say(&p, "cannot forward from %s: write HOST:PORT or the path of a socket", place);
        return NULL;
    }
    if (config.where.host[0] == 0)
        memcpy(config.where.host, "localhost", sizeof "localhost");
    session_enter(f->home.session);
    l = listener_open(f, &config, &failure);
    if (l == NULL)
        errbuf_say(&p, "cannot listen on %s: %s", place, failure);
    session_leave(f->home.session);
    return l;
}
