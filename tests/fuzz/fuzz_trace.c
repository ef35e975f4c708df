/* A trace in JSON: each event that is accepted survives being printed and parsed again, and can be
 * printed as text. */
#include "tests/fuzz/fuzz.h"

#include "apps/trace/schema.h"
#include "apps/trace/text_event.h"

#include <string.h>

static void print_and_parse(const struct value *value, bool in_page)
{
    struct value_memory memory = {0};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    const struct value *again;

    require(out != NULL);
    value_print(out, value, in_page);
    (void)fclose(out);
    require(!in_page || strpbrk(text, "<>&") == NULL);
    again = value_parse(&memory, text, len, &(struct errbuf){0});
    require(again != NULL && value_equal(value, again));
    value_memory_free(&memory);
    free(text);
}

static void take_line(struct text_printer *p, char *line, size_t len)
{
    struct value_memory memory = {0};
    char sentence[256] = "";
    struct errbuf why = errbuf_in(sentence, sizeof sentence);
    const struct value *value = value_parse(&memory, line, len, &why);
    struct trace_event event = {.object = value};
    bool good;

    if (value != NULL) {
        print_and_parse(value, false);
        print_and_parse(value, true);
    }
    good = value != NULL && schema_check(value, &event.kind, &why);
    require(good == (sentence[0] == 0));
    if (good) {
        event.us = value_number_of(value, "us");
        event.conn = value_number_of(value, "conn");
        text_put(p, &event);
    }
    value_memory_free(&memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char text[1 << 18];
    struct text_printer p = {.line = line_in(text, sizeof text)};
    const uint8_t *end = data + len;

    while (data < end) {
        const uint8_t *newline = memchr(data, '\n', (size_t)(end - data));
        size_t n = (size_t)((newline != NULL ? newline : end) - data);
        char *line = malloc(n + (n == 0));

        require(line != NULL);
        memcpy(line, data, n);
        take_line(&p, line, n);
        free(line);
        data += n + (newline != NULL);
    }
    text_printer_clear(&p);
    return 0;
}
