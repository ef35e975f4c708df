#include "apps/observe/event.h"

#include <stdio.h>
#include <time.h>

static void put_quoted_name(struct line *l, const char *name)
{
    LINE_PUT(l, ",\"");
    line_text(l, name);
    LINE_PUT(l, "\":");
}

/* What comes before a value. */
static void put_name(struct event *e, const char *name)
{
    if (e->style->json) {
        put_quoted_name(e->l, name);
    } else {
        line_text(e->l, e->first ? " " : ", ");
        if (strcmp(name, e->name) != 0) {
            line_text(e->l, name);
            line_char(e->l, ' ');
        }
    }
    e->first = false;
}

/* Does the text end where it is seen to, without quotes? */
static bool is_simple(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~' || strchr(",'\"\\", text.at[i]) != NULL)
            return false;
    return text.len > 0;
}

struct event event_begin(struct line *l, const struct trace_style *style, uint64_t us,
                         uint64_t conn, const char *name)
{
    if (style->json) {
        LINE_PUT(l, "{\"us\":");
        line_u64(l, us);
        if (conn > 0) {
            LINE_PUT(l, ",\"conn\":");
            line_u64(l, conn);
        }
        LINE_PUT(l, ",\"event\":\"");
        line_text(l, name);
        line_char(l, '"');
    } else {
        line_u64(l, us / 1000000);
        line_char(l, '.');
        line_padded(l, us % 1000000, 6);
        if (conn > 0) {
            LINE_PUT(l, " #");
            line_u64(l, conn);
        }
        LINE_PUT(l, " ");
        line_text(l, name);
    }
    return (struct event){.l = l, .style = style, .name = name, .first = true};
}

void event_text(struct event *e, const char *name, struct bytes value)
{
    put_name(e, name);
    if (!e->style->json && is_simple(value))
        line_put(e->l, (const char *)value.at, value.len);
    else if (!e->style->json)
        line_repr(e->l, value);
    else if (line_is_text(value))
        line_json(e->l, value);
    else {
        line_char(e->l, '"');
        line_hex(e->l, value);
        line_char(e->l, '"');
    }
}

void event_number(struct event *e, const char *name, uint64_t value)
{
    put_name(e, name);
    line_u64(e->l, value);
}

void event_flag(struct event *e, const char *name, bool value)
{
    put_name(e, name);
    line_text(e->l, value ? "true" : "false");
}

void event_hex(struct event *e, const char *name, struct bytes value)
{
    put_name(e, name);
    if (e->style->json)
        line_char(e->l, '"');
    line_hex(e->l, value);
    if (e->style->json)
        line_char(e->l, '"');
}

void event_end(struct event *e)
{
    line_text(e->l, e->style->json ? "}\n" : "\n");
}

/* ---- the header ---- */

const char *event_time(char text[EVENT_TIME_SIZE])
{
    struct timespec now;
    struct tm utc;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)snprintf(text, EVENT_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ",
                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                   utc.tm_sec, now.tv_nsec / 1000);
    return text;
}

void event_put_header(struct line *l, const struct trace_style *style, const char *program,
                      const char *version, const char *time)
{
    if (!style->json) {
        LINE_PUT(l, "trace of ");
        line_text(l, program);
        line_char(l, ' ');
        line_text(l, version);
        LINE_PUT(l, ", begun ");
        line_text(l, time);
        line_text(l, style->show.secrets ? ", with its secrets\n" : "\n");
        return;
    }
    LINE_PUT(l, "{\"trace\":1,\"program\":");
    line_json(l, bytes_of(program));
    LINE_PUT(l, ",\"version\":");
    line_json(l, bytes_of(version));
    LINE_PUT(l, ",\"time\":\"");
    line_text(l, time);
    line_text(l, style->show.secrets ? "\",\"secrets\":true" : "\",\"secrets\":false");
    LINE_PUT(l, ",\"data\":");
    if (style->show.data)
        LINE_PUT(l, "null");
    else
        line_u64(l, PRINT_DATA);
    LINE_PUT(l, "}\n");
}

/* ---- the negotiation ---- */

static void put_list(struct line *l, const struct trace_style *style, const char *side,
                     struct bytes list, struct bytes chosen)
{
    struct bytes name;

    if (style->json)
        put_quoted_name(l, side);
    else {
        LINE_PUT(l, "        ");
        line_text(l, side);
        line_char(l, ':');
    }
    line_text(l, style->json ? "[" : " ");
    for (bool first = true; next_name(&list, &name); first = false) {
        bool marks = !style->json && bytes_equal(name, chosen);

        if (!first)
            line_text(l, style->json ? "," : ", ");
        if (style->json) {
            line_json(l, name);
        } else {
            line_text(l, marks ? "*" : "");
            line_put(l, (const char *)name.at, name.len);
            line_text(l, marks ? "*" : "");
        }
    }
    line_text(l, style->json ? "]" : "\n");
}

