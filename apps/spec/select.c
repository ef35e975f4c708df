#include "apps/spec/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_ROOM = 1024 };

bool id_matches(const char *id, const char *text)
{
    size_t len = strlen(text);

    return strncmp(id, text, len) == 0 && (len == 0 || id[len] == 0 || id[len] == '/' ||
                                           text[len - 1] == '/' || strchr(text, '/') != NULL);
}

static bool is_excluded(const struct selection *s, const struct spec_case *row)
{
    for (size_t i = 0; s->excluded != NULL && i < s->excluded->count; i++)
        if (id_matches(row->id, s->excluded->items[i]))
            return true;
    return false;
}

static bool is_named(const struct selection *s, const struct spec_case *row)
{
    for (size_t i = 0; i < s->count; i++)
        if (id_matches(row->id, s->ids[i]))
            return true;
    return s->count == 0;
}

static bool is_wanted(const struct selection *s, const struct spec_case *row)
{
    return (row->role & s->role) != 0 && row->level != WITHDRAWN && is_named(s, row) &&
           !is_excluded(s, row) && (!s->only_must || row->level == MUST);
}

/* Does an id or a prefix match nothing at all? */
static const char *unknown_id(const struct selection *s)
{
    for (size_t i = 0; i < s->count; i++) {
        bool found = false;

        for (const struct spec_case *const *t = spec_tables; *t != NULL; t++)
            for (const struct spec_case *row = *t; row->id != NULL; row++)
                found = found || id_matches(row->id, s->ids[i]);
        if (!found)
            return s->ids[i];
    }
    return NULL;
}

static size_t count_rows(void)
{
    size_t n = 0;

    for (const struct spec_case *const *t = spec_tables; *t != NULL; t++)
        for (const struct spec_case *row = *t; row->id != NULL; row++)
            n++;
    return n;
}

/* Bring the cases of each section together, in the order of the tables. */
static void group_by_clause(struct result *results, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++)
        for (size_t j = i + 1; j < count; j++) {
            struct result found = results[j];

            if (strcmp(results[j].row->clause, results[i].row->clause) != 0)
                continue;
            memmove(&results[i + 2], &results[i + 1], (j - i - 1) * sizeof *results);
            results[i + 1] = found;
            break;
        }
}

struct result *select_cases(const struct selection *s, size_t *count, size_t *slow_left,
                            const struct errbuf *p)
{
    struct result *results = calloc(count_rows() + 1, sizeof *results);
    const char *unknown = unknown_id(s);

    *count = *slow_left = 0;
    if (unknown != NULL || results == NULL) {
        free(results);
        errbuf_say(p, "no case has the id or the prefix '%s': see nacre-spec list",
                   unknown == NULL ? "" : unknown);
        return NULL;
    }
    for (const struct spec_case *const *t = spec_tables; *t != NULL; t++)
        for (const struct spec_case *row = *t; row->id != NULL; row++) {
            if (!is_wanted(s, row))
                continue;
            if (row->slow && !s->slow)
                ++*slow_left;
            else
                results[(*count)++].row = row;
        }
    group_by_clause(results, *count);
    return results;
}

/* ---- expectations ---- */

static bool read_verdict(const char *word, enum verdict_kind *verdict)
{
    static const enum verdict_kind allowed[] = {VERDICT_XFAIL, VERDICT_WARN, VERDICT_SKIP,
                                                VERDICT_INFO};

    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (strcmp(word, verdict_name(allowed[i])) == 0) {
            *verdict = allowed[i];
            return true;
        }
    return false;
}

/* "ID VERDICT reason". False: malformed. An empty line gives no row. */
static bool read_line_into(struct expectations *e, char *line)
{
    char id[64] = "", word[16] = "";
    struct expectation *row;
    int at = 0;

    line[strcspn(line, "#\n")] = 0;
    if (line[strspn(line, " \t")] == 0)
        return true;
    row = realloc(e->rows, (e->count + 1) * sizeof *row);
    if (row == NULL)
        return false;
    e->rows = row;
    row += e->count;
    if (sscanf(line, "%63s %15s %n", id, word, &at) < 2 || !read_verdict(word, &row->verdict) ||
        line[at] == 0)
        return false;
    (void)snprintf(row->id, sizeof row->id, "%s", id);
    (void)snprintf(row->reason, sizeof row->reason, "%s", line + at);
    e->count++;
    return true;
}

bool expectations_read(struct expectations *e, const char *file, const struct errbuf *p)
{
    FILE *in = fopen(file, "r");
    char line[LINE_ROOM];
    unsigned number = 0;
    bool good = true;

    *e = (struct expectations){0};
    if (in == NULL)
        return errbuf_say(p, "%s: cannot be read", file);
    while (good && fgets(line, sizeof line, in) != NULL) {
        number++;
        good = read_line_into(e, line) ||
               errbuf_say(p, "%s:%u: a line is: ID, xfail, warn, skip or info, and the reason",
                          file, number);
    }
    (void)fclose(in);
    return good;
}

void expectations_clear(struct expectations *e)
{
    free(e->rows);
    *e = (struct expectations){0};
}

static void apply(const struct expectation *row, struct result_head *h)
{
    bool as_known =
        row->verdict == VERDICT_XFAIL ? h->verdict == VERDICT_FAIL : h->verdict == row->verdict;

    if (as_known && row->verdict == VERDICT_XFAIL)
        h->verdict = VERDICT_XFAIL;
    else if (!as_known && (h->verdict == VERDICT_PASS || row->verdict == VERDICT_XFAIL) &&
             h->verdict != VERDICT_ERROR && h->verdict != VERDICT_SKIP)
        h->verdict = VERDICT_XPASS;
    (void)snprintf(h->reason, sizeof h->reason, "%s%.120s",
                   h->verdict == VERDICT_XPASS ? "no longer as expected: " : "", row->reason);
}

void expectations_apply(const struct expectations *e, struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < e->count; j++)
            if (results[i].done && strcmp(results[i].row->id, e->rows[j].id) == 0)
                apply(&e->rows[j], &results[i].head);
}
