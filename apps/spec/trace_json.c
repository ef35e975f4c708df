#include "apps/spec/trace_json.h"

#include "apps/observe/event.h"
#include "apps/observe/print.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_LEN = 2 << 20 /* bytes of a message with its fields */, CONNECTION = 1 };

static const struct trace_style style = {.json = true};

static void put_line(FILE *out, struct line *l)
{
    (void)fwrite(l->at, 1, l->len, out);
    l->len = 0;
}

static void add_text(struct event *e, const char *name, const char *text)
{
    event_text(e, name, (struct bytes){(const uint8_t *)text, strlen(text)});
}

static void put_case(FILE *out, struct line *l, const struct spec_case *row,
                     const struct result_head *h)
{
    struct event e = event_begin(l, &style, 0, CONNECTION, "case");

    add_text(&e, "id", row->id);
    add_text(&e, "clause", row->clause);
    add_text(&e, "title", row->title);
    add_text(&e, "verdict", verdict_name(h->verdict));
    add_text(&e, "expected", row->expected);
    add_text(&e, "observed", h->observed);
    if (h->reason[0] != 0)
        add_text(&e, "why", h->reason);
    event_end(&e);
    put_line(out, l);
}

static void put_open(FILE *out, struct line *l, const struct peer *p)
{
    struct event e = event_begin(l, &style, 0, CONNECTION, "open");

    add_text(&e, "role", p->role == NACRE_CLIENT ? "client" : "server");
    add_text(&e, "peer", p->setting->target);
    event_end(&e);
    put_line(out, l);
}

/* A packet without a payload, which is no message. */
static void put_empty(FILE *out, struct line *l, const struct traced *t)
{
    struct event e = event_begin(l, &style, t->us, CONNECTION, "packet");

    add_text(&e, "dir", t->out ? "out" : "in");
    event_number(&e, "seq", t->number);
    event_flag(&e, "own", t->marked);
    event_end(&e);
    put_line(out, l);
}

/* A key exchange method was negotiated: the fields of its messages depend on it. */
static void put_negotiated(FILE *out, struct line *l, const struct traced *t, bool strict)
{
    struct event e = event_begin(l, &style, t->us, CONNECTION, "negotiated");

    add_text(&e, "kex", t->kex->name);
    event_flag(&e, "strict", strict);
    event_end(&e);
    put_line(out, l);
}

/* "own": the case itself sent it, or it follows what the case sent. */
static void put_message(FILE *out, struct line *l, const struct traced *t,
                        struct message_context *context)
{
    const struct print_message m = {.us = t->us,
                                    .conn = CONNECTION,
                                    .direction = t->out ? NACRE_SENT : NACRE_RECEIVED,
                                    .seq = t->number,
                                    .phase = "",
                                    .payload = t->payload,
                                    .context = context};
    struct print_summary s;

    context->kex = t->kex;
    print_json(l, &m, &style.show, &s);
    line_text(l, t->marked ? ",\"own\":true}\n" : "}\n");
    context_note(context, m.direction, t->payload);
    put_line(out, l);
}

bool trace_json(FILE *out, const struct peer *p, const struct result_head *h)
{
    struct message_context context = {0};
    char time[EVENT_TIME_SIZE], *buffer = malloc(LINE_MAX_LEN);
    struct line l = line_in(buffer, LINE_MAX_LEN);

    if (buffer == NULL)
        return false;
    event_put_header(&l, &style, "nacre-spec", NACRE_VERSION, event_time(time));
    put_line(out, &l);
    put_case(out, &l, p->row, h);
    put_open(out, &l, p);
    for (const struct traced *t = p->trace; t < p->trace + p->trace_count; t++) {
        if (t->kex != NULL && t->kex != context.kex)
            put_negotiated(out, &l, t, p->strict);
        if (t->payload.len == 0)
            put_empty(out, &l, t);
        else
            put_message(out, &l, t, &context);
    }
    free(buffer);
    return true;
}
