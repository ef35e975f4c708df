#include "apps/observe/print.h"

struct bytes print_shown(const struct field *f, const struct print_options *o)
{
    struct bytes shown = f->value;

    if (f->data && !o->data && shown.len > PRINT_DATA)
        shown.len = PRINT_DATA;
    return shown;
}

struct print_summary print_summarize(const struct print_message *m, const struct print_options *o)
{
    struct print_summary s = {0};
    struct decoder d;
    struct field f;

    decode_begin(&d, m->context, m->direction, m->payload);
    while (decode_next(&d, &f)) {
        s.cut += f.value.len - print_shown(&f, o).len;
        s.has_secrets = s.has_secrets || f.secret;
    }
    s.malformed = d.malformed;
    s.kind = d.kind;
    s.message = d.message;
    return s;
}

char *print_copy_name(char *at, const struct field *f)
{
    char *end = line_copy_name(at, f->name);

    if (end - at > 3 && memcmp(end - 3, "[i]", 3) == 0)
        end = LINE_COPY(line_copy_u64(end - 2, f->round), "]");
    return end;
}

void print_name(struct line *l, const struct field *f)
{
    char *at = line_reserve(l, PRINT_NAME_MAX);

    if (at != NULL)
        line_end(l, print_copy_name(at, f));
}

static void put_hex_until(struct line *l, struct bytes payload, size_t *from, size_t to)
{
    line_hex(l, (struct bytes){payload.at + *from, to - *from});
    *from = to;
}

void print_payload(struct line *l, const struct print_message *m, const struct print_options *o,
                   const struct print_summary *s)
{
    size_t at = 0;
    struct decoder d;
    struct field f;

    if (s->has_secrets && !o->secrets) {
        decode_begin(&d, m->context, m->direction, m->payload);
        while (decode_next(&d, &f))
            if (f.secret) {
                put_hex_until(l, m->payload, &at, f.at + f.len - f.value.len);
                line_pairs(l, '-', f.value.len);
                at += f.value.len;
            }
    }
    put_hex_until(l, m->payload, &at, m->payload.len - s->cut);
}
