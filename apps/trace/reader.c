#include "apps/trace/reader.h"

#include "apps/trace/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_START = 64 << 10 };

struct trace_reader {
    FILE *file;
    const char *name; /* for sentences; borrowed */
    char *line;       /* `size` bytes, of which `len` are in use */
    size_t len, size;
    uint64_t number; /* of the line; 0 before the first */
    bool was_cut, ended;
    struct value_memory memory;
};

struct trace_reader *trace_reader_open(const char *path, const struct errbuf *why)
{
    struct trace_reader *r = calloc(1, sizeof *r);
    bool is_input = strcmp(path, "-") == 0;

    if (r == NULL || (r->line = malloc(LINE_START)) == NULL) {
        (void)errbuf_say(why, "not enough memory");
        free(r);
        return NULL;
    }
    r->name = is_input ? "standard input" : path;
    r->size = LINE_START;
    r->file = is_input ? stdin : fopen(path, "re");
    if (r->file != NULL)
        return r;
    (void)errbuf_say(why, "cannot open %s: %s", path, strerror(errno));
    trace_reader_close(r);
    return NULL;
}

/* Twice the space. What was in the old one is overwritten: it may be secret. */
static bool grow(struct trace_reader *r)
{
    char *line = r->size >= TRACE_LINE_MAX ? NULL : malloc(2 * r->size);

    if (line == NULL)
        return false;
    memcpy(line, r->line, r->len);
    explicit_bzero(r->line, r->size);
    free(r->line);
    r->line = line;
    r->size *= 2;
    return true;
}

enum line_end { LINE_WHOLE, LINE_UNFINISHED, LINE_NONE, LINE_TOO_LONG, LINE_FAILED };

/* Read the next line; its newline is not part of it. */
static enum line_end read_line(struct trace_reader *r)
{
    int c;

    r->len = 0;
    r->number++;
    while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
        if (r->len == r->size && !grow(r))
            return LINE_TOO_LONG;
        r->line[r->len++] = (char)c;
    }
    if (c == '\n')
        return LINE_WHOLE;
    if (ferror(r->file) != 0)
        return LINE_FAILED;
    return r->len == 0 ? LINE_NONE : LINE_UNFINISHED;
}

static enum trace_result bad(struct trace_reader *r, const char *text, const struct errbuf *why)
{
    r->ended = true;
    (void)errbuf_say(why, "%s:%llu: %s", r->name, (unsigned long long)r->number, text);
    return TRACE_BAD;
}

static bool check(const struct trace_reader *r, struct trace_event *event, const struct errbuf *why)
{
    if (!schema_check(event->object, &event->kind, why))
        return false;
    if (r->number == 1 && event->kind != TRACE_HEADER)
        return errbuf_say(why, "not a trace: its first line has no \"trace\"");
    event->line = r->number;
    event->us = value_number_of(event->object, "us");
    event->conn = value_number_of(event->object, "conn");
    return true;
}

/* Nothing more in the file, or nothing more that is whole. */
static enum trace_result end(struct trace_reader *r, bool was_cut, const struct errbuf *why)
{
    if (r->number == 1)
        return bad(r, was_cut ? "not a trace, or cut off in its first line" : "the file is empty",
                   why);
    r->ended = true;
    r->was_cut = was_cut;
    return TRACE_END;
}

static enum trace_result parse(struct trace_reader *r, struct trace_event *event, bool is_whole,
                               const struct errbuf *why)
{
    char text[TRACE_SENTENCE_MAX];
    struct errbuf sentence = errbuf_in(text, sizeof text);

    event->object = value_parse(&r->memory, r->line, r->len, &sentence);
    if (event->object == NULL)
        return is_whole ? bad(r, text, why) : end(r, true, why);
    return check(r, event, &sentence) ? TRACE_EVENT : bad(r, text, why);
}

enum trace_result trace_reader_next(struct trace_reader *reader, struct trace_event *event,
                                    const struct errbuf *why)
{
    enum line_end line;

    if (reader->ended)
        return TRACE_END;
    line = read_line(reader);
    switch (line) {
    case LINE_NONE:
        return end(reader, false, why);
    case LINE_TOO_LONG:
        return bad(reader, "the line is too long for a trace", why);
    case LINE_FAILED:
        return bad(reader, strerror(errno), why);
    default:
        return parse(reader, event, line == LINE_WHOLE, why);
    }
}

bool trace_reader_was_cut(const struct trace_reader *reader)
{
    return reader->was_cut;
}

void trace_reader_close(struct trace_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->file != NULL && reader->file != stdin)
        (void)fclose(reader->file);
    explicit_bzero(reader->line, reader->size);
    free(reader->line);
    value_memory_free(&reader->memory);
    free(reader);
}