static void put_chosen(struct line *l, const struct trace_style *style, size_t i,
                       const struct print_choice *c)
{
    if (style->json) {
        LINE_PUT(l, "{\"name\":\"");
        line_text(l, choice_name(i));
        line_char(l, '"');
        if (c->name.len > 0) {
            LINE_PUT(l, ",\"chosen\":");
            line_json(l, c->name);
        }
        LINE_PUT(l, ",\"why\":\"");
        line_text(l, c->why);
        line_char(l, '"');
    } else {
        LINE_PUT(l, "    ");
        line_text(l, choice_name(i));
        LINE_PUT(l, ":");
        line_text(l, c->name.len > 0 ? " " : "");
        line_put(l, (const char *)c->name.at, c->name.len);
        LINE_PUT(l, " [");
        line_text(l, c->why);
        LINE_PUT(l, "]\n");
    }
}

static void put_lists(struct line *l, const struct trace_style *style, const struct key_exchange *x)
{
    struct bytes client[KEXINIT_LISTS], server[KEXINIT_LISTS];
    struct print_choice chosen[KEXINIT_LISTS];

    choice_read(x->kexinit[NACRE_CLIENT], client);
    choice_read(x->kexinit[NACRE_SERVER], server);
    choice_make(client, server, chosen);
    for (size_t i = 0; i < KEXINIT_LISTS && chosen[i].why != NULL; i++) {
        if (i > 0 && style->json)
            line_char(l, ',');
        put_chosen(l, style, i, &chosen[i]);
        put_list(l, style, "client", client[i], chosen[i].name);
        put_list(l, style, "server", server[i], chosen[i].name);
        if (style->json)
            line_char(l, '}');
    }
}

void event_put_negotiated(struct line *l, const struct trace_style *style, uint64_t us,
                          uint64_t conn, const struct nacre_negotiated *choice,
                          const struct key_exchange *x)
{
    const struct {
        const char *name, *value;
    } items[] = {{"kex", choice->kex},
                 {"host_key", choice->host_key},
                 {"cipher_client_to_server", choice->cipher_client_to_server},
                 {"cipher_server_to_client", choice->cipher_server_to_client},
                 {"mac_client_to_server", choice->mac_client_to_server},
                 {"mac_server_to_client", choice->mac_server_to_client}};
    struct event e = event_begin(l, style, us, conn, "negotiated");

    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        if (items[i].value != NULL && style->json)
            event_text(&e, items[i].name, bytes_of(items[i].value));
    event_flag(&e, style->json ? "strict" : "strict key exchange", choice->strict);
    line_text(l, style->json ? ",\"lists\":[" : "\n");
    put_lists(l, style, x);
    line_text(l, style->json ? "]}\n" : "");
}

/* ---- the exchange hash ---- */

static void put_input(struct line *l, const struct trace_style *style,
                      const struct key_exchange_input *in)
{
    bool shows = !in->secret || (style->show.secrets && in->value.at != NULL);

    if (style->json) {
        LINE_PUT(l, "{\"name\":\"");
        line_text(l, in->name);
        LINE_PUT(l, "\",\"type\":\"");
        line_text(l, field_type_name(in->type));
        LINE_PUT(l, "\",\"len\":");
        line_u64(l, in->value.len);
        line_text(l, shows ? ",\"hex\":\"" : ",\"secret\":true}");
        line_hex(l, shows ? in->value : (struct bytes){NULL, 0});
        line_text(l, shows ? "\"}" : "");
        return;
    }
    LINE_PUT(l, "    ");
    line_text(l, in->name);
    LINE_PUT(l, ": ");
    line_text(l, field_type_name(in->type));
    if (shows)
        print_text_hex(l, in->value, in->value.len, &style->show);
    else
        print_text_length(l, "not shown", in->value.len);
    line_char(l, '\n');
}

static void put_result(struct line *l, const struct trace_style *style, const char *name,
                       struct bytes value)
{
    if (style->json) {
        put_quoted_name(l, name);
        line_char(l, '"');
    } else {
        LINE_PUT(l, "    ");
        line_text(l, name);
        LINE_PUT(l, ": ");
    }
    line_hex(l, value);
    line_text(l, style->json ? "\"" : "\n");
}

void event_put_hash(struct line *l, const struct trace_style *style, uint64_t us, uint64_t conn,
                    const struct key_exchange *x, const struct context_kex *kex)
{
    struct event e = event_begin(l, style, us, conn, "hash");
    struct key_exchange_input input;

    event_text(&e, "hash", bytes_of(kex != NULL ? kex->hash : ""));
    line_text(l, style->json ? ",\"inputs\":[" : "\n");
    for (size_t i = 0; key_exchange_input(x, kex, i, &input); i++) {
        if (i > 0 && style->json)
            line_char(l, ',');
        put_input(l, style, &input);
    }
    line_text(l, style->json ? "]" : "");
    put_result(l, style, "H", (struct bytes){x->hash, x->hash_len});
    put_result(l, style, "session_id", (struct bytes){x->session_id, x->session_id_len});
    line_text(l, style->json ? "}\n" : "");
}
