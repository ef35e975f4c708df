#include "tests/support/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/vectors.h"

struct json {
    char *name;       /* in an object; else NULL */
    char *text;       /* of a string; else NULL */
    uint8_t *decoded; /* of a string that was read as hex */
    int64_t number;
    struct json *first; /* of an array or object */
    struct json *next;  /* in the same array or object */
};

struct parser {
    const char *at;
    bool bad;
};

static void skip_space(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r' || *p->at == '\n')
        p->at++;
}

/* Step over `c` if it comes next. */
static bool take(struct parser *p, char c)
{
    skip_space(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

/* The four digits of \uXXXX. */
static uint32_t parse_unit(struct parser *p)
{
    char code[5] = "";

    strncat(code, p->at, 4);
    p->bad = p->bad || strspn(code, "0123456789abcdefABCDEF") != 4;
    p->at += strlen(code);
    return (uint32_t)strtoul(code, NULL, 16);
}

/* RFC 3629 section 3. Returns the length. */
static size_t put_utf8(uint32_t character, char *out)
{
    size_t n = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {[1] = 0, [2] = 0xc0, [3] = 0xe0, [4] = 0xf0};

    for (size_t i = n; i-- > 1; character >>= 6)
        out[i] = (char)(0x80 | (character & 0x3f));
    out[0] = (char)(first[n] | character);
    return n;
}

/* What follows \u; two units for a character past U+FFFF. */
static size_t parse_unicode(struct parser *p, char *out)
{
    uint32_t character = parse_unit(p);

    if (character >= 0xd800 && character < 0xdc00 && strncmp(p->at, "\\u", 2) == 0) {
        p->at += 2;
        character = 0x10000 + ((character - 0xd800) << 10 | ((parse_unit(p) - 0xdc00) & 0x3ff));
    }
    return put_utf8(character, out);
}

/* One character of a string, or an escape sequence, as UTF-8. Returns the length. */
static size_t parse_character(struct parser *p, char *out)
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    const char *known;

    if (*p->at == '\\') {
        p->at++;
        if (*p->at == 'u') {
            p->at++;
            return parse_unicode(p, out);
        }
        known = strchr(from, *p->at);
        if (*p->at != '\0' && known != NULL) {
            p->at++;
            *out = to[known - from];
            return 1;
        }
    }
    *out = *p->at;
    p->at += *p->at != '\0';
    return 1;
}

static char *parse_string(struct parser *p)
{
    const char *end;
    char *text;
    size_t len = 0;

    p->bad = p->bad || !take(p, '"');
    for (end = p->at; *end != '"' && *end != '\0'; end++)
        if (*end == '\\' && end[1] != '\0')
            end++;
    text = malloc((size_t)(end - p->at) + 4);
    if (text == NULL)
        abort();
    while (!p->bad && p->at < end)
        len += parse_character(p, text + len);
    text[len] = '\0';
    p->bad = p->bad || !take(p, '"');
    return text;
}

static struct json *parse_value(struct parser *p, int depth);

/* Elements up to `close`; those of an object have names. */
static struct json *parse_elements(struct parser *p, char close, int depth)
{
    struct json *first = NULL, **end = &first;

    if (take(p, close))
        return NULL;
    do {
        char *name = close == '}' ? parse_string(p) : NULL;

        p->bad = p->bad || (name != NULL && !take(p, ':'));
        *end = parse_value(p, depth + 1);
        (*end)->name = name;
        end = &(*end)->next;
    } while (!p->bad && take(p, ','));
    p->bad = p->bad || !take(p, close);
    return first;
}

/* The number is copied first: with strict_string_checks, AddressSanitizer reads a string that
 * strtoll or strspn is given to its end, which is that of the whole text. */
static void parse_number(struct parser *p, struct json *value)
{
    char digits[24], *end;

    (void)snprintf(digits, sizeof digits, "%.*s", (int)sizeof digits - 1, p->at);
    value->number = strtoll(digits, &end, 10);
    p->bad = p->bad || end == digits;
    p->at += end - digits; /* a longer number ends in an error at its next digit */
}

static void parse_word(struct parser *p, struct json *value)
{

    if (strncmp(p->at, "true", 4) == 0 || strncmp(p->at, "null", 4) == 0) {
        value->number = *p->at == 't';
        p->at += 4;
    } else if (strncmp(p->at, "false", 5) == 0) {
        p->at += 5;
    } else {
        parse_number(p, value);
    }
}

static struct json *parse_value(struct parser *p, int depth)
{
    struct json *value = calloc(1, sizeof *value);

    if (value == NULL)
        abort();
    skip_space(p);
    if (depth > 20)
        p->bad = true;
    else if (*p->at == '"')
        value->text = parse_string(p);
    else if (take(p, '{'))
        value->first = parse_elements(p, '}', depth);
    else if (take(p, '['))
        value->first = parse_elements(p, ']', depth);
    else
        parse_word(p, value);
    return value;
}

struct json *json_parse(const char *text)
{
    struct parser p = {.at = text, .bad = false};
    struct json *root = parse_value(&p, 0);

    skip_space(&p);
    if (!p.bad && *p.at == '\0')
        return root;
    json_free(root);
    return NULL;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = -1;
    char *text;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    ck_assert_msg(size >= 0 && fseek(file, 0, SEEK_SET) == 0, "cannot read %s", path);
    text = calloc(1, (size_t)size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    return text;
}

struct json *json_open_shared(const char *name)
{
    char path[512];
    char *text;
    struct json *root;

    if (!vectors_shared_path(path, sizeof path, name))
        return NULL;
    text = read_file(path);
    root = json_parse(text);
    free(text);
    ck_assert_msg(root != NULL, "%s is malformed", path);
    return root;
}

struct json *json_get(struct json *object, const char *name)
{
    struct json *member = json_first(object);

    while (member != NULL && (member->name == NULL || strcmp(member->name, name) != 0))
        member = member->next;
    return member;
}

struct json *json_first(struct json *container)
{
    return container == NULL ? NULL : container->first;
}

struct json *json_next(struct json *element)
{
    return element == NULL ? NULL : element->next;
}

const char *json_text(const struct json *value)
{
    return value == NULL || value->text == NULL ? "" : value->text;
}

bool json_is(struct json *object, const char *name, const char *text)
{
    return strcmp(json_text(json_get(object, name)), text) == 0;
}

bool json_has(struct json *object, const char *name, const char *text)
{
    struct json *element = json_first(json_get(object, name));

    while (element != NULL && strcmp(json_text(element), text) != 0)
        element = element->next;
    return element != NULL;
}

int64_t json_number(const struct json *value)
{
    return value == NULL ? 0 : value->number;
}

/* Fuzzers use this too, and they run outside of Check. */
static void expect(bool good, const char *what, const char *name)
{
    if (good)
        return;
    (void)fprintf(stderr, "%s: %s\n", what, name);
    abort();
}

struct bytes json_hex(struct json *object, const char *name)
{
    struct json *value = json_get(object, name);
    size_t len = strlen(json_text(value)) / 2;

    expect(value != NULL && value->text != NULL, "no string", name);
    if (value->decoded == NULL)
        value->decoded = malloc(len + 1);
    expect(value->decoded != NULL && unhex(value->decoded, len, value->text) == len, "not hex",
           name);
    return (struct bytes){value->decoded, len};
}

void json_free(struct json *root)
{
    while (root != NULL) {
        struct json *next = root->next;

        json_free(root->first);
        free(root->name);
        free(root->text);
        free(root->decoded);
        free(root);
        root = next;
    }
}

unsigned json_lines(const char *text, const char *name, const char *member, struct json **last)
{
    unsigned count = 0;
    char *rest = NULL, *copy = strdup(text);

    expect(copy != NULL, "no memory", name);
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        struct json *object = json_parse(line);

        expect(object != NULL, "not JSON", line);
        if (json_is(object, name, member)) {
            count++;
            json_free(*last);
            *last = object;
        } else {
            json_free(object);
        }
    }
    free(copy);
    return count;
}
