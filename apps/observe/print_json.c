#include "apps/observe/print.h"

#include "transport/message.h"

/* Characters, at most. */
enum {
    HEAD_MAX = 6 * LINE_NUMBER_MAX + 3 * LINE_NAME_MAX + 120, /* of a message before its fields */
    FIELD_HEAD_MAX = PRINT_NAME_MAX + LINE_NAME_MAX + 3 * LINE_NUMBER_MAX + 60,
};

struct printer {
    struct line *l;
    const struct print_message *m;
    const struct print_options *o;
    size_t list;    /* name-lists so far */
    unsigned depth; /* of the field that is open */
    bool open;      /* there is one */
};

#define PUT(p, literal) LINE_PUT((p)->l, literal)
#define PUT_NUMBER(p, literal, value) (PUT(p, literal), line_u64((p)->l, value))
#define COPY_NUMBER(at, literal, value) line_copy_u64(LINE_COPY(at, literal), value)

/* ---- values ---- */

static void put_hex(struct line *l, struct bytes value)
{
    LINE_PUT(l, ",\"hex\":\"");
    line_hex(l, value);
    line_char(l, '"');
}

static void put_text(struct line *l, struct bytes value)
{
    LINE_PUT(l, ",\"text\":");
    line_json(l, value);
}

/* Empty names are kept, as some peers send them; next_name would skip them. */
static void put_names(struct line *l, struct bytes list)
{
    LINE_PUT(l, ",\"list\":[");
    for (bool more = list.len > 0; more;) {
        const uint8_t *comma = memchr(list.at, ',', list.len);
        size_t n = comma != NULL ? (size_t)(comma - list.at) : list.len;

        line_json(l, (struct bytes){list.at, n});
        more = comma != NULL;
        if (more) {
            line_char(l, ',');
            list = (struct bytes){comma + 1, list.len - n - 1};
            if (list.len == 0) { /* a comma at the end: one more name, which is empty */
                LINE_PUT(l, "\"\"");
                more = false;
            }
        }
    }
    line_char(l, ']');
}

static void put_chosen(struct printer *p)
{
    const struct print_choice *c = p->m->chosen;

    if (c == NULL || p->depth > 0 || p->list >= KEXINIT_LISTS || c[p->list].why == NULL)
        return;
    if (c[p->list].name.len > 0) {
        PUT(p, ",\"chosen\":");
        line_json(p->l, c[p->list].name);
    }
    PUT(p, ",\"why\":\"");
    line_text(p->l, c[p->list].why);
    line_char(p->l, '"');
}

static void put_list(struct printer *p, struct bytes list)
{
    if (line_is_text(list))
        put_names(p->l, list);
    else
        put_hex(p->l, list);
    put_chosen(p);
    p->list++;
}

static void put_value(struct printer *p, const struct field *f)
{
    struct bytes shown = print_shown(f, p->o);
    bool binary = f->row == NULL || (f->row->flags & FIELD_BINARY) != 0;

    switch (f->type) {
    case FIELD_BYTE:
    case FIELD_UINT32:
        PUT_NUMBER(p, ",\"value\":", f->number);
        if (f->code != NULL) {
            PUT(p, ",\"code\":\"");
            line_text(p->l, f->code);
            line_char(p->l, '"');
        }
        break;
    case FIELD_BOOLEAN:
        line_text(p->l, f->number != 0 ? ",\"value\":true" : ",\"value\":false");
        if (f->number > 1)
            put_hex(p->l, f->value); /* RFC 4251 section 5: TRUE, but not as it should be sent */
        break;
    case FIELD_NAME_LIST:
        put_list(p, f->value);
        break;
    case FIELD_STRING:
        if (!binary && line_is_text(shown))
            put_text(p->l, shown);
        else
            put_hex(p->l, shown);
        break;
    default:
        put_hex(p->l, shown);
        break;
    }
}

/* ---- fields ---- */

/* Close the fields that are open, down to that depth. */
static void close_fields(struct printer *p, unsigned depth)
{
    if (!p->open)
        return;
    line_char(p->l, '}');
    for (; p->depth > depth; p->depth--)
        PUT(p, "]}");
}

