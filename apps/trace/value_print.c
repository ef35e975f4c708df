#include "apps/trace/utf8.h"
#include "apps/trace/value.h"

#include <inttypes.h>
#include <string.h>

static bool is_escaped(uint32_t code, bool in_page)
{
    if (code < ' ' || (code >= 0x7f && code <= 0x9f) || code == '"' || code == '\\')
        return true;
    if (in_page && (code == '<' || code == '>' || code == '&' || code == 0x2028 || code == 0x2029))
        return true;
    return false;
}

static void print_escaped(FILE *out, uint32_t code)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *known = code == 0 || code > 127 ? NULL : strchr(from, (int)code);

    if (known != NULL)
        (void)fprintf(out, "\\%c", to[known - from]);
    else
        (void)fprintf(out, "\\u%04" PRIx32, code);
}

void value_print_text(FILE *out, const char *text, size_t len, bool in_page)
{
    const char *start = text, *end = text + len;

    (void)fputc('"', out);
    while (text < end) {
        size_t n = utf8_length(text, (size_t)(end - text));
        uint32_t code = n == 0 ? 0xfffd : utf8_get(text);

        if (n == 0 || is_escaped(code, in_page)) {
            (void)fwrite(start, 1, (size_t)(text - start), out);
            print_escaped(out, code);
            start = text + n + (n == 0);
        }
        text += n + (n == 0);
    }
    (void)fwrite(start, 1, (size_t)(text - start), out);
    (void)fputc('"', out);
}

static void print_elements(FILE *out, const struct value *container, bool in_page)
{
    bool is_object = container->type == VALUE_OBJECT;

    (void)fputc(is_object ? '{' : '[', out);
    for (const struct value *v = container->first; v != NULL; v = v->next) {
        if (v != container->first)
            (void)fputc(',', out);
        if (is_object) {
            value_print_text(out, v->name, strlen(v->name), in_page);
            (void)fputc(':', out);
        }
        value_print(out, v, in_page);
    }
    (void)fputc(is_object ? '}' : ']', out);
}

void value_print(FILE *out, const struct value *value, bool in_page)
{
    static const char *const words[] = {
        [VALUE_NULL] = "null", [VALUE_FALSE] = "false", [VALUE_TRUE] = "true"};

    if (value->type <= VALUE_TRUE)
        (void)fputs(words[value->type], out);
    else if (value->type == VALUE_NUMBER)
        (void)fprintf(out, "%" PRIu64, value->number);
    else if (value->type == VALUE_STRING)
        value_print_text(out, value->text, value->len, in_page);
    else
        print_elements(out, value, in_page);
}
