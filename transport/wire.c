#include "transport/wire.h"

#include <string.h>

struct reader read_from(struct bytes message)
{
    static const uint8_t nothing[1]; /* for an empty message with a NULL address */
    const uint8_t *at = message.at != NULL ? message.at : nothing;

    return (struct reader){.at = at, .end = at + message.len};
}

/* The one bounds check of all reading. */
static const uint8_t *take(struct reader *r, size_t n)
{
    const uint8_t *p = r->at;

    if (r->bad || n > (size_t)(r->end - r->at)) {
        r->bad = true;
        return NULL;
    }
    r->at += n;
    return p;
}

uint8_t read_u8(struct reader *r)
{
    const uint8_t *p = take(r, 1);

    return p == NULL ? 0 : p[0];
}

bool read_bool(struct reader *r)
{
    return read_u8(r) != 0;
}

uint32_t read_u32(struct reader *r)
{
    const uint8_t *p = take(r, 4);

    return p == NULL ? 0 : load_u32(p);
}

uint64_t read_u64(struct reader *r)
{
    const uint8_t *p = take(r, 8);

    return p == NULL ? 0 : load_u64(p);
}

struct bytes read_bytes(struct reader *r, size_t n)
{
    const uint8_t *p = take(r, n);

    return p == NULL ? (struct bytes){NULL, 0} : (struct bytes){p, n};
}

struct bytes read_string(struct reader *r)
{
    uint32_t len = read_u32(r);

    return read_bytes(r, len);
}

bool text_from_wire(char *out, size_t size, struct bytes wire)
{
    if (wire.len >= size || (wire.len > 0 && memchr(wire.at, 0, wire.len) != NULL))
        return false;
    if (wire.len > 0)
        memcpy(out, wire.at, wire.len);
    out[wire.len] = 0;
    return true;
}

bool read_text(struct reader *r, char *out, size_t size)
{
    struct bytes wire = read_string(r);

    r->bad = r->bad || !text_from_wire(out, size, wire);
    return !r->bad;
}

struct bytes read_rest(struct reader *r)
{
    return read_bytes(r, (size_t)(r->end - r->at));
}

bool read_done(const struct reader *r)
{
    return !r->bad && r->at == r->end;
}

static struct bytes refuse(struct reader *r)
{
    r->bad = true;
    return (struct bytes){NULL, 0};
}

bool is_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] < 0x21 || name.at[i] > 0x7e)
            return false;
    return true;
}

struct bytes read_name_list(struct reader *r)
{
    struct bytes list = read_string(r);

    return is_name(list) ? list : refuse(r);
}

struct bytes read_mpint(struct reader *r)
{
    struct bytes n = read_string(r);

    if (n.len == 0)
        return n;
    if (n.at[0] & 0x80)
        return refuse(r); /* negative */
    if (n.at[0] == 0) {
        if (n.len == 1 || !(n.at[1] & 0x80))
            return refuse(r); /* unnecessary leading zero */
        n.at++;
        n.len--;
    }
    return n;
}

struct bytes read_padded_mpint(struct reader *r)
{
    struct bytes n = read_string(r);

    if (n.len > 0 && (n.at[0] & 0x80))
        return refuse(r); /* negative */
    while (n.len > 0 && n.at[0] == 0) {
        n.at++;
        n.len--;
    }
    return n;
}

bool next_name(struct bytes *list, struct bytes *name)
{
    const uint8_t *comma;

    while (list->len > 0 && list->at[0] == ',') { /* RFC 4251 section 5 forbids empty names, */
        list->at++;                               /* but libssh 0.10 sends some */
        list->len--;
    }
    if (list->len == 0)
        return false;
    comma = memchr(list->at, ',', list->len);
    name->at = list->at;
    name->len = comma == NULL ? list->len : (size_t)(comma - list->at);
    if (comma == NULL) {
        list->at += list->len;
        list->len = 0;
    } else {
        list->at += name->len + 1;
        list->len -= name->len + 1;
    }
    return true;
}

bool name_list_has(struct bytes list, const char *wanted)
{
    struct bytes name;

    while (next_name(&list, &name))
        if (bytes_are(name, wanted))
            return true;
    return false;
}

struct writer write_to(uint8_t *out, size_t room)
{
    return (struct writer){.start = out, .at = out, .end = out + room};
}

/* The one bounds check of all writing. */
static uint8_t *room_for(struct writer *w, size_t n)
{
    uint8_t *p = w->at;

    if (w->bad || n > (size_t)(w->end - w->at)) {
        w->bad = true;
        return NULL;
    }
    w->at += n;
    return p;
}

void write_u8(struct writer *w, uint8_t value)
{
    uint8_t *p = room_for(w, 1);

    if (p != NULL)
        p[0] = value;
}

void write_bool(struct writer *w, bool value)
{
    write_u8(w, value ? 1 : 0);
}

void write_u32(struct writer *w, uint32_t value)
{
    uint8_t *p = room_for(w, 4);

    if (p != NULL)
        store_u32(p, value);
}

void write_u64(struct writer *w, uint64_t value)
{
    uint8_t *p = room_for(w, 8);

    if (p != NULL)
        store_u64(p, value);
}

void write_bytes(struct writer *w, struct bytes value)
{
    uint8_t *p = room_for(w, value.len);

    if (p != NULL && value.len > 0)
        memcpy(p, value.at, value.len);
}

void write_string(struct writer *w, struct bytes value)
{
    write_u32(w, (uint32_t)value.len);
    write_bytes(w, value);
}

void write_text(struct writer *w, const char *value)
{
    write_string(w, bytes_of(value));
}

void write_name(struct writer *w, bool *first, struct bytes name)
{
    if (!*first)
        write_u8(w, ',');
    write_bytes(w, name);
    *first = false;
}

void write_mpint(struct writer *w, struct bytes magnitude)
{
    bool sign;

    while (magnitude.len > 0 && magnitude.at[0] == 0) {
        magnitude.at++;
        magnitude.len--;
    }
    sign = magnitude.len > 0 && (magnitude.at[0] & 0x80);
    write_u32(w, (uint32_t)(magnitude.len + (sign ? 1 : 0)));
    if (sign)
        write_u8(w, 0);
    write_bytes(w, magnitude);
}

uint8_t *write_string_begin(struct writer *w)
{
    return room_for(w, 4);
}

void write_string_end(struct writer *w, uint8_t *begin)
{
    if (!w->bad)
        store_u32(begin, (uint32_t)(w->at - begin - 4));
}

size_t written(const struct writer *w)
{
    return (size_t)(w->at - w->start);
}

struct bytes written_bytes(const struct writer *w)
{
    return (struct bytes){w->start, written(w)};
}
