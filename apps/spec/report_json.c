/* JSON lines: the first describes the run, each other one is a case. */
#include "apps/spec/report.h"

#include <stdlib.h>
#include <string.h>

/* A byte that is not ASCII stands for the character with its number: a peer may send any. */
static void put_string(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (const char *at = text; *at != 0; at++) {
        unsigned char c = (unsigned char)*at;

        if (c == '"' || c == '\\')
            (void)fprintf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            (void)fprintf(out, "\\u%04x", (unsigned)c);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

static void put_member(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, "\"%s\": ", name);
    put_string(out, text);
    (void)fputs(", ", out);
}

/* Texts that are separated by one character, without the blanks around them. */
static void put_array(FILE *out, const char *name, const char *texts, char separator)
{
    const char stop[] = {separator, 0};
    bool first = true;

    (void)fprintf(out, "\"%s\": [", name);
    while (*texts != 0) {
        size_t len = strcspn(texts, stop), lead = strspn(texts, " "), used = len;
        char item[512];

        while (used > lead && texts[used - 1] == ' ')
            used--;
        (void)snprintf(item, sizeof item, "%.*s", (int)(used - lead), texts + lead);
        (void)fputs(first ? "" : ", ", out);
        put_string(out, item);
        first = false;
        texts += len + (texts[len] == separator);
    }
    (void)fputs("]", out);
}

static void put_run(FILE *out, const struct report *r)
{
    const struct setting *s = r->run->setting;

    (void)fputs("{\"run\": {", out);
    put_member(out, "version", NACRE_VERSION);
    put_member(out, "role", s->tested == NACRE_SERVER ? "server" : "client");
    put_member(out, "peer", s->facts.ident);
    put_member(out, "target", s->target);
    (void)fprintf(out, "\"seed\": %u, \"facts\": {", (unsigned)s->seed);
    put_array(out, "kex", s->facts.theirs.list[LIST_KEX], ',');
    (void)fputs(", ", out);
    put_array(out, "host_key", s->facts.theirs.list[LIST_HOST_KEY], ',');
    (void)fputs(", ", out);
    put_array(out, "cipher", s->facts.theirs.list[LIST_CIPHER_TO_SERVER], ',');
    (void)fputs(", ", out);
    put_array(out, "mac", s->facts.theirs.list[LIST_MAC_TO_SERVER], ',');
    (void)fprintf(out, ", \"strict\": %s, ", s->facts.strict ? "true" : "false");
    put_array(out, "methods", s->facts.methods, ',');
    (void)fputs("}}}\n", out);
}

/* The last messages. Where nothing was wrong, without their bytes. */
static void put_last(FILE *out, const struct report *r, const struct result *one)
{
    enum verdict_kind verdict = one->head.verdict;
    bool bytes = r->verbose || verdict_is_bad(verdict) || verdict == VERDICT_WARN;
    char *names = bytes ? NULL : strdup(one->text);
    char *to = names;

    for (const char *line = names; line != NULL && *line != 0;) {
        size_t len = strcspn(line, "\n");
        const char *packet = memchr(line, '#', len); /* "...  #7  1234" */
        size_t kept = packet == NULL ? len : (size_t)(packet - line) + strcspn(packet, " \n");

        memmove(to, line, kept);
        to += kept;
        *to++ = '\n';
        line += len + (line[len] == '\n');
    }
    if (to != NULL)
        *to = 0;
    put_array(out, "last", names == NULL ? one->text : names, '\n');
    (void)fputs(", ", out);
    free(names);
}

static void put_case(FILE *out, const struct report *r, const struct result *one)
{
    const struct spec_case *row = one->row;

    (void)fputc('{', out);
    put_member(out, "id", row->id);
    put_member(out, "level", level_name(row->level));
    put_member(out, "clause", row->clause);
    put_array(out, "requirements", row->requirements, ' ');
    (void)fputs(", ", out);
    put_member(out, "title", row->title);
    put_member(out, "verdict", verdict_name(one->head.verdict));
    put_array(out, "expected", row->expected, '|');
    (void)fputs(", ", out);
    put_member(out, "observed", one->head.observed);
    if (one->head.reason[0] != 0)
        put_member(out, "reason", one->head.reason);
    if (row->note != NULL)
        put_member(out, "note", row->note);
    if (one->text != NULL)
        put_last(out, r, one);
    (void)fprintf(out, "\"ms\": %u}\n", (unsigned)one->head.ms);
}

void report_json(FILE *out, const struct report *r)
{
    put_run(out, r);
    for (size_t i = 0; i < r->run->count; i++)
        if (r->run->results[i].done)
            put_case(out, r, &r->run->results[i]);
}
