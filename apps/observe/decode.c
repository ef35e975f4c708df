#include "apps/observe/decode.h"

#include "transport/message.h"

static const struct field_row no_rows[] = {{0}};

/* Could there be a secret in what is left, from that row on? */
static bool rest_is_secret(const struct decoder *d, const struct field_row *row)
{
    uint8_t number = d->payload.at[0];

    for (; row->type != FIELD_END; row++)
        if ((row->flags & FIELD_SECRET) != 0)
            return true;
    if (d->message != NULL)
        return d->message->secret_rest;
    return number >= SSH_MSG_USERAUTH_REQUEST && number <= SSH_MSG_USERAUTH_METHOD_LAST;
}

void decode_begin(struct decoder *d, const struct message_context *context,
                  enum nacre_direction direction, struct bytes payload)
{
    enum message_when kex = context->kex != NULL ? context->kex->when : WHEN_ALWAYS;
    struct decode_frame *top = &d->frames[0];

    d->payload = payload;
    d->message = message_find(payload.at[0], kex, context->auth, context_reply(context, direction));
    d->kind = NULL;
    d->malformed = false;
    d->depth = 0;
    *top = (struct decode_frame){.row = d->message != NULL ? d->message->fields : no_rows,
                                 .r = read_from(bytes_from(payload, 1))};
}

/* ---- rows that are no fields ---- */

static void repeat(struct decode_frame *at, const struct field_row *row)
{
    at->loop = row->parts;
    at->endless = row->type == FIELD_EACH;
    at->left = at->endless ? 0 : at->number;
    at->row = no_rows;
}

static void choose(struct decoder *d, struct decode_frame *at, const struct field_choice *choices)
{
    while (choices->value != NULL && !bytes_are(at->key, choices->value))
        choices++;
    at->row = choices->fields != NULL ? choices->fields : no_rows;
    if (d->depth == 0 && d->kind == NULL && at->loop == NULL && choices->value != NULL)
        d->kind = choices;
}

/* True: it was such a row. */
static bool steer(struct decoder *d, struct decode_frame *at)
{
    const struct field_row *row = at->row;

    if (row->type == FIELD_CHOICE)
        choose(d, at, row->choices);
    else if (row->type == FIELD_REPEAT || row->type == FIELD_EACH)
        repeat(at, row);
    else
        return false;
    return true;
}

/* The rows are read: is there another round? */
static bool begin_round(struct decode_frame *at)
{
    if (at->endless ? at->r.at == at->r.end : at->left == 0)
        return false;
    at->left -= !at->endless;
    at->round++;
    at->row = at->loop;
    return true;
}

/* ---- fields ---- */

static void set_number(struct field *f, const struct field_row *row, uint32_t number)
{
    f->number = number;
    f->code = field_code_name(row->codes, number);
}

/* Read the value; the field's own bytes begin where the reader is. */
static void read_value(struct decode_frame *at, const struct field_row *row, struct field *f)
{
    struct reader *r = &at->r;
    const uint8_t *begin = r->at;

    switch (row->type) {
    case FIELD_BYTE:
    case FIELD_BOOLEAN:
        set_number(f, row, read_u8(r));
        f->value = (struct bytes){begin, 1};
        break;
    case FIELD_UINT32:
        set_number(f, row, read_u32(r));
        f->value = (struct bytes){begin, 4};
        at->number = f->number;
        break;
    case FIELD_BYTES:
        f->value = read_bytes(r, row->size);
        break;
    case FIELD_REST:
        f->value = read_rest(r);
        break;
    default: /* a string, whatever is in it */
        f->value = read_string(r);
        break;
    }
}

static void note_key(struct decode_frame *at, const struct field *f)
{
    if (f->type == FIELD_BOOLEAN)
        at->key = bytes_of(f->number != 0 ? "TRUE" : "FALSE");
    else if (f->code != NULL)
        at->key = bytes_of(f->code);
    else
        at->key = f->value;
}

static void place(const struct decoder *d, struct field *f, const uint8_t *begin,
                  const uint8_t *end)
{
    f->at = (size_t)(begin - d->payload.at);
    f->len = (size_t)(end - begin);
}

/* False: it is longer than what is left. */
static bool read_field(struct decoder *d, struct decode_frame *at, const struct field_row *row,
                       struct field *f)
{
    const uint8_t *begin = at->r.at;

    *f = (struct field){.row = row,
                        .name = row->name,
                        .type = row->type,
                        .depth = d->depth,
                        .round = at->round,
                        .secret = (row->flags & FIELD_SECRET) != 0,
                        .data = (row->flags & FIELD_DATA) != 0};
    read_value(at, row, f);
    if (at->r.bad) {
        at->r.at = begin;
        at->r.bad = false;
        return false;
    }
    place(d, f, begin, at->r.at);
    if ((row->flags & FIELD_KEY) != 0)
        note_key(at, f);
    return true;
}

/* What is left, as bytes. False: nothing is. */
static bool take_rest(struct decoder *d, struct decode_frame *at, struct field *f)
{
    const uint8_t *begin = at->r.at;
    bool secret = rest_is_secret(d, at->row);

    d->malformed = d->malformed || (d->depth == 0 && d->message != NULL);
    at->row = no_rows;
    at->left = 0;
    at->endless = false;
    if (begin == at->r.end)
        return false;
    *f = (struct field){.name = "rest",
                        .type = FIELD_REST,
                        .depth = d->depth,
                        .value = read_rest(&at->r),
                        .secret = secret};
    place(d, f, begin, at->r.end);
    return true;
}

static void enter(struct decoder *d, const struct field *f)
{
    if (f->row->parts == NULL || d->depth + 1 == DECODE_DEPTH || f->value.len == 0)
        return;
    d->depth++;
    d->frames[d->depth] = (struct decode_frame){.row = f->row->parts, .r = read_from(f->value)};
}

bool decode_next(struct decoder *d, struct field *f)
{
    for (;;) {
        struct decode_frame *at = &d->frames[d->depth];
        const struct field_row *row = at->row;
        bool all_read = at->r.at == at->r.end;

        if (row->type == FIELD_END && begin_round(at))
            continue;
        if (row->type == FIELD_END && all_read) {
            if (d->depth == 0)
                return false;
            d->depth--;
        } else if (row->type == FIELD_END) {
            return take_rest(d, at, f);
        } else if (steer(d, at)) {
            continue;
        } else if (all_read && (row->type == FIELD_REST || (row->flags & FIELD_OPTIONAL) != 0)) {
            at->row = no_rows;
        } else if (read_field(d, at, row, f)) {
            at->row++;
            enter(d, f);
            return true;
        } else if (take_rest(d, at, f)) {
            return true;
        }
    }
}
