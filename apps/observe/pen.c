#include "apps/observe/pen.h"

#include "apps/observe/output.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_key_t pens;
static const struct trace_style *style;

bool pens_begin(const struct trace_style *of_all)
{
    style = of_all;
    return pthread_key_create(&pens, free) == 0;
}

void pens_end(void)
{
    free(pthread_getspecific(pens));
    (void)pthread_key_delete(pens);
}

static struct pen *make_pen(void)
{
    struct pen *pen = malloc(sizeof *pen);

    if (pen == NULL || pthread_setspecific(pens, pen) != 0) {
        free(pen);
        return NULL;
    }
    pen->owner = NULL;
    pen->style = style;
    pen->line = line_in(pen->buffer, sizeof pen->buffer);
    return pen;
}

struct pen *pen_take(void)
{
    struct pen *pen = pthread_getspecific(pens);

    if (pen == NULL)
        pen = make_pen();
    else if (pen->owner != NULL)
        pen_end_message(pen, pen->conn, (struct bytes){NULL, 0}, 0);
    return pen;
}

void pen_put(struct pen *pen, uint64_t conn, bool message)
{
    if (!pen->line.full)
        output_put(pen->line.at, pen->line.len, conn, message);
    pen->line.len = 0;
    pen->line.full = false;
}

void pen_wait(struct pen *pen, const void *owner, uint64_t conn)
{
    pen->owner = owner;
    pen->conn = conn;
}

void pen_end_message(struct pen *pen, uint64_t conn, struct bytes packet, size_t size)
{
    struct line *l = &pen->line;

    if (pen->style->json) {
        if (packet.len > pen->shown)
            packet.len = pen->shown;
        if (packet.len > 0) {
            LINE_PUT(l, ",\"packet\":\"");
            line_hex(l, packet);
            LINE_PUT(l, "\",\"packet_length\":");
            line_u64(l, size);
        }
        LINE_PUT(l, "}\n");
    }
    pen->owner = NULL;
    pen_put(pen, conn, true);
}

void pen_packet(const void *owner, struct bytes packet)
{
    struct pen *pen = pthread_getspecific(pens);

    if (pen != NULL && pen->owner == owner)
        pen_end_message(pen, pen->conn, packet, packet.len);
}
