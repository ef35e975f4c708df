/* Channels: sessions, and forwarding in both directions; each open is answered later. */
#include "tests/interop/granting.h"

#include "apps/runtime/stream.h"
#include "apps/runtime/watch.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct nacre_loop *loop_of(const struct nacre_channel *ch)
{
    return nacre_peer_loop(nacre_channel_context(ch));
}

/* ---- sockets ---- */

/* Connect to, or listen on, a path or, if the port is not 0 or numeric, an address. -1 with errno.
 */
static int open_path(const char *path, bool listens)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    if (listens ? bind(fd, (struct sockaddr *)&to, sizeof to) == 0 && listen(fd, 16) == 0
                : connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static int open_port(const char *host, uint32_t port, bool listens)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET};
    struct addrinfo *to;
    char service[16];
    int fd;

    (void)snprintf(service, sizeof service, "%u", port);
    errno = EHOSTUNREACH;
    if (getaddrinfo(host, service, &hints, &to) != 0)
        return -1;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listens ? bind(fd, to->ai_addr, to->ai_addrlen) != 0 || listen(fd, 16) != 0
                : connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
        (void)close(fd);
        fd = -1;
    }
    freeaddrinfo(to);
    return fd;
}

static uint32_t port_of(int fd)
{
    struct sockaddr_in at = {0};
    socklen_t len = sizeof at;

    (void)getsockname(fd, (struct sockaddr *)&at, &len);
    return ntohs(at.sin_port);
}

/* ---- what a key may ---- */

/* Is "HOST:PORT" or "PORT" on the list? * matches any; an empty list allows all. */
static bool is_listed(char *const *list, const char *host, uint32_t port)
{
    char exact[NACRE_HOST_MAX + 16], any[16];

    (void)snprintf(exact, sizeof exact, "%s:%u", host, port);
    (void)snprintf(any, sizeof any, "%u", port);
    for (char *const *at = list; at != NULL && *at != NULL; at++)
        if (strcmp(*at, exact) == 0 || strcmp(*at, any) == 0)
            return true;
    return list == NULL;
}

static bool may(const struct guest *guest, bool listens, const char *host, uint32_t port)
{
    const struct nacre_key_grant *grant = &guest->grant;

    return !guest->used_key ||
           (grant->port_forwarding &&
            is_listed(listens ? grant->permit_listen : grant->permit_open, host, port));
}

/* ---- from the client: direct-tcpip, direct-streamlocal ---- */

struct dial {
    struct nacre_channel *ch; /* NULL once it is closed */
    struct nacre_target target;
    int fd, failure;
};

static void dial_work(void *job)
{
    struct dial *dial = job;

    dial->fd = dial->target.port == 0 ? open_path(dial->target.host, false)
                                      : open_port(dial->target.host, dial->target.port, false);
    dial->failure = dial->fd < 0 ? errno : 0;
}

static void dial_done(void *job)
{
    struct dial *dial = job;
    struct nacre_channel *ch = dial->ch;

    if (ch != NULL)
        nacre_channel_set_app_data(ch, NULL);
    if (ch == NULL) {
        if (dial->fd >= 0)
            (void)close(dial->fd);
    } else if (dial->fd < 0) {
        nacre_channel_refuse_open(ch, NACRE_REASON_CONNECT_FAILED, strerror(dial->failure));
    } else {
        nacre_channel_answer_open(ch, true);
        (void)nacre_stream_join(
            ch, loop_of(ch),
            &(struct nacre_stream_config){.input = dial->fd, .output = dial->fd, .error = -1});
    }
    free(dial);
}

static enum nacre_answer open_direct(struct nacre_channel *ch)
{
    struct nacre_peer *peer = nacre_channel_context(ch);
    struct dial *dial = calloc(1, sizeof *dial);

