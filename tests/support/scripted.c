#include "tests/support/scripted.h"

#include "connection/parts.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- what came ---- */

static void note(struct scripted *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct scripted *s, const char *format, ...)
{
    size_t n = strlen(s->log);
    va_list args;

    va_start(args, format);
    ck_assert_int_lt(vsnprintf(s->log + n, sizeof s->log - n, format, args),
                     (int)(sizeof s->log - n));
    va_end(args);
}

static int show_len(struct bytes b)
{
    return (int)b.len;
}

static const char *show(struct bytes b)
{
    return b.len == 0 ? "" : (const char *)b.at;
}

static void note_channel(struct scripted *s, uint8_t number, struct reader *r)
{
    uint32_t id = read_u32(r);
    bool counted = id < SCRIPTED_CHANNELS;
    struct bytes text;
    uint32_t value;

    switch (number) {
    case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
        value = read_u32(r);
        if (counted)
            s->got[id].id = value;
        note(s, "confirmation %u;", id);
        break;
    case SSH_MSG_CHANNEL_OPEN_FAILURE:
        note(s, "open-failure %u %u;", id, read_u32(r));
        break;
    case SSH_MSG_CHANNEL_WINDOW_ADJUST:
        value = read_u32(r);
        if (counted)
            s->got[id].adjusted += value;
        note(s, "adjust %u;", id);
        break;
    case SSH_MSG_CHANNEL_DATA:
    case SSH_MSG_CHANNEL_EXTENDED_DATA:
        if (number == SSH_MSG_CHANNEL_EXTENDED_DATA)
            (void)read_u32(r);
        text = read_string(r);
        if (counted && text.len > s->got[id].largest)
            s->got[id].largest = text.len;
        if (counted)
            *(number == SSH_MSG_CHANNEL_DATA ? &s->got[id].data : &s->got[id].extended) += text.len;
        note(s, "%s %u %zu;", number == SSH_MSG_CHANNEL_DATA ? "data" : "extended", id, text.len);
        break;
    case SSH_MSG_CHANNEL_EOF:
        note(s, "eof %u;", id);
        break;
    case SSH_MSG_CHANNEL_CLOSE:
        note(s, "close %u;", id);
        break;
    case SSH_MSG_CHANNEL_REQUEST:
        text = read_string(r);
        note(s, "request %u %.*s;", id, show_len(text), show(text));
        break;
    default:
        note(s, "%s %u;", number == SSH_MSG_CHANNEL_SUCCESS ? "success" : "failure", id);
        break;
    }
}

static void note_auth(struct scripted *s, uint8_t number, struct reader *r)
{
    struct bytes text;

    switch (number) {
    case SSH_MSG_USERAUTH_REQUEST:
        (void)read_string(r);
        (void)read_string(r);
        text = read_string(r);
        note(s, "auth %.*s;", show_len(text), show(text));
        break;
    case SSH_MSG_USERAUTH_FAILURE:
        text = read_string(r);
        note(s, "auth-failure %.*s%s;", show_len(text), show(text), read_bool(r) ? " partial" : "");
        break;
    case SSH_MSG_USERAUTH_SUCCESS:
        note(s, "auth-success;");
        break;
    default:
        note(s, "pk-ok;");
        break;
    }
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct scripted *s = context;
    struct reader r = read_from((struct bytes){payload + 1, len - 1});
    struct bytes text;

    (void)seq;
    (void)phase;
    if (direction == NACRE_SENT ||
        (payload[0] >= SSH_MSG_KEXINIT && payload[0] < SSH_MSG_USERAUTH_REQUEST) ||
        payload[0] == SSH_MSG_EXT_INFO)
        return;
    ck_assert_uint_le(len, sizeof s->last);
    memcpy(s->last, payload, len);
    s->last_len = len;
    if (payload[0] == SSH_MSG_DISCONNECT)
        note(s, "disconnect %u;", read_u32(&r));
    else if (payload[0] >= SSH_MSG_USERAUTH_REQUEST && payload[0] < SSH_MSG_GLOBAL_REQUEST)
        note_auth(s, payload[0], &r);
    else if (payload[0] > SSH_MSG_CHANNEL_OPEN && payload[0] <= SSH_MSG_CHANNEL_FAILURE)
        note_channel(s, payload[0], &r);
    else if (payload[0] == SSH_MSG_CHANNEL_OPEN || payload[0] == SSH_MSG_GLOBAL_REQUEST) {
        text = read_string(&r);
        if (bytes_are(text, "hostkeys-00@openssh.com"))
            return;
        note(s, "%s %.*s;", payload[0] == SSH_MSG_CHANNEL_OPEN ? "open" : "global", show_len(text),
             show(text));
    } else if (payload[0] == SSH_MSG_REQUEST_FAILURE)
        note(s, "request-failure;");
    else if (payload[0] == SSH_MSG_UNIMPLEMENTED)
        note(s, "unimplemented;");
    else
        note(s, "message %u;", payload[0]);
}