static char *copy_type(char *at, const struct field *f)
{
    if (f->type != FIELD_BYTES)
        return line_copy_name(at, field_type_name(f->type));
    at = COPY_NUMBER(at, "byte[", f->len);
    return LINE_COPY(at, "]");
}

static void put_field_head(struct line *l, const struct field *f)
{
    char *at = line_reserve(l, FIELD_HEAD_MAX);

    if (at == NULL)
        return;
    at = LINE_COPY(at, "{\"name\":\"");
    at = print_copy_name(at, f);
    at = LINE_COPY(at, "\",\"type\":\"");
    at = copy_type(at, f);
    at = COPY_NUMBER(at, "\",\"at\":", f->at);
    at = COPY_NUMBER(at, ",\"len\":", f->len);
    line_end(l, at);
}

static void put_field(struct printer *p, const struct field *f)
{
    if (p->open && f->depth > p->depth) {
        PUT(p, ",\"fields\":[");
    } else if (p->open) {
        close_fields(p, f->depth);
        line_char(p->l, ',');
    }
    p->open = true;
    p->depth = f->depth;
    put_field_head(p->l, f);
    if (f->secret && !p->o->secrets)
        PUT(p, ",\"secret\":true");
    else
        put_value(p, f);
}

static void put_fields(struct printer *p, struct decoder *d, struct print_summary *s)
{
    struct field f;

    PUT(p, ",\"fields\":[");
    while (decode_next(d, &f)) {
        put_field(p, &f);
        s->cut += f.value.len - print_shown(&f, p->o).len;
        s->has_secrets = s->has_secrets || f.secret;
    }
    close_fields(p, 0);
    line_char(p->l, ']');
    s->malformed = d->malformed;
    s->kind = d->kind;
    s->message = d->message;
}

/* ---- the message ---- */

static char *copy_row(char *at, const struct message_row *row)
{
    at = LINE_COPY(at, ",\"name\":\"");
    at = line_copy_name(at, row->name);
    at = LINE_COPY(at, "\",\"section\":\"");
    at = line_copy_name(at, row->section);
    return LINE_COPY(at, "\"");
}

static void put_head(struct printer *p, const struct message_row *row)
{
    const struct print_message *m = p->m;
    char *at = line_reserve(p->l, HEAD_MAX);

    if (at == NULL)
        return;
    at = COPY_NUMBER(at, "{\"us\":", m->us);
    at = COPY_NUMBER(at, ",\"conn\":", m->conn);
    at = LINE_COPY(at, ",\"event\":\"message\",\"dir\":\"");
    at = m->direction == NACRE_SENT ? LINE_COPY(at, "out") : LINE_COPY(at, "in");
    at = COPY_NUMBER(at, "\",\"seq\":", m->seq);
    at = LINE_COPY(at, ",\"phase\":\"");
    at = line_copy_name(at, m->phase);
    at = COPY_NUMBER(at, "\",\"number\":", m->payload.at[0]);
    if (row != NULL)
        at = copy_row(at, row);
    at = COPY_NUMBER(at, ",\"length\":", m->payload.len);
    line_end(p->l, at);
}

static void put_kind(struct printer *p, const struct field_choice *kind)
{
    PUT(p, ",\"kind\":\"");
    line_text(p->l, kind->value);
    line_char(p->l, '"');
    if (kind->section != NULL) {
        PUT(p, ",\"kind_section\":\"");
        line_text(p->l, kind->section);
        line_char(p->l, '"');
    }
}

void print_json(struct line *l, const struct print_message *m, const struct print_options *o,
                struct print_summary *s)
{
    struct printer p = {.l = l, .m = m, .o = o};
    size_t start = l->len, fields;
    struct decoder d;

    *s = (struct print_summary){0};
    decode_begin(&d, m->context, m->direction, m->payload);
    put_head(&p, d.message);
    fields = l->len;
    put_fields(&p, &d, s);
    if (s->kind != NULL)
        put_kind(&p, s->kind);
    if (s->malformed)
        PUT(&p, ",\"malformed\":true");
    PUT(&p, ",\"payload\":\"");
    print_payload(l, m, o, s);
    PUT_NUMBER(&p, "\",\"cut\":", s->cut);
    if (l->full && fields > start) {
        l->len = fields;
        l->full = false;
        PUT(&p, ",\"truncated\":true");
    }
}
