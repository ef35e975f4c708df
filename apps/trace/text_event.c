#include "apps/trace/text_event.h"

#include "transport/message.h"

#include <stdlib.h>
#include <string.h>

/* What earlier messages of a connection make of a message. */
struct text_connection {
    struct text_connection *next;
    uint64_t id;
    enum nacre_role role;
    struct message_context context;
    struct key_exchange exchange; /* only its KEXINITs */
};

/* ---- connections ---- */

static struct text_connection *find(struct text_printer *p, uint64_t id)
{
    struct text_connection *c = p->first;

    while (c != NULL && c->id != id)
        c = c->next;
    if (c != NULL)
        return c;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    *c = (struct text_connection){.next = p->first, .id = id, .role = NACRE_SERVER};
    return p->first = c;
}

static void remove_connection(struct text_printer *p, uint64_t id)
{
    struct text_connection **at = &p->first, *c;

    while (*at != NULL && (*at)->id != id)
        at = &(*at)->next;
    c = *at;
    if (c == NULL)
        return;
    *at = c->next;
    key_exchange_clear(&c->exchange);
    free(c);
}

void text_printer_clear(struct text_printer *p)
{
    while (p->first != NULL)
        remove_connection(p, p->first->id);
}

/* ---- messages ---- */

static void release(struct bytes payload)
{
    if (payload.at == NULL)
        return;
    explicit_bzero((void *)(uintptr_t)payload.at, payload.len);
    free((void *)(uintptr_t)payload.at);
}

/* The whole payload. Secret bytes become 0xff: a length made of them is too long, so what could not
 * be read because it was malformed still cannot. Data that was cut becomes zeros. at NULL: there is
 * no payload. The caller frees it. */
static struct bytes payload_of(const struct value *message)
{
    const struct value *hex = value_get(message, "payload");
    size_t len = (size_t)value_number_of(message, "length"), known = 0;
    const char *text = value_text(hex);
    uint8_t *payload;
    bool masked;

    if (hex == NULL || len == 0 || len > TRACE_LINE_MAX)
        return (struct bytes){NULL, 0};
    payload = calloc(1, len);
    if (payload == NULL || !value_hex(hex, payload, len, &known, &masked)) {
        release((struct bytes){payload, len});
        return (struct bytes){NULL, 0};
    }
    for (size_t i = 0; masked && i < known; i++)
        if (text[2 * i] == '-')
            payload[i] = 0xff;
    return (struct bytes){payload, len};
}

static enum nacre_direction direction_of(const struct value *event)
{
    return strcmp(value_text_of(event, "dir"), "out") == 0 ? NACRE_SENT : NACRE_RECEIVED;
}

/* A KEXINIT: what it and the other side's lead to. */
static const struct print_choice *choose(struct text_connection *c, enum nacre_direction direction,
                                         struct bytes payload,
                                         struct print_choice chosen[KEXINIT_LISTS])
{
    enum nacre_role other = c->role == NACRE_SERVER ? NACRE_CLIENT : NACRE_SERVER;
    struct bytes lists[2][KEXINIT_LISTS];

    key_exchange_kexinit(&c->exchange, direction == NACRE_SENT ? c->role : other, payload);
    if (c->exchange.kexinit[NACRE_CLIENT].len == 0 || c->exchange.kexinit[NACRE_SERVER].len == 0)
        return NULL;
    choice_read(c->exchange.kexinit[NACRE_CLIENT], lists[NACRE_CLIENT]);
    choice_read(c->exchange.kexinit[NACRE_SERVER], lists[NACRE_SERVER]);
    choice_make(lists[NACRE_CLIENT], lists[NACRE_SERVER], chosen);
    return chosen;
}

