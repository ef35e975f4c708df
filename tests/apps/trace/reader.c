#include "apps/trace/reader.h"
#include "tests/support/leftovers.h"
#include "tests/support/scratch.h"
#include "tests/support/standard_input.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define HEADER "{\"trace\":1,\"program\":\"nacre-echo\",\"version\":\"0.1\"}\n"
#define MESSAGE                                                                                    \
    "{\"us\":20,\"conn\":3,\"event\":\"message\",\"dir\":\"in\",\"seq\":0,\"number\":98,"          \
    "\"name\":\"SSH_MSG_CHANNEL_REQUEST\",\"length\":9,\"fields\":[{\"name\":\"recipient "         \
    "channel\",\"type\":\"uint32\",\"at\":1,\"len\":4,\"value\":0}],\"payload\":\"6200--\"}"

static char sentence[TRACE_SENTENCE_MAX];
static const struct errbuf why = {sentence, sizeof sentence};

static struct trace_reader *open_text(const char *text)
{
    struct trace_reader *reader = trace_reader_open(scratch_write("trace.json", text, 0600), &why);

    ck_assert_ptr_nonnull(reader);
    return reader;
}

/* Read to the end. Returns the last result; *count is the number of events. */
static enum trace_result read_all(const char *text, unsigned *count, bool *was_cut)
{
    struct trace_reader *reader = open_text(text);
    enum trace_result result;
    struct trace_event event;

    *count = 0;
    while ((result = trace_reader_next(reader, &event, &why)) == TRACE_EVENT)
        ++*count;
    *was_cut = trace_reader_was_cut(reader);
    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_END);
    trace_reader_close(reader);
    return result;
}

START_TEST(events_are_read_in_order)
{
    struct trace_reader *reader =
        open_text(HEADER MESSAGE "\n{\"us\":21,\"conn\":3,\"event\":\"new\"}\n");
    struct trace_event event;

    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_EVENT);
    ck_assert_int_eq(event.kind, TRACE_HEADER);
    ck_assert_str_eq(value_text_of(event.object, "program"), "nacre-echo");
    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_EVENT);
    ck_assert_int_eq(event.kind, TRACE_MESSAGE);
    ck_assert_uint_eq(event.line, 2);
    ck_assert_uint_eq(event.us, 20);
    ck_assert_uint_eq(event.conn, 3);
    ck_assert_uint_eq(value_number_of(value_get(event.object, "fields")->first, "len"), 4);
    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_EVENT);
    ck_assert_int_eq(event.kind, TRACE_OTHER);
    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_END);
    ck_assert(!trace_reader_was_cut(reader));
    trace_reader_close(reader);
}
END_TEST

START_TEST(a_trace_cut_off_anywhere_is_read_up_to_there)
{
    static const char whole[] = HEADER MESSAGE "\n" MESSAGE "\n";
    const size_t header = strlen(HEADER), message = strlen(MESSAGE "\n");

    for (size_t n = header; n < sizeof whole; n++) {
        char text[sizeof whole] = "";
        unsigned count;
        bool was_cut;

        memcpy(text, whole, n);
        ck_assert_int_eq(read_all(text, &count, &was_cut), TRACE_END);
        /* a line that lacks only its newline is whole */
        ck_assert_uint_eq(count, 1 + (n + 1 - header) / message);
        ck_assert(was_cut == ((n - header) % message != 0 && (n + 1 - header) % message != 0));
    }
}
END_TEST

START_TEST(a_line_may_be_long_but_not_endless)
{
    size_t header = strlen(HEADER), len = TRACE_LINE_MAX + 100;
    char *text = malloc(header + len + 1);
    unsigned count;
    bool was_cut;

    ck_assert_ptr_nonnull(text);
    memcpy(text, HEADER, header);
    memset(text + header, ' ', len);
    text[header + len] = 0;
    ck_assert_int_eq(read_all(text, &count, &was_cut), TRACE_BAD);
    assert_says(sentence, "trace.json:2: the line is too long");
    memcpy(text + header + 1000000, MESSAGE, strlen(MESSAGE));
    text[header + 2000000] = 0;
    ck_assert_int_eq(read_all(text, &count, &was_cut), TRACE_END);
    ck_assert_uint_eq(count, 2);
    free(text);
}
END_TEST

