/* The lines of a trace that are about no message: a JSON object each, or text. */
#ifndef NACRE_APPS_OBSERVE_EVENT_H
#define NACRE_APPS_OBSERVE_EVENT_H

#include "apps/observe/choice.h"
#include "apps/observe/key_exchange.h"

/* How a trace is written, and what is in it. */
struct trace_style {
    bool json; /* else text */
    struct print_options show;
};

/* An event that is being written: begin it, add what it has to say, end it. */
struct event {
    struct line *l;
    const struct trace_style *style;
    const char *name;
    bool first; /* nothing has been added */
};

/* conn 0: of no connection. */
struct event event_begin(struct line *l, const struct trace_style *style, uint64_t us,
                         uint64_t conn, const char *name);
/* name: "peer"; letters and `_`. Text that is not UTF-8 is written in hex. */
void event_text(struct event *e, const char *name, struct bytes value);
void event_number(struct event *e, const char *name, uint64_t value);
void event_flag(struct event *e, const char *name, bool value);
void event_hex(struct event *e, const char *name, struct bytes value);
void event_end(struct event *e);

enum { EVENT_TIME_SIZE = 64 };

/* The time now, as "2026-11-29T16:00:00.000000Z". Returns the text. */
const char *event_time(char text[EVENT_TIME_SIZE]);

/* The first line: of a whole trace. time: when it began. */
void event_put_header(struct line *l, const struct trace_style *style, const char *program,
                      const char *version, const char *time);

/* What was negotiated, with the lists of both sides. */
void event_put_negotiated(struct line *l, const struct trace_style *style, uint64_t us,
                          uint64_t conn, const struct nacre_negotiated *choice,
                          const struct key_exchange *x);

/* The exchange hash, with its inputs one by one. */
void event_put_hash(struct line *l, const struct trace_style *style, uint64_t us, uint64_t conn,
                    const struct key_exchange *x, const struct context_kex *kex);

#endif
