#include "apps/spec/trace_json.h"

#include "apps/observe/event.h"
#include "apps/observe/print.h"
#include "transport/message.h"

#include <stdlib.h>
#include <string.h>

enum {
    LINE_MAX_LEN = 2 << 20, /* bytes of a message with its fields */
    PACKET_SHOWN = 4096,    /* bytes of a packet */
};

/* The keys of the connections are in the trace: they are the case's own. Passwords are not, so a
 * message that has one comes without its packet, which the keys would open. */
static const struct trace_style style = {.json = true},
                                style_of_keys = {.json = true, .show = {.secrets = true}};

/* What is needed to write one trace. */
struct writing {
    FILE *out;
    const struct peer *p;
    struct line l;
    uint64_t conn; /* number of the connection, from 1 */
    struct message_context context;
    struct key_exchange exchange;
};

static void put_line(struct writing *w)
{
    (void)fwrite(w->l.at, 1, w->l.len, w->out);
    w->l.len = 0;
}

static void add_text(struct event *e, const char *name, const char *text)
{
    event_text(e, name, bytes_of(text));
}

static struct event begin(struct writing *w, uint64_t us, const char *name)
{
    return event_begin(&w->l, &style, us, w->conn, name);
}

static void end(struct writing *w, struct event *e)
{
    event_end(e);
    put_line(w);
}

static void put_case(struct writing *w, const struct result_head *h)
{
    const struct spec_case *row = w->p->row;
    struct event e = event_begin(&w->l, &style, 0, 1, "case");

    add_text(&e, "id", row->id);
    add_text(&e, "clause", row->clause);
    add_text(&e, "title", row->title);
    add_text(&e, "verdict", verdict_name(h->verdict));
    add_text(&e, "expected", row->expected);
    add_text(&e, "observed", h->observed);
    if (h->reason[0] != 0)
        add_text(&e, "why", h->reason);
    end(w, &e);
}

/* Each part of a case has a connection of its own. */
static void put_open(struct writing *w, const struct traced *t)
{
    struct event e;

    w->conn = t->conn;
    w->context = (struct message_context){0};
    key_exchange_clear(&w->exchange);
    w->exchange = (struct key_exchange){0};
    e = begin(w, t->us, "open");
    add_text(&e, "role", w->p->role == NACRE_CLIENT ? "client" : "server");
    add_text(&e, "peer", w->p->setting->target);
    end(w, &e);
}

static enum nacre_role sender(const struct writing *w, const struct traced *t)
{
    return t->out ? w->p->role : w->p->setting->tested;
}

/* ---- messages ---- */

/* A packet without a payload, which is no message. */
static void put_empty(struct writing *w, const struct traced *t)
{
    struct event e = begin(w, t->us, "packet");

    add_text(&e, "dir", t->out ? "out" : "in");
    event_number(&e, "seq", t->number);
    event_flag(&e, "own", t->marked);
    end(w, &e);
}

static void put_packet(struct writing *w, const struct traced *t, const struct print_summary *s)
{
    size_t len = s->cut > 0 ? PACKET_START + t->payload.len - s->cut : t->packet.len;

    len = len < t->packet.len ? len : t->packet.len;
    len = len < PACKET_SHOWN ? len : PACKET_SHOWN;
    line_text(&w->l, ",\"packet\":\"");
    line_hex(&w->l, (struct bytes){t->packet.at, len});
    line_text(&w->l, "\",\"packet_length\":");
    line_u64(&w->l, t->packet.len);
}

/* What is chosen is known with the second KEXINIT: it shows that of its own lists. */
static const struct print_choice *choose(const struct writing *w,
                                         struct print_choice chosen[KEXINIT_LISTS])
{
    struct bytes lists[2][KEXINIT_LISTS];

    for (int i = 0; i < 2; i++) {
        if (w->exchange.kexinit[i].len == 0)
            return NULL;
        choice_read(w->exchange.kexinit[i], lists[i]);
    }
    choice_make(lists[NACRE_CLIENT], lists[NACRE_SERVER], chosen);
    return chosen;
}

static void note(struct writing *w, const struct traced *t)
{
    uint8_t number = t->payload.at[0];

    if (number >= SSH_MSG_KEX_METHOD_FIRST && number <= SSH_MSG_KEX_METHOD_LAST)
        key_exchange_message(&w->exchange, &w->context, t->payload);
    else
        context_note(&w->context, t->out ? NACRE_SENT : NACRE_RECEIVED, t->payload);
}

