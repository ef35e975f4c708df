#include "apps/trace/value.h"

#include "apps/trace/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 16 /* of 2^53 - 1 */ };

static const uint64_t number_max = (UINT64_C(1) << 53) - 1;

struct parser {
    char *text, *at, *end;
    struct value *free; /* the next unused value */
    int depth;
    const char *wrong; /* NULL, or the first thing that is wrong, at `at` */
};

static bool fail(struct parser *p, const char *wrong)
{
    if (p->wrong == NULL)
        p->wrong = wrong;
    return false;
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && memchr(" \t\r\n", *p->at, 4) != NULL)
        p->at++;
}

static bool next_is(struct parser *p, char c)
{
    skip_space(p);
    return p->at < p->end && *p->at == c;
}

/* Step over c if it comes next. */
static bool take(struct parser *p, char c)
{
    bool found = next_is(p, c);

    p->at += found;
    return found;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits after \u. */
static bool parse_unit(struct parser *p, uint32_t *unit)
{
    *unit = 0;
    if (p->end - p->at < 4)
        return fail(p, "\\u needs four hex digits");
    for (int i = 0; i < 4; i++) {
        int value = digit(p->at[i]);

        if (value < 0)
            return fail(p, "\\u needs four hex digits");
        *unit = *unit << 4 | (uint32_t)value;
    }
    p->at += 4;
    return true;
}

/* What follows \u: one unit of UTF-16, or two of a pair. */
static bool parse_code_point(struct parser *p, uint32_t *code)
{
    uint32_t low;

    if (!parse_unit(p, code))
        return false;
    if (*code < 0xd800 || *code > 0xdfff)
        return true;
    if (*code > 0xdbff || p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
        return fail(p, "half of a surrogate pair");
    p->at += 2;
    if (!parse_unit(p, &low))
        return false;
    if (low < 0xdc00 || low > 0xdfff)
        return fail(p, "half of a surrogate pair");
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* An escape sequence, after its backslash. It is never shorter than the bytes written to *out. */
static bool parse_escape(struct parser *p, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *known;
    uint32_t code;

    if (p->at == p->end)
        return fail(p, "a string without an end");
    if (*p->at == 'u') {
        p->at++;
        if (!parse_code_point(p, &code))
            return false;
        *out += utf8_put(*out, code);
        return true;
    }
    known = memchr(from, *p->at, sizeof from - 1);
    if (known == NULL)
        return fail(p, "an unknown escape sequence");
    p->at++;
    *(*out)++ = to[known - from];
    return true;
}

/* One character of a string as it is, in UTF-8. */
static bool parse_character(struct parser *p, char **out)
{
    size_t len = utf8_length(p->at, (size_t)(p->end - p->at));

    if ((unsigned char)*p->at < ' ')
        return fail(p, "a control character in a string");
    if (len == 0)
        return fail(p, "a string that is not UTF-8");
    memmove(*out, p->at, len);
    *out += len;
    p->at += len;
    return true;
}

/* A string, decoded in place. */
static bool parse_string(struct parser *p, const char **text, size_t *len)
{
    char *out;

    if (!take(p, '"'))
        return fail(p, "a string is missing");
    *text = out = p->at;
    while (p->at < p->end && *p->at != '"') {
        bool escaped = *p->at == '\\';

        p->at += escaped;
        if (!(escaped ? parse_escape(p, &out) : parse_character(p, &out)))
            return false;
    }
    if (p->at == p->end)
        return fail(p, "a string without an end");
    p->at++;
    *len = (size_t)(out - *text);
    *out = 0;
    return true;
}

static bool parse_number(struct parser *p, struct value *value)
{
    const char *start = p->at;

    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9' && p->at - start < DIGITS_MAX; p->at++)
        value->number = value->number * 10 + (uint64_t)(*p->at - '0');
    value->type = VALUE_NUMBER;
    if (p->at == start)
        return fail(p, "a value is missing");
    if (value->number > number_max || (*start == '0' && p->at - start > 1) ||
        (p->at < p->end && memchr("0123456789.eE", *p->at, 13) != NULL))
        return fail(p, "a number that is not an integer from 0 to 2^53 - 1");
    return true;
}

static bool parse_word(struct parser *p, struct value *value)
{
    static const struct {
        const char *word;
        enum value_type type;
    } words[] = {{"null", VALUE_NULL}, {"false", VALUE_FALSE}, {"true", VALUE_TRUE}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i].word);

        if ((size_t)(p->end - p->at) >= len && memcmp(p->at, words[i].word, len) == 0) {
            p->at += len;
            value->type = words[i].type;
            return true;
        }
    }
    return parse_number(p, value);
}

static struct value *parse_value(struct parser *p, const char *name);

/* The name of a member and its colon. */
static const char *parse_name(struct parser *p, const struct value *object, size_t count)
{
    const char *name = "";
    size_t len = 0;

    if (!parse_string(p, &name, &len))
        return "";
    if (strlen(name) != len)
        (void)fail(p, "a NUL in the name of a member");
    if (count >= VALUE_MEMBERS_MAX)
        (void)fail(p, "an object with too many members");
    for (const struct value *v = object->first; v != NULL && p->wrong == NULL; v = v->next)
        if (strcmp(v->name, name) == 0)
            (void)fail(p, "a member that is there twice");
    if (!take(p, ':'))
        (void)fail(p, "a colon is missing");
    return name;
}

/* An array or an object, after its opening bracket. */
static bool parse_container(struct parser *p, struct value *value)
{
    bool is_object = value->type == VALUE_OBJECT;
    char close = is_object ? '}' : ']';
    struct value **end = &value->first;

    if (++p->depth > VALUE_DEPTH_MAX)
        return fail(p, "too many values inside each other");
    if (!take(p, close)) {
        size_t count = 0;

        do {
            const char *name = is_object ? parse_name(p, value, count++) : NULL;

            if (p->wrong != NULL || (*end = parse_value(p, name)) == NULL)
                return false;
            end = &(*end)->next;
        } while (take(p, ','));
        if (!take(p, close))
            return fail(p, "a comma or a closing bracket is missing");
    }
    p->depth--;
    return true;
}

/* NULL: p->wrong. There are enough unused values (count_values). */
static struct value *parse_value(struct parser *p, const char *name)
{
    struct value *value = p->free++;
    bool good;

    *value = (struct value){.name = name};
    if (next_is(p, '"')) {
        value->type = VALUE_STRING;
        good = parse_string(p, &value->text, &value->len);
    } else if (take(p, '{')) {
        value->type = VALUE_OBJECT;
        good = parse_container(p, value);
    } else if (take(p, '[')) {
        value->type = VALUE_ARRAY;
        good = parse_container(p, value);
    } else {
        good = parse_word(p, value);
    }
    return good ? value : NULL;
}

/* At least the number of values in a text: each but the first follows '[', ',' or ':'. */
static size_t count_values(const char *text, size_t len)
{
    bool in_string = false;
    size_t count = 1;

    for (size_t i = 0; i < len; i++)
        if (text[i] == '"')
            in_string = !in_string;
        else if (text[i] == '\\' && in_string)
            i++;
        else if (!in_string)
            count += text[i] == '[' || text[i] == ',' || text[i] == ':';
    return count;
}

static bool reserve(struct value_memory *memory, size_t count)
{
    struct value *values;

    if (count <= memory->capacity)
        return true;
    values = count > VALUE_COUNT_MAX ? NULL : calloc(count, sizeof *values);
    if (values == NULL)
        return false;
    value_memory_free(memory);
    *memory = (struct value_memory){values, count};
    return true;
}

const struct value *value_parse(struct value_memory *memory, char *text, size_t len,
                                const struct errbuf *why)
{
    struct parser p = {.text = text, .at = text, .end = text + len};
    const struct value *value;

    if (!reserve(memory, count_values(text, len))) {
        (void)errbuf_say(why, "the line has too many values");
        return NULL;
    }
    p.free = memory->values;
    value = parse_value(&p, NULL);
    skip_space(&p);
    if (value != NULL && p.at < p.end)
        (void)fail(&p, "something follows the value");
    if (p.wrong == NULL)
        return value;
    (void)errbuf_say(why, "not JSON as a trace has it: column %zu: %s", (size_t)(p.at - text) + 1,
                     p.wrong);
    return NULL;
}

void value_memory_free(struct value_memory *memory)
{
    if (memory->values != NULL)
        explicit_bzero(memory->values, memory->capacity * sizeof *memory->values);
    free(memory->values);
    *memory = (struct value_memory){0};
}
