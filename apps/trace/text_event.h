/* Events of a trace as the lines of text that --trace prints, by the functions that print those: an
 * event is turned back into what a program saw. */
#ifndef NACRE_APPS_TRACE_TEXT_EVENT_H
#define NACRE_APPS_TRACE_TEXT_EVENT_H

#include "apps/observe/event.h"
#include "apps/trace/reader.h"

struct text_connection;

struct text_printer {
    struct line line;              /* what the last event says: from line_in */
    struct text_connection *first; /* starts as NULL */
    struct trace_style style;      /* starts as zeros */
};

/* Put the lines of the next event into p->line. */
void text_put(struct text_printer *p, const struct trace_event *event);

void text_printer_clear(struct text_printer *p);

#endif
