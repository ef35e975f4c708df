/* What each thread writes its lines with: a line at a time, which goes to the output when it is
 * complete. A message that was sent stays open until its packet is known. */
#ifndef NACRE_APPS_OBSERVE_PEN_H
#define NACRE_APPS_OBSERVE_PEN_H

#include "apps/observe/event.h"

enum { PEN_LINE_SIZE = 2 * 1024 * 1024 /* bytes of a line; few of them are ever touched */ };

struct pen {
    struct line line;
    const void *owner; /* of the message that is open; NULL: none is */
    uint64_t conn;     /* the owner's number */
    size_t shown;      /* bytes of its packet that may be shown */
    const struct trace_style *style;
    char buffer[PEN_LINE_SIZE];
};

/* Before the first pen and after the last; the pens of other threads are freed with these. The
 * style is borrowed. False: out of memory. */
bool pens_begin(const struct trace_style *style);
void pens_end(void);

/* The thread's pen, with no line open; NULL: out of memory. */
struct pen *pen_take(void);

/* Queue the line, which is complete, or leave it out if it did not fit. */
void pen_put(struct pen *pen, uint64_t conn, bool message);

/* The message on the line waits for its packet. */
void pen_wait(struct pen *pen, const void *owner, uint64_t conn);

/* End the line of a message with its packet of `size` bytes; packet: its first bytes, empty if it
 * is unknown. */
void pen_end_message(struct pen *pen, uint64_t conn, struct bytes packet, size_t size);

/* A packet was sent: end the message that waits for it. */
void pen_packet(const void *owner, struct bytes packet);

#endif