static bool put_message(struct line *l, struct text_connection *c, const struct trace_style *style,
                        const struct trace_event *event)
{
    struct print_choice chosen[KEXINIT_LISTS];
    struct print_summary summary = {0};
    struct print_message m = {
        .us = event->us,
        .conn = event->conn,
        .direction = direction_of(event->object),
        .seq = (uint32_t)value_number_of(event->object, "seq"),
        .phase = value_text_of(event->object, "phase"),
        .payload = payload_of(event->object),
        .context = &c->context,
    };

    if (m.payload.at == NULL)
        return false;
    if (m.payload.at[0] == SSH_MSG_KEXINIT)
        m.chosen = choose(c, m.direction, m.payload, chosen);
    print_text(l, &m, &style->show, &summary);
    context_note(&c->context, m.direction, m.payload);
    release(m.payload);
    return true;
}

/* ---- the key exchange ---- */

static const char *name_or_null(const struct value *event, const char *member)
{
    const struct value *v = value_get(event, member);

    return v != NULL ? value_text(v) : NULL;
}

static bool put_negotiated(struct line *l, struct text_connection *c,
                           const struct trace_style *style, const struct trace_event *event)
{
    const struct nacre_negotiated choice = {
        .kex = value_text_of(event->object, "kex"),
        .strict = value_is_true(event->object, "strict"),
        .host_key = name_or_null(event->object, "host_key"),
    };

    c->context.kex = context_kex_find(choice.kex);
    if (c->exchange.kexinit[NACRE_CLIENT].len == 0 || c->exchange.kexinit[NACRE_SERVER].len == 0)
        return false;
    event_put_negotiated(l, style, event->us, event->conn, &choice, &c->exchange);
    return true;
}

static enum field_type type_of(const struct value *input)
{
    enum field_type type = FIELD_BYTE;

    while (type < FIELD_REST && strcmp(field_type_name(type), value_text_of(input, "type")) != 0)
        type++;
    return type;
}

/* Bytes of an event, one after the other. */
struct store {
    uint8_t *at;
    size_t left;
};

static struct bytes take(struct store *store, const struct value *hex)
{
    struct bytes value = {store->at, 0};
    bool masked;

    if (!value_hex(hex, store->at, store->left, &value.len, &masked))
        value.len = 0;
    store->at += value.len;
    store->left -= value.len;
    return value;
}

static void set_version(struct key_exchange *x, enum nacre_role role, struct bytes line)
{
    key_exchange_version(x, role, line);
}

/* An input of the hash, in its place. */
static void set_input(struct key_exchange *x, const struct value *v, struct store *store)
{
    struct key_exchange_input input = {.name = value_text_of(v, "name"),
                                       .type = type_of(v),
                                       .value = take(store, value_get(v, "hex"))};

    if (strcmp(input.name, "V_C") == 0)
        set_version(x, NACRE_CLIENT, input.value);
    else if (strcmp(input.name, "V_S") == 0)
        set_version(x, NACRE_SERVER, input.value);
    else if (strcmp(input.name, "I_C") == 0)
        x->kexinit[NACRE_CLIENT] = input.value;
    else if (strcmp(input.name, "I_S") == 0)
        x->kexinit[NACRE_SERVER] = input.value;
    else if (strcmp(input.name, "K_S") == 0)
        x->host_key = input;
    else if (strcmp(input.name, "K") != 0 && x->count < KEY_EXCHANGE_FIELDS)
        x->fields[x->count++] = input;
    else if (value_is_true(v, "secret"))
        x->secret_len = (size_t)value_number_of(v, "len");
    else {
        x->secret = (uint8_t *)(uintptr_t)input.value.at;
        x->secret_len = input.value.len;
    }
}

static size_t set_result(uint8_t result[KEY_EXCHANGE_HASH_MAX], const struct value *hex)
{
    size_t len = 0;
    bool masked;

    return value_hex(hex, result, KEY_EXCHANGE_HASH_MAX, &len, &masked) ? len : 0;
}

