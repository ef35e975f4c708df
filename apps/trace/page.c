#include "apps/trace/commands.h"
#include "apps/trace/each.h"
#include "apps/trace/handlers.h"
#include "apps/trace/page_files.h" /* made by apps/trace/embed */

#include <string.h>

/* A part of the page that takes the place of a comment in page.html. */
struct part {
    const char *mark;
    int (*print)(const struct trace_options *options, const char *trace);
};

/* Only this script and this style are used, and nothing is loaded. */
static int print_policy(const struct trace_options *options, const char *trace)
{
    (void)options, (void)trace;
    (void)printf("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'\">",
                 page_js_hash, page_css_hash);
    return 0;
}

static void print_element(const char *name, const unsigned char *text, size_t len)
{
    (void)printf("<%s>", name);
    (void)fwrite(text, 1, len, stdout);
    (void)printf("</%s>", name);
}

static int print_style(const struct trace_options *options, const char *trace)
{
    (void)options, (void)trace;
    print_element("style", page_css, sizeof page_css);
    return 0;
}

static int print_script(const struct trace_options *options, const char *trace)
{
    (void)options, (void)trace;
    print_element("script", page_js, sizeof page_js);
    return 0;
}

static bool print_event(void *context, const struct trace_event *event)
{
    bool *is_first = context;

    (void)fputs(*is_first ? "\n" : ",\n", stdout);
    *is_first = false;
    value_print(stdout, event->object, true);
    return true;
}

static void print_handlers(void)
{
    const struct handler *before = NULL;

    for (const struct handler *h = handlers; h->message != NULL; before = h++) {
        bool same_message = before != NULL && strcmp(before->message, h->message) == 0;
        bool same_way = same_message && strcmp(before->way, h->way) == 0;

        if (!same_message)
            (void)printf("%s\n\"%s\":{\"%s\":[", before != NULL ? "]}," : "", h->message, h->way);
        else if (!same_way)
            (void)printf("],\"%s\":[", h->way);
        (void)printf("%s[\"%s\",\"%s\"]", same_way ? "," : "", h->function, h->file);
    }
    (void)fputs(before != NULL ? "]}" : "", stdout);
}

/* The trace as JSON, in which nothing can end the script element. A trace with a mistake is shown
 * up to there. */
static int print_trace(const struct trace_options *options, const char *trace)
{
    bool is_first = true;
    int status;

    (void)fputs("<script type=\"application/json\" id=\"trace\">[", stdout);
    status = trace_for_each(trace, options, print_event, &is_first);
    (void)fputs("\n]</script>\n<script type=\"application/json\" id=\"handlers\">{", stdout);
    print_handlers();
    (void)fputs("}</script>", stdout);
    return status;
}

static const struct part parts[] = {
    {"<!-- policy -->", print_policy},
    {"<!-- style -->", print_style},
    {"<!-- trace -->", print_trace},
    {"<!-- script -->", print_script},
};

int page_run(const struct trace_options *options, char **files)
{
    const unsigned char *at = page_html, *end = page_html + sizeof page_html;
    int status = 0;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t len = strlen(parts[i].mark);
        const unsigned char *mark = memmem(at, (size_t)(end - at), parts[i].mark, len);

        if (mark == NULL)
            return 1; /* page.html is not as the tests have seen it */
        (void)fwrite(at, 1, (size_t)(mark - at), stdout);
        if (parts[i].print(options, files[0]) != 0)
            status = 1;
        at = mark + len;
    }
    (void)fwrite(at, 1, (size_t)(end - at), stdout);
    return status;
}
