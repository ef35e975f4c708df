#include "apps/trace/commands.h"
#include "apps/trace/diff_fields.h"
#include "apps/trace/reader.h"
#include "apps/trace/visible.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Exit statuses, as those of diff(1) */
enum { SAME, DIFFERENT, TROUBLE };

enum { CONNECTION_FIRST = 80, CONNECTION_LAST = 127 }; /* RFC 4250 section 4.1 */

/* What is compared with the same part of the other trace. The order in which messages of both sides
 * cross is a matter of chance, so each side has its own sequence. */
enum part { FROM_CLIENT, FROM_SERVER, OUTCOME, PARTS };

static const char *const part_names[] = {
    [FROM_CLIENT] = "from the client",
    [FROM_SERVER] = "from the server",
    [OUTCOME] = "of the outcome",
};

/* One of the traces, read up to the events of one part. */
struct stream {
    struct trace_reader *reader;
    struct trace_event event;
    const struct trace_options *options;
    uint64_t conn; /* 0: not known yet */
    bool is_server, is_over, has_failed;
};

static bool belongs(const struct stream *s, enum part part)
{
    bool is_sent = strcmp(value_text_of(s->event.object, "dir"), "out") == 0;

    switch (s->event.kind) {
    case TRACE_IDENTIFICATION:
    case TRACE_MESSAGE:
        return part == (is_sent == s->is_server ? FROM_SERVER : FROM_CLIENT);
    case TRACE_NEGOTIATED:
    case TRACE_CLOSE:
        return part == OUTCOME;
    default:
        return false;
    }
}

/* Does the handshake end before this message? */
static bool is_past_handshake(const struct stream *s)
{
    uint64_t number = value_number_of(s->event.object, "number");

    return s->event.kind == TRACE_MESSAGE && number >= CONNECTION_FIRST &&
           number <= CONNECTION_LAST && !s->options->whole;
}

/* Go to the next event of the part; afterwards s->is_over, or s->event is it. */
static void next(struct stream *s, enum part part)
{
    char text[TRACE_SENTENCE_MAX];
    struct errbuf why = errbuf_in(text, sizeof text);

    while (!s->is_over) {
        enum trace_result result = trace_reader_next(s->reader, &s->event, &why);

        if (result == TRACE_BAD) {
            (void)fprintf(stderr, "nacre-trace: %s\n", text);
            s->has_failed = true;
        }
        s->is_over = result != TRACE_EVENT;
        if (s->is_over || s->event.conn == 0)
            continue;
        if (s->conn == 0)
            s->conn = s->event.conn;
        if (s->event.conn != s->conn)
            continue;
        if (s->event.kind == TRACE_OPEN)
            s->is_server = strcmp(value_text_of(s->event.object, "role"), "server") == 0;
        if (!belongs(s, part))
            continue;
        s->is_over = is_past_handshake(s);
        return;
    }
}

static const char *name_of(const struct stream *s)
{
    const char *name = value_text_of(s->event.object, "name");

    if (s->event.kind != TRACE_MESSAGE)
        return value_text_of(s->event.object, "event");
    if (name[0] == 0)
        return "unknown message";

    return strncmp(name, "SSH_MSG_", 8) == 0 ? name + 8 : name;
}

/* ---- one part of both traces ---- */

struct comparison {
    char *text; /* about the differences; freed by the caller */
    size_t text_len;
    uint64_t first; /* the line of A with the first difference; 0: there is none */
    uint64_t same;  /* events before it */
};

static void begin_difference(FILE *out, struct comparison *c, const struct stream *a,
                             const struct stream *b, enum part part)
{
    uint64_t line = a->event.line;

    if (c->first == 0)
        c->first = line;
    if (!a->is_over)
        (void)fprintf(out, "%s %s (A:%" PRIu64, name_of(a), part_names[part], line);
    else
        (void)fprintf(out, "%s %s (not in A", name_of(b), part_names[part]);
    if (!b->is_over)
        (void)fprintf(out, ", B:%" PRIu64 "):\n", b->event.line);
    else
        (void)fprintf(out, ", not in B):\n");
}

