#include "apps/daemon/events.h"

#include "apps/daemon/log.h"
#include "apps/daemon/log_writer.h"
#include "apps/daemon/metrics.h"

#include <stdio.h>
#include <string.h>

void log_trouble(const char *event, const char *text)
{
    struct log_line l;

    log_begin(&l, LOG_WARN, event);
    log_text(&l, "reason", text);
    log_end(&l);
}

void log_each_trouble(const char *event, char *sentences)
{
    char *rest = NULL;

    for (char *p = strtok_r(sentences, "\n", &rest); p != NULL; p = strtok_r(NULL, "\n", &rest))
        log_trouble(event, p);
}

static void begin_peer(struct log_line *l, enum log_level level, const char *event,
                       const struct nacre_peer *peer)
{
    log_begin(l, level, event);
    log_u64(l, "conn", nacre_peer_id(peer));
}

void log_begin_channel(struct log_line *l, const char *event, const struct nacre_channel *ch)
{
    const struct nacre_peer *peer = nacre_channel_context(ch);

    begin_peer(l, LOG_INFO, event, peer);
    log_u64(l, "chan", nacre_channel_id(ch));
    log_text(l, "user", nacre_session_user(nacre_peer_session(peer)));
}

static void log_opened(struct nacre_channel *ch)
{
    struct log_line l;

    metrics_channel_opened();
    log_begin_channel(&l, "open", ch);
    log_text(&l, "type", nacre_channel_type(ch));
    log_end(&l);
}

static void log_requested(struct nacre_channel *ch, const struct nacre_request *request,
                          bool granted)
{
    bool sized = request->kind == NACRE_REQUEST_PTY || request->kind == NACRE_REQUEST_WINDOW_CHANGE;
    struct log_line l;

    log_begin_channel(&l, "request", ch);
    log_text(&l, "type", request->type);
    if (request->text[0] != 0)
        log_text(&l, "what", request->text);
    if (sized) {
        log_u64(&l, "columns", request->columns);
        log_u64(&l, "rows", request->rows);
    }
    log_text(&l, "answer", granted ? "granted" : "refused");
    log_end(&l);
}

static void log_eof(struct nacre_channel *ch)
{
    struct log_line l;

    log_begin_channel(&l, "eof", ch);
    log_end(&l);
}

static void log_close(struct nacre_channel *ch)
{
    struct log_line l;

    log_begin_channel(&l, "close", ch);
    log_end(&l);
}

static void log_reason(struct log_line *l, const struct nacre_end *why)
{
    log_text(l, "reason", nacre_cause_text(why->cause));
    if (why->code != 0)
        log_u64(l, "code", why->code);
    if (why->text != NULL && why->text[0] != 0)
        log_text(l, "text", why->text);
}

static void log_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct log_line l;

    metrics_channel_closed();
    log_begin_channel(&l, "closed", ch);
    log_reason(&l, why);
    log_end(&l);
}

const struct channel_events channel_log = {
    .opened = log_opened,
    .requested = log_requested,
    .eof = log_eof,
    .close = log_close,
    .closed = log_closed,
};

static void log_listening(void *context, const char *address)
{
    struct log_line l;

    (void)context;
    log_begin(&l, LOG_INFO, "listening");
    log_text(&l, "addr", address);
    log_end(&l);
}

static void log_accepted(struct nacre_peer *peer)
{
    struct log_line l;

    metrics_accepted(peer);
    begin_peer(&l, LOG_INFO, "connection", peer);
    log_text(&l, "addr", nacre_peer_address(peer));
    log_end(&l);
}

static void put_algorithms(struct log_line *l, const struct nacre_negotiated *n)
{
    log_text(l, "kex", n->kex);
    log_text(l, "host_key", n->host_key);
    log_text(l, "cipher_in", n->cipher_client_to_server);
    log_text(l, "cipher_out", n->cipher_server_to_client);
    if (n->mac_client_to_server != NULL)
        log_text(l, "mac_in", n->mac_client_to_server);
    if (n->mac_server_to_client != NULL)
        log_text(l, "mac_out", n->mac_server_to_client);
}

static void log_negotiated(void *context, const struct nacre_negotiated *n)
{
    const struct nacre_peer *peer = context;
    struct log_line l;

    metrics_negotiated(n);
    begin_peer(&l, LOG_INFO, "kex", peer);
    put_algorithms(&l, n);
    log_text(&l, "strict", n->strict ? "yes" : "no");
    log_text(&l, "version", nacre_session_peer_version(nacre_peer_session(peer)));
    log_end(&l);
}

static void put_session(struct log_line *l, const struct nacre_session *session)
{
    const struct nacre_negotiated *n = nacre_session_negotiated(session);
    uint64_t in, out;

    nacre_session_counters(session, &in, &out);
    log_text(l, "user", nacre_session_user(session));
    log_text(l, "phase", nacre_session_phase(session));
    if (n->kex != NULL)
        put_algorithms(l, n);
    log_u64(l, "bytes_in", in);
    log_u64(l, "bytes_out", out);
}