static const struct nacre_observer observer = {.message = on_message};

/* ---- the services: nothing happens by itself ---- */

static int start(void *self)
{
    (void)self;
    return 0;
}

static int receive(void *self, uint8_t number, struct reader *r)
{
    struct scripted *s = self;

    (void)r;
    if (number == SSH_MSG_USERAUTH_SUCCESS)
        transport_set_phase(&s->t, PHASE_CONNECTION);
    return 0;
}

static const struct service auth = {"ssh-userauth", start, receive};
static const struct service connection = {"ssh-connection", start, receive};

static enum nacre_answer host_key_accepted(void *context, const char *algorithm, const uint8_t *key,
                                           size_t len)
{
    (void)context;
    (void)algorithm;
    (void)key;
    (void)len;
    return true;
}

/* ---- life ---- */

void scripted_init(struct scripted *s, enum nacre_role real)
{
    uint8_t seed[32];

    memset(s, 0, sizeof *s);
    memset(seed, 0x5c, sizeof seed);
    pair_init(&s->pair, 7);
    s->real = real == NACRE_SERVER ? &s->pair.server : &s->pair.client;
    s->random = random_from_seed(&s->seed, seed);
    s->reads = true;
    s->config = (struct transport_config){
        .role = real == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER,
        .random = &s->random,
        .host_keys = s->pair.host_keys,
        .host_key_count = 1,
        .host_key_accepted = host_key_accepted,
        .observer = &observer,
        .services = {[SERVICE_AUTH] = &auth, [SERVICE_CONNECTION] = &connection},
    };
}

void scripted_start(struct scripted *s)
{
    bool server = s->real == &s->pair.server;

    ck_assert(end_start(s->real, server ? &s->pair.server_config : &s->pair.client_config));
    pool_init(&s->pool, NULL);
    ck_assert(transport_init(&s->t, &s->config, &s->pool, s, 0));
    transport_set_service(&s->t, SERVICE_AUTH, s);
    transport_set_service(&s->t, SERVICE_CONNECTION, s);
    scripted_run(s);
    ck_assert_int_eq((int)s->t.phase, PHASE_AUTH);
    if (server)
        ck_assert_str_eq(s->log, "message 6;");
    else
        ck_assert_str_eq(s->log, "message 5;auth none;");
    s->log[0] = 0;
}

void scripted_login(struct scripted *s)
{
    scripted_start(s);
    if (s->real == &s->pair.server) {
        scripted_send(s, SSH_MSG_USERAUTH_REQUEST, "sss?s", "alice", "ssh-connection", "password",
                      0, "secret");
        scripted_expect(s, "auth-success;");
    } else {
        scripted_send(s, SSH_MSG_USERAUTH_SUCCESS, "");
        transport_set_phase(&s->t, PHASE_CONNECTION);
        scripted_expect(s, "");
    }
    s->t.receiving.large = true;
    ck_assert(s->real->authenticated);
}

void scripted_clear(struct scripted *s)
{
    end_stop(s->real);
    transport_clear(&s->t);
    ck_assert_uint_eq(s->pool.in_use, 0);
    pool_clear(&s->pool);
    pair_free(&s->pair);
}

/* ---- sending ---- */

static void write_fields(struct writer *w, const char *fields, va_list args)
{
    struct bytes b;

    for (; *fields != 0; fields++) {
        switch (*fields) {
        case 'b':
            write_u8(w, (uint8_t)va_arg(args, int));
            break;
        case '?':
            write_bool(w, va_arg(args, int) != 0);
            break;
        case 'u':
            write_u32(w, va_arg(args, uint32_t));
            break;
        case 's':
            write_text(w, va_arg(args, const char *));
            break;
        default:
            b.at = va_arg(args, const uint8_t *);
            b.len = va_arg(args, size_t);
            if (*fields == 'S')
                write_string(w, b);
            else
                write_bytes(w, b);
            break;
        }
    }
    ck_assert(!w->bad);
}

