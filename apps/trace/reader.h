/* Reading a trace in JSON, schema 1 (nacre-trace(5)): one event after the other, each checked
 * against the schema. Events and members that the schema does not have are passed on unchecked. */
#ifndef NACRE_APPS_TRACE_READER_H
#define NACRE_APPS_TRACE_READER_H

#include "apps/session/errbuf.h"
#include "apps/trace/value.h"

enum {
    TRACE_SCHEMA = 1,
    TRACE_LINE_MAX =
        8 << 20, /* bytes; a message with all its data and fields has fewer than 2 MiB */
    TRACE_SENTENCE_MAX = 1024, /* bytes of a sentence about a mistake */
};

enum trace_kind {
    TRACE_HEADER, /* the first line; again where another program's trace was appended */
    TRACE_OPEN,
    TRACE_IDENTIFICATION,
    TRACE_MESSAGE,
    TRACE_NEGOTIATED,
    TRACE_HASH,
    TRACE_SECRET,
    TRACE_PHASE,
    TRACE_GAP,
    TRACE_CLOSE,
    TRACE_OTHER, /* not in the schema */
};

struct trace_event {
    enum trace_kind kind;
    uint64_t line;              /* its number in the file, from 1 */
    uint64_t us, conn;          /* 0 in a header */
    const struct value *object; /* the whole line, with the members that nacre-trace(5) lists */
};

enum trace_result {
    TRACE_EVENT,
    TRACE_END, /* of the file, or where its last line is cut off: trace_reader_was_cut */
    TRACE_BAD, /* *why has a sentence, which begins with the file's name and the line */
};

struct trace_reader;

/* Open a file; "-" is standard input. NULL: *why has a sentence. */
struct trace_reader *trace_reader_open(const char *path, const struct errbuf *why);

/* The next event. It lives until the next call. After TRACE_END or TRACE_BAD there are no more. */
enum trace_result trace_reader_next(struct trace_reader *reader, struct trace_event *event,
                                    const struct errbuf *why);

/* After TRACE_END: did the file end in the middle of a line, which is left out? */
bool trace_reader_was_cut(const struct trace_reader *reader);

/* NULL does nothing. */
void trace_reader_close(struct trace_reader *reader);

#endif
