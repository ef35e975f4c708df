#include "apps/spec/replay.h"

#include "apps/trace/text_event.h"
#include "apps/trace/visible.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 2 << 20 /* bytes of one event */ };

static void put_member(FILE *out, const struct value *object, const char *label, const char *name)
{
    const char *text = value_text_of(object, name);

    if (text[0] == 0)
        return;
    (void)fprintf(out, "%-10s", label);
    visible_print(out, text, strlen(text));
    (void)fputc('\n', out);
}

static void put_case(FILE *out, const struct value *object)
{
    put_member(out, object, "case", "id");
    put_member(out, object, "clause", "clause");
    put_member(out, object, "", "title");
    put_member(out, object, "verdict", "verdict");
    put_member(out, object, "expected", "expected");
    put_member(out, object, "observed", "observed");
    put_member(out, object, "because", "why");
}

static void put_event(FILE *out, struct text_printer *printer, const struct trace_event *event)
{
    const char *name = value_text_of(event->object, "event");

    if (event->kind == TRACE_OTHER && strcmp(name, "case") == 0) {
        put_case(out, event->object);
    } else if (event->kind == TRACE_OTHER && strcmp(name, "packet") == 0) {
        (void)fprintf(out, "%s an empty packet\n",
                      strcmp(value_text_of(event->object, "dir"), "out") == 0 ? "->" : "<-");
    } else {
        text_put(printer, event);
        if (value_is_true(event->object, "own"))
            (void)fputs("* ", out);
        visible_print(out, printer->line.at, printer->line.len);
    }
}

bool replay(FILE *out, const char *file, const struct errbuf *p)
{
    struct trace_reader *reader = trace_reader_open(file, p);
    char *buffer = malloc(TEXT_MAX);
    struct text_printer printer = {.line = line_in(buffer, TEXT_MAX)};
    enum trace_result result = TRACE_BAD;
    struct trace_event event;

    if (buffer == NULL)
        (void)errbuf_say(p, "out of memory");
    while (buffer != NULL && reader != NULL &&
           (result = trace_reader_next(reader, &event, p)) == TRACE_EVENT)
        put_event(out, &printer, &event);
    text_printer_clear(&printer);
    free(buffer);
    trace_reader_close(reader);
    return result == TRACE_END;
}
