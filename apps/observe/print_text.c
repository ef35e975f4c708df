#include "apps/observe/print.h"

#include "transport/message.h"

static void put_time(struct line *l, uint64_t us)
{
    line_u64(l, us / 1000000);
    line_char(l, '.');
    line_padded(l, us % 1000000, 6);
}

/* "KEXINIT (20)" */
static void put_title(struct line *l, const struct message_row *row, uint8_t number)
{
    line_text(l, row != NULL ? row->name + strlen("SSH_MSG_") : "unknown");
    LINE_PUT(l, " (");
    line_u64(l, number);
    line_char(l, ')');
}

static void put_head(struct line *l, const struct print_message *m, const struct print_summary *s)
{
    struct decoder d;

    decode_begin(&d, m->context, m->direction, m->payload);
    put_time(l, m->us);
    LINE_PUT(l, " #");
    line_u64(l, m->conn);
    line_text(l, m->direction == NACRE_SENT ? " -> " : " <- ");
    line_u64(l, m->seq);
    LINE_PUT(l, "  ");
    line_text(l, m->phase);
    LINE_PUT(l, "  ");
    put_title(l, d.message, m->payload.at[0]);
    if (s->kind != NULL) {
        LINE_PUT(l, " ");
        line_text(l, s->kind->value);
    }
    LINE_PUT(l, "  ");
    if (s->kind != NULL && s->kind->section != NULL)
        line_text(l, s->kind->section);
    else if (d.message != NULL)
        line_text(l, d.message->section);
    LINE_PUT(l, "  ");
    line_u64(l, m->payload.len);
    line_text(l, s->malformed ? " bytes, malformed\n" : " bytes\n");
}

/* ---- values ---- */

void print_text_length(struct line *l, const char *what, size_t len)
{
    if (what[0] != 0)
        line_char(l, ' ');
    line_text(l, what);
    LINE_PUT(l, " (");
    line_u64(l, len);
    line_text(l, len == 1 ? " byte)" : " bytes)");
}

static void put_names(struct line *l, struct bytes list, const struct print_choice *chosen)
{
    struct bytes name;
    bool marked = false;

    while (next_name(&list, &name)) {
        bool marks = chosen != NULL && !marked && bytes_equal(name, chosen->name);

        LINE_PUT(l, " ");
        if (marks)
            line_char(l, '*');
        line_put(l, (const char *)name.at, name.len);
        if (marks)
            line_char(l, '*');
        marked = marked || marks;
        if (list.len > 0)
            line_char(l, ',');
    }
    if (chosen != NULL && chosen->why != NULL) {
        LINE_PUT(l, " [");
        line_text(l, chosen->why);
        line_char(l, ']');
    }
}

void print_text_hex(struct line *l, struct bytes value, size_t whole, const struct print_options *o)
{
    if (!o->data && value.len > PRINT_HEX)
        value.len = PRINT_HEX_CUT;
    if (value.len > 0) {
        line_char(l, ' ');
        line_hex(l, value);
    }
    if (value.len < whole)
        LINE_PUT(l, "...");
    print_text_length(l, "", whole);
}

static void put_string(struct line *l, const struct field *f, const struct print_options *o)
{
    struct bytes shown = print_shown(f, o);

    if (f->row->parts != NULL && f->value.len > 0) { /* they follow */
        print_text_length(l, "", f->value.len);
    } else if ((f->row->flags & FIELD_BINARY) != 0) {
        print_text_hex(l, shown, f->value.len, o);
    } else {
        line_char(l, ' ');
        line_repr(l, shown);
        if (shown.len < f->value.len)
            LINE_PUT(l, "...");
        if (f->data)
            print_text_length(l, "", f->value.len);
    }
}

static void put_value(struct line *l, const struct field *f, const struct print_message *m,
                      const struct print_options *o, size_t list)
{
    switch (f->type) {
    case FIELD_BYTE:
    case FIELD_UINT32:
        line_char(l, ' ');
        line_u64(l, f->number);
        if (f->code != NULL) {
            line_char(l, ' ');
            line_text(l, f->code);
        }
        break;
    case FIELD_BOOLEAN:
        line_text(l, f->number != 0 ? " TRUE" : " FALSE");
        break;
    case FIELD_NAME_LIST:
        if (is_name(f->value))
            put_names(l, f->value,
                      m->chosen != NULL && list < KEXINIT_LISTS ? &m->chosen[list] : NULL);
        else
            print_text_hex(l, f->value, f->value.len, o);
        break;
    case FIELD_STRING:
        put_string(l, f, o);
        break;
    default:
        print_text_hex(l, print_shown(f, o), f->value.len, o);
        break;
    }
}

static void put_field(struct line *l, const struct field *f, const struct print_message *m,
                      const struct print_options *o, size_t list)
{
    for (unsigned i = 0; i <= f->depth; i++)
        LINE_PUT(l, "    ");
    print_name(l, f);
    line_char(l, ':');
    if (f->secret && !o->secrets) {
        print_text_length(l, "not shown", f->value.len);
    } else {
        put_value(l, f, m, o, list);
    }
    line_char(l, '\n');
}

void print_text(struct line *l, const struct print_message *m, const struct print_options *o,
                struct print_summary *s)
{
    size_t fields, list = 0;
    struct decoder d;
    struct field f;

    *s = print_summarize(m, o);
    put_head(l, m, s);
    fields = l->len;
    decode_begin(&d, m->context, m->direction, m->payload);
    while (decode_next(&d, &f)) {
        put_field(l, &f, m, o, list);
        list += f.type == FIELD_NAME_LIST;
    }
    if (l->full && fields > 0) {
        l->len = fields;
        l->full = false;
        LINE_PUT(l, "    ... (too long)\n");
    }
}