static void log_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    struct log_line l;

    begin_peer(&l, LOG_INFO, "disconnected", peer);
    log_text(&l, "addr", nacre_peer_address(peer));
    if (nacre_peer_session(peer) != NULL) /* there may have been no memory for one */
        put_session(&l, nacre_peer_session(peer));
    log_reason(&l, why);
    log_end(&l);
    metrics_ended(peer);
}

static void log_server_trouble(void *context, const char *text)
{
    (void)context;
    log_trouble("trouble", text);
}

static void log_refused(void *context, const char *address, enum nacre_limit limit,
                        uint64_t unlogged)
{
    struct log_line l;

    (void)context;
    log_begin(&l, LOG_INFO, "refused");
    log_text(&l, "addr", address);
    log_text(&l, "limit", nacre_limit_name(limit));
    if (unlogged > 0)
        log_u64(&l, "unlogged", unlogged);
    log_end(&l);
}

void log_limit(const struct nacre_peer *peer, const char *limit)
{
    struct log_line l;

    begin_peer(&l, LOG_INFO, "limit", peer);
    log_text(&l, "addr", nacre_peer_address(peer));
    log_text(&l, "limit", limit);
    log_end(&l);
}

static void log_limited(struct nacre_peer *peer, enum nacre_limit limit)
{
    log_limit(peer, nacre_limit_name(limit));
}

void log_counters(const char *event, const struct nacre_server *server)
{
    struct log_line l;

    log_begin(&l, LOG_INFO, event);
    log_u64(&l, "accepted", nacre_server_counter(server, NACRE_COUNT_ACCEPTED));
    log_u64(&l, "logins", nacre_server_counter(server, NACRE_COUNT_LOGINS));
    log_u64(&l, "connections", nacre_server_counter(server, NACRE_COUNT_CONNECTIONS));
    log_u64(&l, "startups", nacre_server_counter(server, NACRE_COUNT_STARTUPS));
    log_u64(&l, "memory", nacre_server_counter(server, NACRE_COUNT_MEMORY));
    for (int i = 0; i < NACRE_LIMITS; i++) {
        char key[64];

        (void)snprintf(key, sizeof key, "%s", nacre_limit_name((enum nacre_limit)i));
        for (char *at = key; *at != 0; at++)
            if (*at == '-')
                *at = '_';
        log_u64(&l, key, nacre_server_limited(server, (enum nacre_limit)i));
    }
    log_u64(&l, "log_dropped", log_dropped());
    log_end(&l);
}

static void log_report(void *context, const struct nacre_server *server)
{
    (void)context;
    log_counters("counters", server);
}

static void log_mismatch(void *context, const char *kind, const char *client, size_t client_len,
                         const char *server, size_t server_len)
{
    struct log_line l;

    begin_peer(&l, LOG_WARN, "mismatch", context);
    log_text(&l, "kind", kind);
    log_bytes(&l, "client", client, client_len);
    log_bytes(&l, "server", server, server_len);
    log_end(&l);
}

/* Only the number and the length: payloads may contain passwords. */
static void log_message(void *context, enum nacre_direction direction, uint32_t seq,
                        const char *phase, const uint8_t *payload, size_t len)
{
    struct log_line l;

    begin_peer(&l, LOG_TRACE, direction == NACRE_RECEIVED ? "received" : "sent", context);
    log_u64(&l, "seq", seq);
    log_text(&l, "phase", phase);
    log_u64(&l, "message", payload[0]);
    log_u64(&l, "bytes", len);
    log_end(&l);
}

static void log_phase(void *context, const char *phase)
{
    struct log_line l;

    metrics_phase(context, phase);
    begin_peer(&l, LOG_DEBUG, "phase", context);
    log_text(&l, "phase", phase);
    log_end(&l);
}

static void log_draining(void *context, uint32_t connections)
{
    struct log_line l;

    (void)context;
    log_begin(&l, LOG_INFO, "draining");
    log_u64(&l, "connections", connections);
    log_end(&l);
}

const struct nacre_server_events server_log = {
    .listening = log_listening,
    .accepted = log_accepted,
    .authenticated = metrics_authenticated,
    .ended = log_ended,
    .trouble = log_server_trouble,
    .refused = log_refused,
    .limited = log_limited,
    .counters = log_report,
    .draining = log_draining,
};

struct nacre_observer server_observer_at(enum log_level level)
{
    return (struct nacre_observer){
        .negotiated = log_negotiated,
        .mismatch = log_mismatch,
        .phase = level >= LOG_DEBUG || metrics_are_on() ? log_phase : NULL,
        .message = level >= LOG_TRACE ? log_message : NULL,
    };
}

void log_attempted(void *context, const char *user, const char *method, bool granted)
{
    struct log_line l;

    metrics_attempted(method, granted);
    begin_peer(&l, LOG_INFO, "auth", context);
    log_text(&l, "addr", nacre_peer_address(context));
    log_text(&l, "user", user);
    log_text(&l, "method", method);
    log_text(&l, "answer", granted ? "granted" : "refused");
    log_end(&l);
}

void log_key_refused(void *context, const char *user, const char *algorithm, const char *reason)
{
    struct log_line l;

    begin_peer(&l, LOG_INFO, "key_refused", context);
    log_text(&l, "user", user);
    log_text(&l, "algorithm", algorithm);
    log_text(&l, "reason", reason);
    log_end(&l);
}
