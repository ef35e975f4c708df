#include "apps/trace/value.h"

#include <string.h>

const struct value *value_get(const struct value *object, const char *name)
{
    const struct value *v = object != NULL && object->type == VALUE_OBJECT ? object->first : NULL;

    while (v != NULL && strcmp(v->name, name) != 0)
        v = v->next;
    return v == NULL || v->type == VALUE_NULL ? NULL : v;
}

const char *value_text(const struct value *string)
{
    return string != NULL && string->type == VALUE_STRING ? string->text : "";
}

const char *value_text_of(const struct value *object, const char *name)
{
    return value_text(value_get(object, name));
}

uint64_t value_number_of(const struct value *object, const char *name)
{
    const struct value *v = value_get(object, name);

    return v == NULL ? 0 : v->number;
}

bool value_is_true(const struct value *object, const char *name)
{
    const struct value *v = value_get(object, name);

    return v != NULL && v->type == VALUE_TRUE;
}

/* ---- comparing ---- */

static bool elements_equal(const struct value *a, const struct value *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next)
        if (!value_equal(a, b))
            return false;
    return a == b;
}

static size_t count(const struct value *container)
{
    size_t n = 0;

    for (const struct value *v = container->first; v != NULL; v = v->next)
        n++;
    return n;
}

static bool members_equal(const struct value *a, const struct value *b)
{
    if (count(a) != count(b))
        return false;
    for (const struct value *v = a->first; v != NULL; v = v->next)
        if (!value_equal(value_get(a, v->name), value_get(b, v->name)))
            return false;
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_NUMBER:
        return a->number == b->number;
    case VALUE_STRING:
        return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
    case VALUE_ARRAY:
        return elements_equal(a->first, b->first);
    case VALUE_OBJECT:
        return members_equal(a, b);
    default:
        return true;
    }
}

/* ---- hex ---- */

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c == 0 ? NULL : strchr(digits, c);

    return found == NULL ? -1 : (int)((found - digits) & 15);
}

bool value_hex(const struct value *string, uint8_t *out, size_t size, size_t *len, bool *masked)
{
    const char *text = value_text(string);

    *masked = false;
    *len = 0;
    for (; text[0] != 0; text += 2) {
        int high = digit(text[0]), low = digit(text[1]);
        bool secret = text[0] == '-' && text[1] == '-';

        if ((!secret && (high < 0 || low < 0)) || *len == size)
            return false;
        *masked = *masked || secret;
        out[(*len)++] = (uint8_t)(secret ? 0 : high << 4 | low);
    }
    return string == NULL || string->type != VALUE_STRING || text == string->text + string->len;
}