/* "own": the case itself sent it, or it follows what the case sent. */
static void put_message(struct writing *w, const struct traced *t)
{
    struct print_choice chosen[KEXINIT_LISTS];
    struct print_message m = {.us = t->us,
                              .conn = w->conn,
                              .direction = t->out ? NACRE_SENT : NACRE_RECEIVED,
                              .seq = t->number,
                              .phase = "",
                              .payload = t->payload,
                              .context = &w->context};
    struct print_summary s;

    if (t->payload.at[0] == SSH_MSG_KEXINIT) {
        key_exchange_kexinit(&w->exchange, sender(w, t), t->payload);
        m.chosen = choose(w, chosen);
    }
    print_json(&w->l, &m, &style.show, &s);
    if (t->packet.len > 0 && !s.has_secrets)
        put_packet(w, t, &s);
    line_text(&w->l, t->marked ? ",\"own\":true}\n" : "}\n");
    note(w, t);
    put_line(w);
}

/* ---- what is no message ---- */

/* RFC 4253 section 4.2: a server may send other lines before its identification. */
static void put_identification(struct writing *w, const struct traced *t)
{
    bool is_ident = t->payload.len >= 4 && memcmp(t->payload.at, "SSH-", 4) == 0;
    struct event e = begin(w, t->us, is_ident ? "identification" : "line");
    size_t len = t->payload.len;

    while (len > 0 && (t->payload.at[len - 1] == '\n' || t->payload.at[len - 1] == '\r'))
        len--;
    add_text(&e, "dir", t->out ? "out" : "in");
    event_text(&e, "text", (struct bytes){t->payload.at, len});
    event_hex(&e, "bytes", t->payload);
    event_flag(&e, "own", t->marked);
    end(w, &e);
    if (is_ident)
        key_exchange_version(&w->exchange, sender(w, t), t->payload);
}

static void put_secret(struct writing *w, const struct traced *t)
{
    struct event e = begin(w, t->us, "secret");

    event_text(&e, "label", (struct bytes){(const uint8_t *)&t->label, 1});
    event_hex(&e, "hex", t->payload);
    end(w, &e);
}

/* The exchange hash H, of which K is a part. */
static void put_hash(struct writing *w, const struct traced *t)
{
    key_exchange_secret(&w->exchange, t->secret, true);
    key_exchange_hash(&w->exchange, t->payload);
    if (!key_exchange_is_complete(&w->exchange))
        return;
    event_put_hash(&w->l, &style_of_keys, t->us, w->conn, &w->exchange, w->context.kex);
    put_line(w);
    key_exchange_done(&w->exchange);
}

/* A key exchange method was negotiated: the fields of its messages depend on it. */
static void put_negotiated(struct writing *w, const struct traced *t)
{
    struct print_choice chosen[KEXINIT_LISTS];
    struct nacre_negotiated n = {.kex = t->kex->name, .strict = w->p->strict};
    const char **const members[] = {
        [LIST_HOST_KEY] = &n.host_key,
        [LIST_CIPHER_TO_SERVER] = &n.cipher_client_to_server,
        [LIST_CIPHER_TO_CLIENT] = &n.cipher_server_to_client,
        [LIST_MAC_TO_SERVER] = &n.mac_client_to_server,
        [LIST_MAC_TO_CLIENT] = &n.mac_server_to_client,
    };
    char names[LIST_MAC_TO_CLIENT + 1][NAME_MAX_LEN];

    w->context.kex = t->kex;
    if (choose(w, chosen) == NULL)
        return;
    for (int i = LIST_HOST_KEY; i <= LIST_MAC_TO_CLIENT; i++) {
        (void)snprintf(names[i], sizeof names[i], "%.*s", (int)chosen[i].name.len,
                       (const char *)chosen[i].name.at);
        *members[i] = names[i][0] == 0 ? NULL : names[i];
    }
    event_put_negotiated(&w->l, &style, t->us, w->conn, &n, &w->exchange);
    put_line(w);
}

static void put_traced(struct writing *w, const struct traced *t)
{
    if (t->conn != w->conn)
        put_open(w, t);
    if (t->kex != NULL && t->kex != w->context.kex && t->kind == TRACED_MESSAGE)
        put_negotiated(w, t);
    switch (t->kind) {
    case TRACED_IDENTIFICATION:
        put_identification(w, t);
        break;
    case TRACED_HASH:
        put_hash(w, t);
        break;
    case TRACED_SECRET:
        put_secret(w, t);
        break;
    default:
        if (t->payload.len == 0)
            put_empty(w, t);
        else
            put_message(w, t);
    }
}

bool trace_json(FILE *out, const struct peer *p, const struct result_head *h)
{
    char time[EVENT_TIME_SIZE], *buffer = malloc(LINE_MAX_LEN);
    struct writing w = {.out = out, .p = p, .l = line_in(buffer, LINE_MAX_LEN)};

    if (buffer == NULL)
        return false;
    event_put_header(&w.l, &style_of_keys, "nacre-spec", NACRE_VERSION, event_time(time));
    put_line(&w);
    put_case(&w, h);
    for (const struct traced *t = p->trace; t < p->trace + p->trace_count; t++)
        put_traced(&w, t);
    key_exchange_clear(&w.exchange);
    free(buffer);
    return true;
}