size_t scripted_encode(uint8_t *out, size_t room, uint8_t number, const char *fields, ...)
{
    struct writer w = write_to(out, room);
    va_list args;

    write_u8(&w, number);
    va_start(args, fields);
    write_fields(&w, fields, args);
    va_end(args);
    return written(&w);
}

void scripted_send(struct scripted *s, uint8_t number, const char *fields, ...)
{
    uint8_t message[SCRIPTED_MESSAGE_MAX];
    struct writer w = write_to(message, sizeof message);
    va_list args;

    write_u8(&w, number);
    va_start(args, fields);
    write_fields(&w, fields, args);
    va_end(args);
    scripted_send_bytes(s, message, written(&w));
}

void scripted_send_bytes(struct scripted *s, const uint8_t *message, size_t len)
{
    struct writer w;

    if (transport_output(&s->t).len > BLOCK_LARGE / 2)
        scripted_run(s); /* no more fits at once */
    w = transport_begin(&s->t, message[0], len);
    write_bytes(&w, (struct bytes){message + 1, len - 1});
    ck_assert(!w.bad);
    transport_send(&s->t, &w);
}

/* ---- the network ---- */

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool to_session(struct scripted *s)
{
    struct bytes out = transport_output(&s->t);
    size_t room, n;
    uint8_t *at;

    if (out.len == 0 || nacre_session_ended(s->real->session) != NULL)
        return false;
    at = nacre_session_input(s->real->session, &room);
    n = at_most(at_most(out.len, room), s->chunk == 0 ? SIZE_MAX : s->chunk);
    if (n == 0)
        return false;
    memcpy(at, out.at, n);
    transport_sent(&s->t, n);
    nacre_session_received(s->real->session, n, s->pair.now_ms);
    return true;
}

static bool to_script(struct scripted *s)
{
    size_t len, room, n;
    const uint8_t *out = nacre_session_output(s->real->session, &len);
    uint8_t *at;

    if (!s->reads) {
        nacre_session_sent(s->real->session, 0, s->pair.now_ms);
        return false;
    }
    if (len == 0)
        return false;
    at = transport_input(&s->t, &room);
    n = at_most(at_most(len, room), s->chunk == 0 ? SIZE_MAX : s->chunk);
    ck_assert_uint_gt(n, 0);
    memcpy(at, out, n);
    transport_received(&s->t, n);
    nacre_session_sent(s->real->session, n, s->pair.now_ms);
    (void)transport_process(&s->t, true);
    transport_release_idle(&s->t);
    return true;
}

/* The script's own transport left work for another loop iteration. */
static bool script_goes_on(struct scripted *s)
{
    if (transport_deadline(&s->t) > s->t.now_ms)
        return false;
    transport_tick(&s->t, s->t.now_ms);
    (void)transport_process(&s->t, true);
    return true;
}

void scripted_run(struct scripted *s)
{
    bool moved;

    for (int steps = 0;; steps++) {
        ck_assert_int_lt(steps, 10000000);
        moved = to_session(s);
        moved = to_script(s) || moved;
        moved = end_go_on(s->real) || moved;
        moved = script_goes_on(s) || moved;
        if (!moved)
            return;
    }
}

/* ---- channels ---- */

uint32_t scripted_open(struct scripted *s, uint32_t id, uint32_t window, uint32_t max_packet)
{
    char expected[64];

    ck_assert_uint_lt(id, SCRIPTED_CHANNELS);
    scripted_run(s);
    s->log[0] = 0;
    scripted_send(s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", id, window, max_packet);
    (void)snprintf(expected, sizeof expected, "confirmation %u;", id);
    scripted_expect(s, expected);
    return s->got[id].id;
}

struct nacre_channel *scripted_opened(struct scripted *s, uint32_t id, uint32_t window,
                                      uint32_t max_packet)
{
    struct nacre_channel *ch =
        nacre_session_open_channel(s->real->session, "session", &s->pair.client_app, NULL, NULL, 0);

    ck_assert_ptr_nonnull(ch);
    scripted_expect(s, "open session;");
    scripted_send(s, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", nacre_channel_id(ch), id, window,
                  max_packet);
    scripted_expect(s, "");
    return ch;
}
