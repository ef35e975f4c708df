#include "apps/trace/each.h"

static int report(const char *sentence)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "nacre-trace: %s\n", sentence);
    return 1;
}

static bool is_selected(const struct trace_options *options, const struct trace_event *event)
{
    return options->conn == 0 || event->conn == 0 || event->conn == options->conn;
}

int trace_for_each(const char *path, const struct trace_options *options,
                   bool (*each)(void *context, const struct trace_event *event), void *context)
{
    char text[TRACE_SENTENCE_MAX];
    struct errbuf why = errbuf_in(text, sizeof text);
    struct trace_reader *reader = trace_reader_open(path, &why);
    enum trace_result result = reader != NULL ? TRACE_EVENT : TRACE_BAD;
    struct trace_event event;
    bool goes_on = true;

    while (result == TRACE_EVENT && goes_on) {
        result = trace_reader_next(reader, &event, &why);
        if (result == TRACE_EVENT && is_selected(options, &event))
            goes_on = each(context, &event);
    }
    if (result == TRACE_END && trace_reader_was_cut(reader))
        (void)report("the last line of the trace is cut off and was left out");
    trace_reader_close(reader);
    return result == TRACE_BAD ? report(text) : 0;
}
