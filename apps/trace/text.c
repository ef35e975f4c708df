#include "apps/trace/commands.h"
#include "apps/trace/each.h"
#include "apps/trace/text_event.h"
#include "apps/trace/visible.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 2 << 20 /* bytes of one event, as --trace has it */ };

static bool print(void *context, const struct trace_event *event)
{
    struct text_printer *p = context;

    text_put(p, event);
    visible_print(stdout, p->line.at, p->line.len);
    return true;
}

int text_run(const struct trace_options *options, char **files)
{
    char *buffer = malloc(TEXT_MAX);
    struct text_printer p = {.line = line_in(buffer, TEXT_MAX)};
    int status;

    if (buffer == NULL) {
        (void)fprintf(stderr, "nacre-trace: not enough memory\n");
        return 1;
    }
    status = trace_for_each(files[0], options, print, &p);
    text_printer_clear(&p);
    explicit_bzero(buffer, TEXT_MAX);
    free(buffer);
    return status;
}
