/* nacre-trace hash: the worksheet of each key exchange in a trace, or the comparison of one with
 * somebody's own. */
#include "apps/trace/against.h"
#include "apps/trace/commands.h"
#include "apps/trace/each.h"
#include "apps/trace/worksheet.h"

#include <stdio.h>

struct run {
    const struct trace_options *options;
    struct gatherer *gatherer;
    struct log_file log;
    unsigned seen, selected;
    bool failed, differs;
};

static void on_exchange(void *context, const struct exchange *x)
{
    struct run *run = context;

    run->seen++;
    if (run->options->exchange != 0 && run->options->exchange != x->number)
        return;
    if (run->options->against == NULL) {
        if (run->selected++ > 0)
            (void)fputc('\n', stdout);
        worksheet_print(stdout, x);
    } else if (run->selected++ == 0) {
        run->differs = !against_print(stdout, x, &run->log);
    }
}

static bool take(void *context, const struct trace_event *event)
{
    struct run *run = context;

    if (!gatherer_take(run->gatherer, event))
        run->failed = true;
    return !run->failed;
}

static int say(const char *sentence)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "nacre-trace: %s\n", sentence);
    return 1;
}

static int finish(const struct run *run, int status)
{
    if (run->failed)
        return say("not enough memory");
    if (status != 0)
        return status;
    if (run->seen == 0)
        return say("the trace has no key exchange: no two KEXINITs of a connection");
    if (run->selected == 0)
        return say("the trace has no key exchange of that number");
    return run->differs ? 1 : 0;
}

int hash_run(const struct trace_options *options, char **files)
{
    char text[TRACE_SENTENCE_MAX];
    struct errbuf why = errbuf_in(text, sizeof text);
    struct run run = {.options = options};
    int status;

    if (options->against != NULL && !log_read(&run.log, options->against, &why))
        return say(text);
    run.gatherer = gatherer_new(on_exchange, &run);
    run.failed = run.gatherer == NULL;
    status = run.failed ? 1 : trace_for_each(files[0], options, take, &run);
    gatherer_finish(run.gatherer);
    log_free(&run.log);
    return finish(&run, status);
}
