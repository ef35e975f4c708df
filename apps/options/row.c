#include "apps/options/options.h"

#include <stdarg.h>
#include <stdio.h>

bool option_set_as(const struct option_row *row, void *options, const char *value,
                   const char *label, const struct errbuf *p)
{
    char why[OPTION_SENTENCE_MAX];
    struct errbuf more = errbuf_in(why, sizeof why);

    if (row->parse != NULL ? row->parse(options, value) : row->take(row, options, value, &more))
        return true;
    if (why[0] != 0)
        return errbuf_say(p, "%s: %s", label, why);
    return errbuf_say(p, "%s: '%s' is not %s", label, value, row->expects);
}

bool option_set(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p)
{
    char label[OPTION_SENTENCE_MAX / 4];

    (void)snprintf(label, sizeof label, "--%s", row->name);
    return option_set_as(row, options, value, label, p);
}

const char *option_default(const struct option_row *row, char *out, size_t size)
{
    if (row->default_text != NULL)
        (void)snprintf(out, size, "%s", row->default_text);
    else if (row->default_value != NULL)
        (void)snprintf(out, size, "`%s`", row->default_value);
    else
        out[0] = 0;
    return out;
}

int options_misused(const struct command_line *line, const char *format, ...)
{
    va_list arguments;

    (void)fprintf(stderr, "%s: ", line->name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, " (try %s --help)\n", line->name);
    return 2;
}
