#include "tests/support/encode.h"

#include <stdlib.h>

/* The bytes of "text" or "hex". */
static struct bytes content(struct json *field)
{
    struct json *text = json_get(field, "text");

    return text != NULL ? bytes_of(json_text(text)) : json_hex(field, "hex");
}

static void write_list(struct json *list, struct writer *w)
{
    uint8_t *begin = write_string_begin(w);
    struct json *first = json_first(list);

    for (struct json *name = first; name != NULL; name = json_next(name)) {
        if (name != first)
            write_u8(w, ',');
        write_bytes(w, bytes_of(json_text(name)));
    }
    write_string_end(w, begin);
}

static bool write_fields(struct json *list, struct writer *w);

/* Do the fields inside a string make its bytes? */
static bool parts_agree(struct json *field)
{
    struct json *parts = json_get(field, "fields");
    struct bytes whole;
    struct writer w;
    uint8_t *scratch;
    bool agrees;

    if (parts == NULL)
        return true;
    whole = content(field);
    scratch = malloc(whole.len + 1);
    if (scratch == NULL)
        abort();
    w = write_to(scratch, whole.len);
    agrees = write_fields(parts, &w) && bytes_equal(written_bytes(&w), whole);
    free(scratch);
    return agrees;
}

static bool write_field(struct json *field, struct writer *w)
{
    struct json *value = json_get(field, "value");

    if (json_is(field, "type", "byte"))
        write_u8(w, (uint8_t)json_number(value));
    else if (json_is(field, "type", "uint32"))
        write_u32(w, (uint32_t)json_number(value));
    else if (json_is(field, "type", "boolean") && json_get(field, "hex") == NULL)
        write_bool(w, json_number(value) != 0);
    else if (json_is(field, "type", "name-list") && json_get(field, "list") != NULL)
        write_list(json_get(field, "list"), w);
    else if (json_is(field, "type", "string") || json_is(field, "type", "mpint") ||
             json_is(field, "type", "name-list"))
        write_string(w, content(field));
    else
        write_bytes(w, content(field)); /* byte[n], bytes, a boolean that is neither 0 nor 1 */
    return !w->bad && parts_agree(field);
}

static bool write_fields(struct json *list, struct writer *w)
{
    for (struct json *field = json_first(list); field != NULL; field = json_next(field))
        if (!write_field(field, w))
            return false;
    return true;
}

bool encode_message(struct json *message, struct writer *w)
{
    write_u8(w, (uint8_t)json_number(json_get(message, "number")));
    return write_fields(json_get(message, "fields"), w) && !w->bad;
}
