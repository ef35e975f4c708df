#include "apps/spec/compare.h"

#include "apps/spec/case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_MAX = 64 << 20,
    LINES_MAX = 10000, /* of one run */
};

/* ---- reading ---- */

static void clear_run(struct compared_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        value_memory_free(&run->lines[i].memory);
    free(run->lines);
    free(run->text);
}

static bool is_result(const struct value *object, bool first)
{
    if (first)
        return value_get(object, "run") != NULL;
    return value_text_of(object, "id")[0] != 0 && value_text_of(object, "verdict")[0] != 0;
}

static bool add_line(struct compared_run *run, char *text, size_t len, const struct errbuf *p)
{
    struct compared_line *bigger =
        run->count == LINES_MAX ? NULL : realloc(run->lines, (run->count + 1) * sizeof *bigger);
    struct compared_line *line;
    char why[256] = "";
    const struct errbuf reason = errbuf_in(why, sizeof why);

    if (bigger == NULL)
        return errbuf_say(p, "%s: too many lines for results of nacre-spec", run->name);
    run->lines = bigger;
    line = &run->lines[run->count++];
    *line = (struct compared_line){0};
    line->object = value_parse(&line->memory, text, len, &reason);
    if (line->object == NULL)
        return errbuf_say(p, "%s:%zu: %s", run->name, run->count, why);
    if (!is_result(line->object, run->count == 1))
        return errbuf_say(p, "%s:%zu: this is not a line of results that nacre-spec --json wrote",
                          run->name, run->count);
    return true;
}

static bool add_lines(struct compared_run *run, size_t len, const struct errbuf *p)
{
    char *at = run->text, *end = run->text + len;

    while (at < end) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *stop = newline == NULL ? end : newline;

        if (!add_line(run, at, (size_t)(stop - at), p))
            return false;
        at = stop + 1;
    }
    return run->count > 0 || errbuf_say(p, "%s: the file is empty", run->name);
}

bool compare_add(struct comparison *c, const char *name, char *text, size_t len,
                 const struct errbuf *p)
{
    struct compared_run run = {.name = name, .text = text};
    struct compared_run *bigger;

    if (!add_lines(&run, len, p)) {
        clear_run(&run);
        return false;
    }
    bigger = realloc(c->runs, (c->run_count + 1) * sizeof *bigger);
    if (bigger == NULL) {
        clear_run(&run);
        return errbuf_say(p, "out of memory");
    }
    c->runs = bigger;
    c->runs[c->run_count++] = run;
    return true;
}

/* All of a file. NULL with errno. */
static char *read_all(FILE *in, size_t *len)
{
    char *text = NULL;
    size_t size = 0;

    *len = 0;
    while (*len == size) {
        size_t bigger_size = size == 0 ? 1 << 16 : 2 * size;
        char *bigger = size == FILE_MAX ? NULL : realloc(text, bigger_size + 1);

        if (bigger == NULL) {
            free(text);
            errno = EFBIG;
            return NULL;
        }
        text = bigger;
        size = bigger_size;
        *len += fread(text + *len, 1, size - *len, in);
    }
    text[*len] = 0;
    if (ferror(in) == 0)
        return text;
    free(text);
    return NULL;
}

bool compare_read(struct comparison *c, const char *file, const struct errbuf *p)
{
    FILE *in = fopen(file, "re");
    size_t len = 0;
    char *text = in == NULL ? NULL : read_all(in, &len);
    int why = errno;

    if (in != NULL)
        (void)fclose(in);
    if (text == NULL)
        return errbuf_say(p, "%s: cannot be read: %s", file, strerror(why));
    return compare_add(c, file, text, len, p);
}

/* ---- rows ---- */

static const struct value *find(const struct compared_run *run, const char *id)
{
    for (size_t i = 1; i < run->count; i++)
        if (strcmp(value_text_of(run->lines[i].object, "id"), id) == 0)
            return run->lines[i].object;
    return NULL;
}

/* Add the row of an id, if any run has it. */
static bool add_case(struct comparison *c, const char *id)
{
    struct compared_case *bigger = realloc(c->cases, (c->case_count + 1) * sizeof *bigger), *one;

    if (bigger == NULL)
        return false;
    c->cases = bigger;
    one = &c->cases[c->case_count];
    one->first = NULL;
    one->cells = calloc(c->run_count, sizeof *one->cells);
    if (one->cells == NULL)
        return false;
    for (size_t i = c->run_count; i-- > 0;) {
        one->cells[i] = find(&c->runs[i], id);
        one->first = one->cells[i] != NULL ? one->cells[i] : one->first;
    }
    if (one->first != NULL)
        c->case_count++;
    else
        free(one->cells);
    return true;
}

static bool has_case(const struct comparison *c, size_t from, const char *id)
{
    for (size_t i = from; i < c->case_count; i++)
        if (strcmp(value_text_of(c->cases[i].first, "id"), id) == 0)
            return true;
    return false;
}

bool compare_align(struct comparison *c)
{
    size_t known;

    for (const struct spec_case *const *t = spec_tables; *t != NULL; t++)
        for (const struct spec_case *row = *t; row->id != NULL; row++)
            if (!add_case(c, row->id))
                return false;
    known = c->case_count;
    for (size_t i = 0; i < c->run_count; i++)
        for (size_t j = 1; j < c->runs[i].count; j++) {
            const char *id = value_text_of(c->runs[i].lines[j].object, "id");

            if (case_find(id) == NULL && !has_case(c, known, id) && !add_case(c, id))
                return false;
        }
    return true;
}

bool compare_differs(const struct comparison *c, const struct compared_case *one)
{
    const char *seen = NULL;

    for (size_t i = 0; i < c->run_count; i++) {
        const char *verdict = value_text_of(one->cells[i], "verdict");

        if (verdict[0] == 0 || strcmp(verdict, "skip") == 0)
            continue;
        if (seen != NULL && strcmp(seen, verdict) != 0)
            return true;
        seen = verdict;
    }
    return false;
}

void compare_clear(struct comparison *c)
{
    for (size_t i = 0; i < c->run_count; i++)
        clear_run(&c->runs[i]);
    for (size_t i = 0; i < c->case_count; i++)
        free(c->cases[i].cells);
    free(c->runs);
    free(c->cases);
    *c = (struct comparison){0};
}