START_TEST(what_is_not_a_trace_is_refused)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", ":1: the file is empty"},
        {"SSH-2.0-x", ":1: not a trace, or cut off in its first line"},
        {"SSH-2.0-x\r\n", ":1: not JSON as a trace has it: column 1"},
        {"[]\n", ":1: the line is not an object"},
        {"{\"us\":1,\"conn\":1,\"event\":\"close\"}\n", ":1: not a trace: its first line"},
        {"{\"trace\":2}\n", ":1: this is a trace of schema 2"},
        {"{\"trace\":\"1\"}\n", ":1: \"trace\" is not a number"},
        {HEADER "\n", ":2: not JSON as a trace has it"},
        {HEADER "{}\n", ":2: \"us\" is missing"},
        {HEADER "{\"us\":1}\n", ":2: \"event\" is missing"},
        {HEADER MESSAGE "}\n", ":2: not JSON as a trace has it: column "},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unsigned count;
        bool was_cut;

        ck_assert_int_eq(read_all(bad[i].text, &count, &was_cut), TRACE_BAD);
        assert_says(sentence, bad[i].says);
    }
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
    struct trace_event event;
    struct trace_reader *reader = trace_reader_open("/", &why);

    ck_assert_ptr_null(trace_reader_open(scratch_path("none"), &why));
    assert_says(sentence, "none: No such file");
    ck_assert_ptr_nonnull(reader);
    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_BAD);
    assert_says(sentence, "Is a directory");
    trace_reader_close(reader);
    trace_reader_close(NULL);
}
END_TEST

START_TEST(without_memory_no_trace_is_read)
{
    const char *path = scratch_write("trace.json", HEADER, 0600);
    struct trace_reader *reader;

    for (unsigned n = 1; n <= 2; n++) {
        sentence[0] = 0;
        leftovers_refuse(n);
        reader = trace_reader_open(path, &why);
        leftovers_refuse(0);
        ck_assert_ptr_null(reader);
        ck_assert_str_eq(sentence, "not enough memory");
    }
}
END_TEST

/* The limit is that of memory: 8 MiB, doubled from 64 KiB. */
START_TEST(a_line_is_too_long_beyond_its_limit)
{
    enum { LONGEST = 8 << 20 };
    size_t header = strlen(HEADER), message = strlen(MESSAGE);
    char *text = malloc(header + LONGEST + 3);
    unsigned count;
    bool was_cut;

    ck_assert_ptr_nonnull(text);
    memcpy(text, HEADER, header);
    memset(text + header, ' ', LONGEST + 1);
    memcpy(text + header + LONGEST - message, MESSAGE, message);
    text[header + LONGEST] = '\n';
    text[header + LONGEST + 1] = 0;
    ck_assert_int_eq(read_all(text, &count, &was_cut), TRACE_END);
    ck_assert_uint_eq(count, 2);
    text[header + LONGEST] = ' ';
    text[header + LONGEST + 1] = '\n';
    text[header + LONGEST + 2] = 0;
    ck_assert_int_eq(read_all(text, &count, &was_cut), TRACE_BAD);
    assert_says(sentence, "trace.json:2: the line is too long");
    free(text);
}
END_TEST

/* Not even where a long line was before it became longer. */
START_TEST(no_line_is_left_in_memory)
{
    enum { LEN = 300000 };
    char *text = malloc(LEN + 1);
    struct trace_reader *reader;
    struct trace_event event;

    ck_assert_ptr_nonnull(text);
    memset(text, ' ', LEN);
    text[LEN] = 0;
    memcpy(text, HEADER, strlen(HEADER));
    memcpy(text + strlen(HEADER) + 1000, MESSAGE, strlen(MESSAGE));
    reader = open_text(text);
    free(text);
    leftovers_secret("6200--", 6);
    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_EVENT);
    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_EVENT);
    trace_reader_close(reader);
}
END_TEST

START_TEST(a_trace_may_come_from_standard_input)
{
    int file = open(scratch_write("trace.json", HEADER "x\n", 0600), O_RDONLY | O_CLOEXEC);
    struct trace_reader *reader;
    struct trace_event event;

    ck_assert_int_eq(dup2(file, STDIN_FILENO), STDIN_FILENO);
    (void)close(file);
    reader = trace_reader_open("-", &why);
    ck_assert_ptr_nonnull(reader);
    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_EVENT);
    ck_assert_int_eq(trace_reader_next(reader, &event, &why), TRACE_BAD);
    assert_says(sentence, "standard input:2: not JSON");
    trace_reader_close(reader);
    ck_assert_int_ge(fcntl(STDIN_FILENO, F_GETFD), 0); /* is still open */
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    scratch_folder(suite);
    add_test(suite, events_are_read_in_order);
    add_test(suite, a_trace_cut_off_anywhere_is_read_up_to_there);
    add_test(suite, a_line_may_be_long_but_not_endless);
    add_test(suite, what_is_not_a_trace_is_refused);
    add_test(suite, a_file_that_cannot_be_read_is_named);
    add_test(suite, without_memory_no_trace_is_read);
    add_test(suite, a_line_is_too_long_beyond_its_limit);
    add_test(suite, no_line_is_left_in_memory);
    add_test(suite, a_trace_may_come_from_standard_input);
}