    if (dial == NULL || !nacre_channel_target(ch, &dial->target) ||
        !may(nacre_peer_data(peer), false, dial->target.host, dial->target.port)) {
        free(dial);
        nacre_channel_refuse_open(ch, NACRE_REASON_PROHIBITED, "not there, not with this key");
        return NACRE_REFUSE;
    }
    dial->ch = ch;
    nacre_channel_set_app_data(ch, dial);
    note("direct", " type=%s host=%s port=%u from=%s", nacre_channel_type(ch), dial->target.host,
         dial->target.port, dial->target.originator[0] != 0 ? dial->target.originator : "-");
    return nacre_peer_offload(peer, dial_work, dial_done, dial) ? NACRE_LATER : NACRE_REFUSE;
}

static void direct_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct dial *dial = nacre_channel_app_data(ch);

    (void)why;
    if (dial != NULL)
        dial->ch = NULL;
}

/* ---- to the client: what connects to a place that it had us listen at ---- */

struct listener {
    struct listener *next;
    struct guest *guest;
    struct nacre_watch *watch;
    const char *type; /* of the channels */
    char host[NACRE_HOST_MAX];
    uint32_t port;
    int fd;
};

static enum nacre_answer open_forwarded(struct nacre_channel *ch)
{
    int *fd = nacre_channel_app_data(ch);

    (void)nacre_stream_join(
        ch, loop_of(ch), &(struct nacre_stream_config){.input = *fd, .output = *fd, .error = -1});
    *fd = -1;
    return NACRE_GRANT;
}

static void forwarded_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    int *fd = nacre_channel_app_data(ch);

    if (why->cause == NACRE_OPEN_REFUSED)
        note("refused", " code=%u", why->code);
    if (*fd >= 0)
        (void)close(*fd);
    free(fd);
}

static void on_connection(void *context)
{
    static const struct nacre_channel_app app = {.open = open_forwarded,
                                                 .closed = forwarded_closed};
    const struct listener *l = context;
    struct nacre_target target = {.port = l->port, .originator = "127.0.0.1"};
    uint8_t data[NACRE_TARGET_MAX];
    int *fd = malloc(sizeof *fd);

    if (fd == NULL)
        return;
    *fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
    (void)snprintf(target.host, sizeof target.host, "%s", l->host);
    if (*fd >= 0 &&
        nacre_session_open_channel(nacre_peer_session(l->guest->peer), l->type, &app, fd, data,
                                   nacre_target_write(&target, l->type, data)) != NULL)
        return;
    (void)close(*fd);
    free(fd);
}

/* port 0: a path. False: it is not possible. */
static bool begin_listening(struct guest *guest, const char *type, const char *host, int fd)
{
    struct listener *l = fd < 0 ? NULL : calloc(1, sizeof *l);

    if (l == NULL)
        return false;
    *l = (struct listener){.next = guest->listeners, .guest = guest, .type = type, .fd = fd};
    (void)snprintf(l->host, sizeof l->host, "%s", host);
    l->port = strcmp(type, "forwarded-tcpip") == 0 ? port_of(fd) : 0;
    l->watch = nacre_watch_new(nacre_peer_loop(guest->peer), fd, on_connection, l);
    guest->listeners = l;
    note("forwarding", " type=%s host=%s port=%u", type, l->host[0] != 0 ? l->host : "-", l->port);
    return l->watch != NULL;
}

bool stop_listening(struct guest *guest, const char *host, uint32_t port)
{
    bool found = false;

    for (struct listener **at = &guest->listeners; *at != NULL;) {
        struct listener *l = *at;

        if (host != NULL && (strcmp(l->host, host) != 0 || l->port != port)) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        nacre_watch_free(l->watch);
        (void)close(l->fd);
        if (l->port == 0)
            (void)unlink(l->host);
        free(l);
        found = true;
    }
    return found;
}

/* ---- global requests: answered later ---- */

struct wish {
    struct guest *guest;
    bool tcp;
    char host[NACRE_HOST_MAX];
    uint32_t port;
    int fd;
};

static void wish_work(void *job)
{
    struct wish *wish = job;
    bool any = wish->host[0] == 0 || strcmp(wish->host, "localhost") == 0;

    (void)usleep(20 * 1000); /* so that the answer comes later */
    wish->fd = wish->tcp ? open_port(any ? "127.0.0.1" : wish->host, wish->port, true)
                         : open_path(wish->host, true);
}

