/* A whole session, traced: every line is JSON, everything is there, and no secret is. */
#include "apps/observe/trace.h"

#include "apps/observe/output.h"
#include "apps/trace/reader.h"
#include "apps/trace/text_event.h"
#include "tests/support/json.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/pair.h"
#include "tests/support/real_clock.h"
#include "tests/support/scratch.h"
#include "transport/message.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECRETS = 32 };

static const char password[] = "correct-horse-7";
static const struct nacre_end over;     /* without a cause */
static void *states[2];                 /* by role */
static char secrets[SECRETS][2 * 1200]; /* in hex: what the observer reported */
static size_t secret_count, h_count;
static unsigned messages;
static char text[512];
static struct errbuf errors = {text, sizeof text};

static struct timespec clock_now; /* zeros: the real one */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(int, clock_gettime, clockid_t clock, struct timespec *now)
{
    if (clock_now.tv_sec == 0)
        return real_clock_gettime(clock, now);
    *now = clock_now;
    return 0;
}

/* The same on 32-bit machines */
OWN(int, __clock_gettime64, clockid_t clock, struct timespec *now)
{
    return __wrap_clock_gettime(clock, now);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void __real_output_put(const char *line, size_t len, uint64_t conn, bool message);

/* Each event is queued by itself, with the number of its connection; more lines of text than one
 * are indented. */
OWN(void, output_put, const char *line, size_t len, uint64_t conn, bool message)
{
    bool json = line[0] == '{';
    char member[32];

    ck_assert_int_eq(line[len - 1], '\n');
    for (size_t i = 0; i + 1 < len; i++)
        ck_assert(line[i] != '\n' || (!json && line[i + 1] == ' '));
    (void)snprintf(member, sizeof member, "\"conn\":%u,", (unsigned)conn);
    if (json) {
        ck_assert_int_eq(memmem(line, len, "\"conn\":", 7) != NULL, conn != 0);
        ck_assert_int_eq(memmem(line, len, member, strlen(member)) != NULL, conn != 0);
        ck_assert_int_eq(memmem(line, len, "\"event\":\"message\"", 17) != NULL, message);
    }
    __real_output_put(line, len, conn, message);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void *state_of(const void *context)
{
    const struct end *e = context;

    return states[e == &e->pair->client ? NACRE_CLIENT : NACRE_SERVER];
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    messages++;
    trace_part.sees.message(state_of(context), direction, seq, phase, payload, len);
}

static void on_negotiated(void *context, const struct nacre_negotiated *choice)
{
    trace_part.sees.negotiated(state_of(context), choice);
}

static void on_mismatch(void *context, const char *kind, const char *client, size_t client_len,
                        const char *server, size_t server_len)
{
    trace_part.sees.mismatch(state_of(context), kind, client, client_len, server, server_len);
}

static void on_phase(void *context, const char *phase)
{
    trace_part.sees.phase(state_of(context), phase);
}

static void on_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    const size_t skip = label == 'K' ? 4 : 0;

    h_count += label == 'H';
    if (label != 'H') {
        ck_assert_uint_lt(secret_count, SECRETS);
        for (size_t i = skip; i < len; i++)
            (void)snprintf(secrets[secret_count] + 2 * (i - skip), 3, "%02x", bytes[i]);
        secret_count++;
    }
    trace_part.sees.secret(state_of(context), label, bytes, len);
}

static void on_packet(void *context, enum nacre_direction direction, const uint8_t *bytes,
                      size_t len)
{
    trace_part.sees.packet(state_of(context), direction, bytes, len);
}

static const struct nacre_observer observer = {.message = on_message,
                                               .negotiated = on_negotiated,
                                               .mismatch = on_mismatch,
                                               .phase = on_phase,
                                               .secret = on_secret,
                                               .packet = on_packet};

static void check_password(void *context, struct nacre_decision *d, const char *user,
                           const char *given)
{
    (void)context;
    (void)user;
    nacre_decide(d, strcmp(given, password) == 0);
}

static void on_trouble(const char *sentence)
{
    ck_abort_msg("%s", sentence);
}

static void start(struct pair *p, bool json, bool with_secrets)
{
    const struct trace_config config = {.file = scratch_path("trace"),
                                        .program = "nacre-test",
                                        .json = json,
                                        .secrets = with_secrets,
                                        .trouble = on_trouble};

    ck_assert_msg(trace_open(&config, &errors), "%s", text);
    trace_start();
    for (int role = 0; role < 2; role++) {
        const struct observed connection = {.id = 1 + (uint64_t)role,
                                            .role = (enum nacre_role)role,
                                            .local = "127.0.0.1:22",
                                            .peer = "127.0.0.1:4000"};

        states[role] = trace_part.open(&connection);
        ck_assert_ptr_nonnull(states[role]);
    }
    pair_init(p, 1);
    p->client_config.password = password;
    p->policy.password = check_password;
    p->server_config.observer = p->client_config.observer = &observer;
}

/* A login with a password, data, a rekey, more data, the end. Returns the trace. */
static char *run(bool json, bool with_secrets)
{
    const struct nacre_end why = {.cause = NACRE_PEER_CLOSED, .text = "over"};
    struct nacre_channel *ch;
    struct pair p;

    start(&p, json, with_secrets);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_uint_eq(nacre_channel_write(ch, (const uint8_t *)"hello", 5), 5);
    pair_run(&p);
    nacre_session_rekey(p.client.session);
    pair_run(&p);
    nacre_channel_close(ch);
    pair_run(&p);
    pair_clear(&p);
    trace_part.closed(states[NACRE_CLIENT], &why);
    trace_part.closed(states[NACRE_SERVER], &why);
    trace_close();
    return scratch_read(scratch_path("trace"));
}

/* The whole line, after its time */
static void expect_line(const char *trace, const char *line)
{
    ck_assert_msg(strstr(trace, line) != NULL, "no %s in %s", line, trace);
}

START_TEST(every_message_and_event_is_a_line_of_json)
{
    char *trace = run(true, false);
    struct json *last = NULL, *inputs;

    ck_assert_ptr_nonnull(strstr(trace, "{\"trace\":1,\"program\":\"nacre-test\",\"version\":\""));
    ck_assert_uint_eq(json_lines(trace, "event", "message", &last), messages);
    ck_assert(json_get(last, "packet") != NULL);
    ck_assert_uint_eq(json_lines(trace, "event", "open", &last), 2);
    ck_assert_uint_eq(json_lines(trace, "event", "close", &last), 2);
    ck_assert(json_is(last, "text", "over"));
    ck_assert_uint_eq(json_lines(trace, "event", "identification", &last), 4);
    ck_assert(json_is(last, "text", "SSH-2.0-nacre_0.1"));
    ck_assert_uint_eq(json_lines(trace, "event", "negotiated", &last), 4);
    ck_assert_uint_eq(json_lines(trace, "event", "secret", &last), 0);
    ck_assert_uint_eq(json_lines(trace, "event", "hash", &last), h_count);
    ck_assert_uint_eq(h_count, 4); /* two exchanges at two ends */
    inputs = json_first(json_get(last, "inputs"));
    ck_assert(json_is(inputs, "name", "V_C"));
    json_free(last);
    free(trace);
}
END_TEST

START_TEST(no_secret_is_in_a_trace_unless_it_is_requested)
{
    char *trace = run(_i % 2 == 0, _i >= 2);
    unsigned found = 0;

    ck_assert_uint_ge(secret_count, 8);
    for (size_t i = 0; i < secret_count; i++)
        found += strstr(trace, secrets[i]) != NULL;
    ck_assert_uint_eq(found, _i >= 2 ? secret_count : 0);
    ck_assert_int_eq(strstr(trace, password) != NULL, _i >= 2);
    ck_assert_ptr_nonnull(strstr(trace, _i % 2 == 0 ? "\"text\":\"hello\"" : "data: 'hello'"));
    free(trace);
}
END_TEST

START_TEST(text_names_what_was_chosen_and_what_is_hashed)
{
    char *trace = run(false, false);

    ck_assert_ptr_nonnull(strstr(trace, "    kex_algorithms: *mlkem768x25519-sha256*, "));
    ck_assert_ptr_nonnull(strstr(trace, " [the client's first, and the server has it too]\n"));
    ck_assert_ptr_nonnull(strstr(trace, "hash SHA-256\n    V_C: string 5353482d"));
    ck_assert_ptr_nonnull(strstr(trace, "    K: string not shown (32 bytes)\n    H: "));
    ck_assert_ptr_nonnull(strstr(trace, "    plaintext password: not shown (15 bytes)\n"));
    free(trace);
}
END_TEST

START_TEST(a_packet_is_shown_beside_its_message)
{
    char *trace = run(true, false);
    struct json *last = NULL;
    struct bytes payload, packet;

    ck_assert_uint_gt(json_lines(trace, "event", "message", &last), 0);
    payload = json_hex(last, "payload");
    packet = json_hex(last, "packet");
    ck_assert_int_eq(json_number(json_get(last, "packet_length")), (long)packet.len);
    ck_assert_uint_gt(packet.len, payload.len + 5 + 4); /* encrypted, with a tag */
    json_free(last);
    free(trace);
}
END_TEST

/* Payloads are in their packets, after the lengths, as long as nothing is encrypted. */
START_TEST(a_packet_has_the_bytes_of_the_wire)
{
    char *trace = run(true, false);
    struct json *first;
    struct bytes payload, packet;

    strchr(strstr(trace, "\"event\":\"message\",\"dir\":\"in\""), '\n')[0] = 0;
    first = json_parse(strrchr(trace, '\n') + 1);
    ck_assert_ptr_nonnull(first);
    payload = json_hex(first, "payload");
    packet = json_hex(first, "packet");
    ck_assert_uint_gt(packet.len, payload.len + 5);
    ck_assert_uint_eq(packet.at[4], packet.len - payload.len - 5); /* the padding */
    ck_assert_mem_eq(packet.at + 5, payload.at, payload.len);
    json_free(first);
    free(trace);
}
END_TEST

START_TEST(without_memory_a_connection_is_not_traced)
{
    const struct observed connection = {.id = 9};
    void *state;
    struct pair p;

    start(&p, true, false);
    leftovers_refuse(1);
    state = trace_part.open(&connection);
    ck_assert_ptr_null(state);
    trace_part.closed(states[0], &over);
    trace_part.closed(states[1], &over);
    trace_close();
}
END_TEST

/* Each thread has a pen, which its first line needs. Nothing is asserted meanwhile: that would
 * allocate. */
static void *without_pen(void *unused)
{
    static const uint8_t packet[] = {SSH_MSG_IGNORE, 0, 0, 0, 0}, secret[32] = {1};
    static const struct nacre_negotiated choice = {.kex = "curve25519-sha256"};
    static const struct observed connection = {.id = 3};
    const struct nacre_observer *sees = &trace_part.sees;
    void *opened;

    leftovers_refuse(2); /* after its state */
    opened = trace_part.open(&connection);
    leftovers_refuse(1);
    sees->packet(states[0], NACRE_RECEIVED, (const uint8_t *)"SSH-2.0-x\r\n", 11);
    leftovers_refuse(1);
    sees->phase(states[0], "auth");
    leftovers_refuse(1);
    sees->limited(states[0], NACRE_LIMIT_WINDOW);
    leftovers_refuse(1);
    sees->negotiated(states[0], &choice);
    leftovers_refuse(1);
    sees->mismatch(states[0], "cipher", "a", 1, "b", 1);
    leftovers_refuse(1);
    sees->secret(states[0], 'X', secret, sizeof secret);
    leftovers_refuse(1);
    sees->message(states[0], NACRE_RECEIVED, 0, "kex", packet, sizeof packet);
    leftovers_refuse(1);
    trace_part.closed(states[0], &over);
    return unused == NULL ? opened : NULL;
}

START_TEST(without_memory_for_a_line_it_is_not_written)
{
    char *trace, *expected;
    pthread_t thread;
    struct pair p;
    void *opened;

    start(&p, true, true);
    trace_part.closed(states[1], &over);
    ck_assert_int_eq(pthread_create(&thread, NULL, without_pen, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &opened), 0);
    ck_assert_ptr_null(opened);
    trace_close();
    trace = scratch_read(scratch_path("trace"));
    expected = strstr(trace, "\"event\":\"close\"");
    ck_assert_ptr_nonnull(expected);
    ck_assert_str_eq(strchr(expected, '\n'), "\n"); /* the last line */
    ck_assert_ptr_null(strstr(trace, "\"conn\":3"));
    free(trace);
}
END_TEST

START_TEST(without_memory_there_is_no_trace)
{
    const struct trace_config config = {
        .file = scratch_path("trace"), .program = "nacre-test", .trouble = on_trouble};
    bool opened;

    for (unsigned n = 1; n <= 2; n++) { /* the queue, and a pen */
        text[0] = 0;
        leftovers_refuse(n);
        opened = trace_open(&config, &errors);
        leftovers_refuse(0);
        ck_assert(!opened);
        ck_assert_str_eq(text, "out of memory");
    }
    trace_close(); /* does nothing */
}
END_TEST

/* Microseconds since the trace was opened; the nanoseconds may be less than then. */
START_TEST(lines_have_the_time_since_the_beginning)
{
    static const struct {
        struct timespec now;
        const char *us;
    } rows[] = {
        {{100, 999999000}, "{\"us\":0,"},
        {{101, 0}, "{\"us\":1,"},
        {{101, 999998999}, "{\"us\":999999,"},
        {{103, 999999999}, "{\"us\":3000000,"},
    };
    char *trace, *at;
    struct pair p;

    clock_now = rows[0].now;
    start(&p, true, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clock_now = rows[i].now;
        trace_part.sees.phase(states[0], "auth");
    }
    clock_now = (struct timespec){0};
    trace_part.closed(states[0], &over);
    trace_part.closed(states[1], &over);
    trace_close();
    at = trace = scratch_read(scratch_path("trace"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        at = strstr(at, "\"event\":\"phase\"");
        ck_assert_ptr_nonnull(at);
        while (*at != '\n')
            at--;
        ck_assert_msg(strncmp(at + 1, rows[i].us, strlen(rows[i].us)) == 0, "%s in %s", rows[i].us,
                      at);
        at = strchr(at + 1, '\n');
    }
    free(trace);
}
END_TEST

START_TEST(a_password_that_is_sent_unencrypted_is_not_in_the_packet)
{
    static const uint8_t line[] = "SSH-2.0-x\r\n";
    static const uint8_t request[] = {50,  0, 0, 0, 1,   'u', 0,   0,   0,   1,   's',
                                      0,   0, 0, 8, 'p', 'a', 's', 's', 'w', 'o', 'r',
                                      'd', 0, 0, 0, 0,   4,   'X', 'Y', 'Z', '9'};
    struct pair p;
    char *trace;

    start(&p, true, false);
    trace_part.sees.packet(states[0], NACRE_RECEIVED, (const uint8_t *)"\n", 1);
    trace_part.sees.packet(states[0], NACRE_RECEIVED, line, sizeof line - 1);
    trace_part.sees.packet(states[0], NACRE_RECEIVED, request, sizeof request);
    trace_part.sees.message(states[0], NACRE_RECEIVED, 0, "kexinit", request, sizeof request);
    trace_part.closed(states[0], &over);
    trace_part.closed(states[1], &over);
    trace_close();
    trace = scratch_read(scratch_path("trace"));
    expect_line(trace, ",\"event\":\"line\",\"dir\":\"in\",\"text\":\"\",\"bytes\":\"0a\"}\n");
    ck_assert_ptr_nonnull(strstr(trace, "\"secret\":true"));
    ck_assert_ptr_nonnull(strstr(trace, "00000004--------\""));
    ck_assert_ptr_null(strstr(trace, "58595a39"));
    free(trace);
}
END_TEST

START_TEST(lists_without_a_common_name_are_shown)
{
    struct json *last = NULL;
    struct pair p;
    char *trace;

    start(&p, true, false);
    p.client_config.kex = "curve25519-sha256";
    p.server_config.kex = "ecdh-sha2-nistp256";
    pair_start(&p);
    pair_run(&p);
    pair_clear(&p);
    trace_part.closed(states[0], &over);
    trace_part.closed(states[1], &over);
    trace_close();
    trace = scratch_read(scratch_path("trace"));
    ck_assert_uint_gt(json_lines(trace, "event", "mismatch", &last), 0);
    ck_assert(json_is(last, "kind", "key exchange"));
    expect_line(trace, "\"client\":\"curve25519-sha256,");
    expect_line(trace, "\"server\":\"ecdh-sha2-nistp256,");
    ck_assert_ptr_nonnull(strstr(trace, "\"why\":\"no name in common\""));
    json_free(last);
    free(trace);
}
END_TEST

START_TEST(each_event_has_its_members)
{
    char *trace = run(true, true), secret[4096];

    for (unsigned conn = 1; conn <= 2; conn++) {
        (void)snprintf(secret, sizeof secret,
                       ",\"conn\":%u,\"event\":\"open\",\"role\":\"%s\","
                       "\"local\":\"127.0.0.1:22\",\"peer\":\"127.0.0.1:4000\"}\n",
                       conn, conn == 1 + NACRE_SERVER ? "server" : "client");
        expect_line(trace, secret);
        (void)snprintf(secret, sizeof secret,
                       ",\"conn\":%u,\"event\":\"close\",\"why\":\"peer closed\","
                       "\"text\":\"over\"}\n",
                       conn);
        expect_line(trace, secret);
    }
    for (int out = 0; out < 2; out++) {
        (void)snprintf(secret, sizeof secret,
                       ",\"event\":\"identification\",\"dir\":\"%s\","
                       "\"text\":\"SSH-2.0-nacre_0.1\","
                       "\"bytes\":\"5353482d322e302d6e616372655f302e310d0a\"}\n",
                       out ? "out" : "in");
        expect_line(trace, secret);
    }
    (void)snprintf(secret, sizeof secret, ",\"event\":\"secret\",\"label\":\"K\",\"hex\":\"");
    expect_line(trace, secret);
    free(trace);
}
END_TEST

/* Nobody reads until the queue is full. */
START_TEST(what_is_left_out_is_counted)
{
    enum { MESSAGES = 400, LEN = 32768 };
    static uint8_t message[LEN] = {SSH_MSG_IGNORE};
    const struct trace_config config = {.file = scratch_path("trace"),
                                        .program = "nacre-test",
                                        .json = true,
                                        .data = true,
                                        .trouble = on_trouble};
    const struct observed connection = {.id = 1, .local = "", .peer = ""};
    struct json *last = NULL;
    unsigned written;
    void *state;
    char *trace;

    ck_assert_msg(trace_open(&config, &errors), "%s", text);
    state = trace_part.open(&connection);
    ck_assert_ptr_nonnull(state);
    for (unsigned i = 0; i < MESSAGES; i++)
        trace_part.sees.message(state, NACRE_SENT, i, "connection", message, sizeof message);
    trace_part.closed(state, &over);
    trace_start();
    trace_close();
    trace = scratch_read(scratch_path("trace"));
    written = json_lines(trace, "event", "message", &last);
    ck_assert_uint_gt(written, 10);
    ck_assert_uint_eq(json_lines(trace, "event", "gap", &last), 1);
    ck_assert_int_eq(json_number(json_get(last, "messages")), (long)(MESSAGES - written));
    ck_assert_int_eq(json_number(json_get(last, "others")), 1);
    json_free(last);
    free(trace);
}
END_TEST

/* Times at the start of lines, and that of the header, become zeros. */
static void blank_times(char *trace)
{
    for (char *line = trace; line != NULL && *line != 0; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "trace of ", 9) == 0)
            line = strstr(line, "begun ") + 6;
        for (char *at = line; *at >= '-' && *at <= 'Z'; at++)
            *at = '0';
    }
}