static bool diff_event(FILE *out, const struct stream *a, const struct stream *b)
{
    static const char *const negotiated[] = {"kex",
                                             "host_key",
                                             "cipher_client_to_server",
                                             "cipher_server_to_client",
                                             "mac_client_to_server",
                                             "mac_server_to_client",
                                             "strict",
                                             NULL};
    static const char *const closed[] = {"why", NULL};

    if (a->event.kind == TRACE_NEGOTIATED)
        return diff_members(out, a->event.object, b->event.object, negotiated);
    if (a->event.kind == TRACE_CLOSE)
        return diff_members(out, a->event.object, b->event.object, closed);
    return diff_fields(out, a->event.object, b->event.object);
}

/* Compare two events. False: what follows cannot be compared. */
static bool compare_events(FILE *out, struct comparison *c, struct stream *a, struct stream *b,
                           enum part part)
{
    char *text = NULL;
    size_t len = 0;
    FILE *details;
    bool differs;

    if (a->is_over || b->is_over || strcmp(name_of(a), name_of(b)) != 0) {
        begin_difference(out, c, a, b, part);
        (void)fprintf(out, "    A has %s, B has %s\n", a->is_over ? "ended" : name_of(a),
                      b->is_over ? "ended" : name_of(b));
        return false;
    }
    details = open_memstream(&text, &len);
    differs = details != NULL && diff_event(details, a, b);
    if (details != NULL)
        (void)fclose(details);
    if (differs) {
        begin_difference(out, c, a, b, part);
        (void)fwrite(text, 1, len, out);
    }
    c->same += c->first == 0;
    free(text);
    return true;
}

static bool open_stream(struct stream *s, const char *path, const struct trace_options *options)
{
    char text[TRACE_SENTENCE_MAX];
    struct errbuf why = errbuf_in(text, sizeof text);

    *s = (struct stream){.options = options, .conn = options->conn, .is_server = true};
    s->reader = trace_reader_open(path, &why);
    if (s->reader == NULL)
        (void)fprintf(stderr, "nacre-trace: %s\n", text);
    return s->reader != NULL;
}

/* False: a trace cannot be read. */
static bool compare_part(struct comparison *c, enum part part, const struct trace_options *options,
                         char **files)
{
    FILE *out = open_memstream(&c->text, &c->text_len);
    struct stream a = {0}, b = {0};
    bool good =
        out != NULL && open_stream(&a, files[0], options) && open_stream(&b, files[1], options);

    while (good) {
        next(&a, part);
        next(&b, part);
        if ((a.is_over && b.is_over) || !compare_events(out, c, &a, &b, part))
            break;
    }
    good = good && !a.has_failed && !b.has_failed;
    trace_reader_close(a.reader);
    trace_reader_close(b.reader);
    if (out != NULL)
        (void)fclose(out);
    return good;
}

/* The side whose difference comes first in A, then the other one, then the outcome. */
static void print(const struct comparison c[PARTS])
{
    bool client_first = c[FROM_SERVER].first == 0 ||
                        (c[FROM_CLIENT].first != 0 && c[FROM_CLIENT].first <= c[FROM_SERVER].first);
    const enum part order[] = {client_first ? FROM_CLIENT : FROM_SERVER,
                               client_first ? FROM_SERVER : FROM_CLIENT, OUTCOME};

    for (size_t i = 0; i < PARTS; i++)
        if (c[order[i]].text != NULL)
            visible_print(stdout, c[order[i]].text, c[order[i]].text_len);
    for (enum part part = FROM_CLIENT; part < OUTCOME; part++)
        (void)printf("%" PRIu64 " %s %s %s the same%s\n", c[part].same,
                     c[part].same == 1 ? "message" : "messages", part_names[part],
                     c[part].same == 1 ? "is" : "are",
                     c[part].first != 0 ? " before the first difference" : "");
}

int diff_run(const struct trace_options *options, char **files)
{
    struct comparison c[PARTS] = {{0}};
    int status = SAME;

    if (strcmp(files[0], "-") == 0 || strcmp(files[1], "-") == 0) {
        (void)fprintf(stderr,
                      "nacre-trace: diff reads its traces more than once: give files, not '-'\n");
        return TROUBLE;
    }
    for (enum part part = 0; part < PARTS && status != TROUBLE; part++)
        if (!compare_part(&c[part], part, options, files))
            status = TROUBLE;
        else if (c[part].first != 0)
            status = DIFFERENT;
    if (status != TROUBLE)
        print(c);
    for (enum part part = 0; part < PARTS; part++)
        free(c[part].text);
    return status;
}