static bool put_hash(struct line *l, struct text_connection *c, const struct trace_style *style,
                     const struct trace_event *event)
{
    const struct value *inputs = value_get(event->object, "inputs");
    struct key_exchange x = {.host_key = {.name = "K_S", .type = FIELD_STRING}};
    size_t size = 1;
    uint8_t *bytes;
    struct store store;

    for (const struct value *v = inputs->first; v != NULL; v = v->next)
        size += strlen(value_text_of(v, "hex")) / 2;
    bytes = malloc(size);
    if (bytes == NULL)
        return false;
    store = (struct store){bytes, size};
    for (const struct value *v = inputs->first; v != NULL; v = v->next)
        set_input(&x, v, &store);
    x.hash_len = set_result(x.hash, value_get(event->object, "H"));
    x.session_id_len = set_result(x.session_id, value_get(event->object, "session_id"));
    event_put_hash(l, style, event->us, event->conn, &x, c->context.kex);
    explicit_bzero(bytes, size);
    free(bytes);
    key_exchange_done(&c->exchange);
    return true;
}

/* ---- other events ---- */

static bool is_of_all(const char *member)
{
    return strcmp(member, "us") == 0 || strcmp(member, "conn") == 0 || strcmp(member, "event") == 0;
}

static bool is_hex(const char *member)
{
    return strcmp(member, "bytes") == 0 || strcmp(member, "hex") == 0;
}

static void put_member(struct event *e, const struct value *v)
{
    struct bytes text = {(const uint8_t *)v->text, v->len};

    if (v->type == VALUE_NUMBER) {
        event_number(e, v->name, v->number);
    } else if (v->type == VALUE_TRUE || v->type == VALUE_FALSE) {
        event_flag(e, v->name, v->type == VALUE_TRUE);
    } else if (v->type == VALUE_STRING && is_hex(v->name)) {
        uint8_t *bytes = malloc(v->len / 2 + 1);
        size_t len = 0;
        bool masked;

        if (bytes != NULL && value_hex(v, bytes, v->len / 2, &len, &masked))
            event_hex(e, v->name, (struct bytes){bytes, len});
        if (bytes != NULL)
            explicit_bzero(bytes, v->len / 2 + 1);
        free(bytes);
    } else if (v->type == VALUE_STRING) {
        event_text(e, v->name, text);
    }
}

static void put_members(struct line *l, const struct trace_style *style,
                        const struct trace_event *event)
{
    const char *name = value_text_of(event->object, "event");
    struct event e = event_begin(l, style, event->us, event->conn, name);

    for (const struct value *v = event->object->first; v != NULL; v = v->next)
        if (!is_of_all(v->name))
            put_member(&e, v);
    event_end(&e);
}

/* ---- any event ---- */

static void put_header(struct text_printer *p, const struct value *header)
{
    const struct value *data = value_get(header, "data");

    p->style.show =
        (struct print_options){.secrets = value_is_true(header, "secrets"), .data = data == NULL};
    event_put_header(&p->line, &p->style, value_text_of(header, "program"),
                     value_text_of(header, "version"), value_text_of(header, "time"));
    text_printer_clear(p); /* the numbers of connections begin again */
}

/* False: nothing was put, since all there is to show are the event's members. */
static bool put_of_connection(struct text_printer *p, const struct trace_event *event)
{
    struct text_connection *c = find(p, event->conn);

    if (c == NULL)
        return false;
    switch (event->kind) {
    case TRACE_MESSAGE:
        return put_message(&p->line, c, &p->style, event);
    case TRACE_NEGOTIATED:
        return put_negotiated(&p->line, c, &p->style, event);
    case TRACE_HASH:
        return put_hash(&p->line, c, &p->style, event);
    case TRACE_OPEN:
        c->role = strcmp(value_text_of(event->object, "role"), "client") == 0 ? NACRE_CLIENT
                                                                              : NACRE_SERVER;
        return false;
    case TRACE_CLOSE:
        remove_connection(p, event->conn);
        return false;
    default:
        return false;
    }
}

void text_put(struct text_printer *p, const struct trace_event *event)
{
    p->line.len = 0;
    p->line.full = false;
    if (event->kind == TRACE_HEADER)
        put_header(p, event->object);
    else if (event->conn == 0 || !put_of_connection(p, event))
        put_members(&p->line, &p->style, event);
    if (p->line.full)
        p->line.len = 0; /* as --trace leaves out what is too long */
}