/* What nacre-trace text prints of a trace in JSON. */
static char *text_of(const char *json)
{
    static char line[1 << 20];
    struct text_printer p = {.line = line_in(line, sizeof line)};
    struct trace_reader *reader =
        trace_reader_open(scratch_write("trace.json", json, 0600), &errors);
    struct trace_event event;
    char *printed = NULL;
    size_t len;
    FILE *out = open_memstream(&printed, &len);

    ck_assert(reader != NULL && out != NULL);
    while (trace_reader_next(reader, &event, &errors) == TRACE_EVENT) {
        text_put(&p, &event);
        (void)fwrite(p.line.at, 1, p.line.len, out);
    }
    (void)fclose(out);
    trace_reader_close(reader);
    text_printer_clear(&p);
    return printed;
}

START_TEST(a_trace_in_json_is_printed_as_a_trace_in_text)
{
    char *json = run(true, _i == 1), *expected = run(false, _i == 1), *printed = text_of(json);

    blank_times(expected);
    blank_times(printed);
    ck_assert_str_eq(printed, expected);
    free(json);
    free(expected);
    free(printed);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, every_message_and_event_is_a_line_of_json);
    add_loop(suite, no_secret_is_in_a_trace_unless_it_is_requested, 0, 4);
    add_test(suite, text_names_what_was_chosen_and_what_is_hashed);
    add_test(suite, a_packet_is_shown_beside_its_message);
    add_test(suite, a_packet_has_the_bytes_of_the_wire);
    add_test(suite, without_memory_a_connection_is_not_traced);
    add_test(suite, without_memory_for_a_line_it_is_not_written);
    add_test(suite, without_memory_there_is_no_trace);
    add_test(suite, lines_have_the_time_since_the_beginning);
    add_test(suite, a_password_that_is_sent_unencrypted_is_not_in_the_packet);
    add_test(suite, each_event_has_its_members);
    add_test(suite, what_is_left_out_is_counted);
    add_test(suite, lists_without_a_common_name_are_shown);
    add_loop(suite, a_trace_in_json_is_printed_as_a_trace_in_text, 0, 2);
}
