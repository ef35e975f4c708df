#include "transport/writer.h"

#include "transport/wire.h"

#include <string.h>

static struct writer inner(const struct nacre_writer *w)
{
    return (struct writer){w->start, w->at, w->end, w->bad};
}

static void keep(struct nacre_writer *w, const struct writer *inner)
{
    w->at = inner->at;
    w->bad = inner->bad;
}

struct nacre_writer nacre_write_to(void *out, size_t size)
{
    struct writer i = write_to(out, size);

    return (struct nacre_writer){i.start, i.at, i.end, i.bad};
}

void nacre_write_bool(struct nacre_writer *w, bool value)
{
    struct writer i = inner(w);

    write_bool(&i, value);
    keep(w, &i);
}

void nacre_write_u32(struct nacre_writer *w, uint32_t value)
{
    struct writer i = inner(w);

    write_u32(&i, value);
    keep(w, &i);
}

void nacre_write_u64(struct nacre_writer *w, uint64_t value)
{
    struct writer i = inner(w);

    write_u64(&i, value);
    keep(w, &i);
}

void nacre_write_string(struct nacre_writer *w, const void *data, size_t len)
{
    struct writer i = inner(w);

    write_string(&i, (struct bytes){data, len});
    keep(w, &i);
}

void nacre_write_text(struct nacre_writer *w, const char *text)
{
    nacre_write_string(w, text, strlen(text));
}

size_t nacre_written(const struct nacre_writer *w)
{
    return w->bad ? 0 : (size_t)(w->at - w->start);
}

static struct reader inside(const struct nacre_reader *r)
{
    return (struct reader){r->at, r->end, r->bad};
}

static void advance(struct nacre_reader *r, const struct reader *inner)
{
    r->at = inner->at;
    r->bad = inner->bad;
}

struct nacre_reader nacre_read_from(const void *data, size_t len)
{
    struct reader i = read_from((struct bytes){data, len});

    return (struct nacre_reader){i.at, i.end, i.bad};
}

bool nacre_read_bool(struct nacre_reader *r)
{
    struct reader i = inside(r);
    bool value = read_bool(&i);

    advance(r, &i);
    return value;
}

uint32_t nacre_read_u32(struct nacre_reader *r)
{
    struct reader i = inside(r);
    uint32_t value = read_u32(&i);

    advance(r, &i);
    return value;
}

uint64_t nacre_read_u64(struct nacre_reader *r)
{
    struct reader i = inside(r);
    uint64_t value = read_u64(&i);

    advance(r, &i);
    return value;
}

const uint8_t *nacre_read_string(struct nacre_reader *r, size_t *len)
{
    struct reader i = inside(r);
    struct bytes value = read_string(&i);

    advance(r, &i);
    *len = value.len;
    return value.at;
}

bool nacre_read_done(const struct nacre_reader *r)
{
    return !r->bad && r->at == r->end;
}