static void wish_done(void *job)
{
    struct wish *wish = job;
    struct guest *guest = wish->guest;
    const char *type = wish->tcp ? "forwarded-tcpip" : "forwarded-streamlocal@openssh.com";

    if (guest->peer == NULL && wish->fd >= 0)
        (void)close(wish->fd);
    else if (guest->peer != NULL)
        nacre_session_answer_global(nacre_peer_session(guest->peer),
                                    begin_listening(guest, type, wish->host, wish->fd),
                                    wish->tcp && wish->fd >= 0 ? port_of(wish->fd) : 0);
    guest_release(guest);
    free(wish);
}

static bool is_bob(struct nacre_peer *peer)
{
    return strcmp(nacre_session_user(nacre_peer_session(peer)), "bob") == 0;
}

enum nacre_answer on_global_request(void *context, const struct nacre_global_request *request,
                                    uint32_t *port)
{
    struct guest *guest = nacre_peer_data(context);
    struct wish *wish;

    (void)port;
    if (request->kind == NACRE_GLOBAL_CANCEL_FORWARD)
        return stop_listening(guest, request->host, request->port) ? NACRE_GRANT : NACRE_REFUSE;
    if (request->kind != NACRE_GLOBAL_FORWARD || is_bob(context) ||
        !may(guest, true, request->host, request->port))
        return NACRE_REFUSE;
    wish = calloc(1, sizeof *wish);
    if (wish == NULL)
        return NACRE_REFUSE;
    *wish = (struct wish){.guest = guest,
                          .tcp = strcmp(request->name, "tcpip-forward") == 0,
                          .port = request->port,
                          .fd = -1};
    (void)snprintf(wish->host, sizeof wish->host, "%s", request->host);
    guest->users++;
    if (nacre_peer_offload(context, wish_work, wish_done, wish))
        return NACRE_LATER;
    guest->users--;
    free(wish);
    return NACRE_REFUSE;
}

/* ---- sessions: what comes goes back ---- */

/* "agent PATH": connections to PATH are forwarded to the client's agent. */
static bool serve_agent(struct nacre_channel *ch, const char *command)
{
    struct guest *guest = nacre_peer_data(nacre_channel_context(ch));

    return guest->grant.agent_forwarding &&
           begin_listening(guest, "auth-agent@openssh.com", command + strlen("agent "),
                           open_path(command + strlen("agent "), true));
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    bool granted = request->kind == NACRE_REQUEST_SHELL || request->kind == NACRE_REQUEST_PTY ||
                   strcmp(request->type, "auth-agent-req@openssh.com") == 0;

    note("request", " type=%s", request->type);
    if (request->kind == NACRE_REQUEST_EXEC && strcmp(request->text, "news") == 0) {
        static const uint8_t can_do[] = {1};

        (void)nacre_channel_request(ch, "xon-xoff", false, can_do, sizeof can_do);
        (void)nacre_channel_request(ch, "eow@openssh.com", false, NULL, 0);
        (void)nacre_channel_request(ch, "nobody-knows@example.com", true, NULL, 0);
    }
    if (request->kind == NACRE_REQUEST_EXEC)
        granted = strncmp(request->text, "agent ", 6) != 0 || serve_agent(ch, request->text);
    if (request->kind == NACRE_REQUEST_EXEC && strncmp(request->text, "exit ", 5) == 0) {
        nacre_channel_exit_status(ch, (uint32_t)atoi(request->text + 5));
        nacre_channel_close(ch);
    }
    return granted ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return nacre_channel_write(ch, data, len);
}

static void on_eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

const struct nacre_channel_app *look_up(void *context, const char *type)
{
    static const struct nacre_channel_app session = {
        .request = on_request, .data = on_data, .eof = on_eof};
    static const struct nacre_channel_app direct = {.open = open_direct, .closed = direct_closed};

    if (strcmp(type, "session") == 0)
        return &session;
    if (is_bob(context) ||
        (strcmp(type, "direct-tcpip") != 0 && strcmp(type, "direct-streamlocal@openssh.com") != 0))
        return NULL;
    return &direct;
}
