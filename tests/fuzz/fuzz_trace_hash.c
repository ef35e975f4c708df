/* The exchange hash worksheet: lines of a trace, and after an empty line what somebody hashed. Any
 * worksheet can be printed, and agrees with itself. */
#include "tests/fuzz/fuzz.h"

#include "apps/trace/against.h"
#include "apps/trace/schema.h"
#include "apps/trace/worksheet.h"

#include <stdio.h>
#include <string.h>

static struct bytes own; /* the log */

static bool compare(const struct exchange *x, const void *text, size_t len)
{
    static struct log_file log;
    char *printed = NULL;
    size_t printed_len = 0;
    bool same;
    FILE *out;

    if (!log_parse(&log, "log", text, len, &(struct errbuf){0}))
        return false;
    out = open_memstream(&printed, &printed_len);
    require(out != NULL);
    same = against_print(out, x, &log);
    (void)fclose(out);
    free(printed);
    log_free(&log);
    return same;
}

static void on_exchange(void *context, const struct exchange *x)
{
    char *sheet = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&sheet, &len);

    (void)context;
    require(out != NULL);
    worksheet_print(out, x);
    (void)fclose(out);
    if (strstr(sheet, "\nI_C = ") != NULL && strstr(sheet, "DIFFERS") == NULL)
        require(compare(x, sheet, len));
    free(sheet);
    (void)compare(x, own.at, own.len);
}

static void take_line(struct gatherer *g, const uint8_t *line, size_t len)
{
    struct value_memory memory = {0};
    char *text = malloc(len + 1);
    struct trace_event event = {0};

    require(text != NULL);
    memcpy(text, line, len);
    event.object = value_parse(&memory, text, len, &(struct errbuf){0});
    if (event.object != NULL && schema_check(event.object, &event.kind, &(struct errbuf){0})) {
        event.conn = value_number_of(event.object, "conn");
        require(gatherer_take(g, &event));
    }
    value_memory_free(&memory);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *empty = memmem(data, len, "\n\n", 2), *end = empty != NULL ? empty : data + len;
    struct gatherer *g = gatherer_new(on_exchange, NULL);

    require(g != NULL);
    own = empty == NULL ? (struct bytes){NULL, 0}
                        : (struct bytes){empty + 2, (size_t)(data + len - empty) - 2};
    while (data < end) {
        const uint8_t *newline = memchr(data, '\n', (size_t)(end - data));
        size_t n = (size_t)((newline != NULL ? newline : end) - data);

        take_line(g, data, n);
        data += n + 1;
    }
    gatherer_finish(g);
    return 0;
}
