/* A capture of whole sessions: its streams are the bytes of the wire, and its secrets come in time.
 */
#include "apps/observe/capture.h"
#include "tests/support/captured.h"
#include "tests/support/child.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/pair.h"
#include "tests/support/real_clock.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { PORT_CLIENT = 50000 };

#define TIME_US UINT64_C(1700000000999999) /* of all packets */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(int, clock_gettime, clockid_t clock, struct timespec *now)
{
    if (clock != CLOCK_REALTIME)
        return real_clock_gettime(clock, now);
    *now = (struct timespec){.tv_sec = 1700000000, .tv_nsec = 999999999};
    return 0;
}

/* The same on 32-bit machines */
OWN(int, __clock_gettime64, clockid_t clock, struct timespec *now)
{
    return __wrap_clock_gettime(clock, now);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static bool creates_threads = true;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);

OWN(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
    void *argument)
{
    return creates_threads ? __real_pthread_create(thread, attributes, run, argument) : EAGAIN;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct pair p;
static int troubles;
static char told[1024];

static void on_trouble(const char *sentence)
{
    troubles++;
    (void)snprintf(told, sizeof told, "%s", sentence);
}

static void describe(void *context, struct observed *connection)
{
    const struct end *e = context;
    bool server = e == &e->pair->server;

    connection->role = server ? NACRE_SERVER : NACRE_CLIENT;
    (void)snprintf(connection->local, sizeof connection->local, "127.0.0.1:%d",
                   server ? 2022 : PORT_CLIENT);
    (void)snprintf(connection->peer, sizeof connection->peer, "127.0.0.1:%d",
                   server ? PORT_CLIENT : 2022);
}

/* What must not be in a capture: private numbers, K and the six keys of both exchanges. */
static struct {
    uint8_t bytes[64];
    size_t len;
} secrets[32];
static size_t secret_count;

static void note_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    (void)context;
    if (label == 'H') /* it is signed, not secret, and not sent either */
        return;
    if (label == 'K') { /* an mpint: its last 32 bytes */
        bytes += len - 32;
        len = 32;
    }
    ck_assert_uint_lt(secret_count, sizeof secrets / sizeof secrets[0]);
    ck_assert_uint_le(len, sizeof secrets[0].bytes);
    memcpy(secrets[secret_count].bytes, bytes, len);
    secrets[secret_count++].len = len;
}

static const struct nacre_observer own = {.secret = note_secret};

static void open_capture(bool with_secrets)
{
    const struct capture_config config = {.file = scratch_path("session.pcapng"),
                                          .program = "nacre-test",
                                          .with_secrets = with_secrets,
                                          .trouble = on_trouble};
    char text[1024];
    const struct errbuf errors = {text, sizeof text};

    troubles = 0;
    secret_count = 0;
    observed_begin(describe, &own);
    ck_assert_msg(capture_open(&config, &errors), "%s", text);
    observed_add(&capture_part);
}

static void begin(bool with_secrets)
{
    open_capture(with_secrets);
    capture_start();
}

static void on_ended(void *context, const struct nacre_end *why)
{
    struct end *e = context;

    e->ended = true;
    observed_ended(context, why);
}

/* A session, of which one end is captured: login, data, a rekey, the end. */
static void run_session(enum nacre_role role)
{
    struct nacre_endpoint_config *config;
    struct nacre_channel *ch;

    pair_init(&p, 5);
    config = role == NACRE_SERVER ? &p.server_config : &p.client_config;
    p.records = true;
    p.client_config.kex = "curve25519-sha256";
    config->observer = observed_observer();
    config->ended = on_ended;
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
    pair_run(&p);
    ck_assert_uint_eq(nacre_channel_write(ch, "some data", 9), 9);
    nacre_session_rekey(p.server.session);
    pair_run(&p);
    nacre_session_disconnect(p.client.session, NACRE_WE_CLOSED, "done");
    pair_run(&p);
}

static struct captured found;

static void read_capture(void)
{
    captured_read(&found, scratch_path("session.pcapng"));
    ck_assert(found.packets == 0 || (found.first_us == TIME_US && found.last_us == TIME_US));
}

static bool capture_contains(const void *bytes, size_t len)
{
    return captured_contains(scratch_path("session.pcapng"), bytes, len);
}

/* As bytes, or in hex. */
static bool contains_secret(const uint8_t *bytes, size_t len)
{
    char hex[2 * sizeof secrets[0].bytes + 1];

    for (size_t i = 0; i < len; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return capture_contains(bytes, len) || capture_contains(hex, 2 * len);
}

static void expect_streams(void)
{
    assert_bytes((struct bytes){found.streams[NACRE_SERVER], found.lens[NACRE_SERVER]},
                 (struct bytes){p.server.record, (size_t)p.server.sent});
    assert_bytes((struct bytes){found.streams[NACRE_CLIENT], found.lens[NACRE_CLIENT]},
                 (struct bytes){p.client.record, (size_t)p.client.sent});
}

/* ---- tests ---- */

/* As seen by the server and by the client, which knows the secrets only after the reply. */
START_TEST(the_streams_are_the_bytes_of_the_wire_and_secrets_precede_the_reply)
{
    begin(true);
    run_session((enum nacre_role)_i);
    capture_close();
    read_capture();
    expect_streams();
    ck_assert_uint_eq(found.secrets, 2);
    ck_assert_uint_eq(found.early, 1);
    ck_assert_uint_eq(found.finished, 2);
    ck_assert(capture_contains("nacre-test at 127.0.0.1:", 24));
    ck_assert(capture_contains(" SHARED_SECRET ", 15));
    ck_assert(contains_secret(secrets[0].bytes, secrets[0].len)); /* x */
    ck_assert_int_eq(troubles, 0);
    pair_clear(&p);
}
END_TEST

START_TEST(without_secrets_there_is_none)
{
    begin(false);
    run_session((enum nacre_role)_i);
    capture_close();
    read_capture();
    expect_streams();
    ck_assert_uint_eq(found.secrets, 0);
    ck_assert(!capture_contains("SHARED_SECRET", 13));
    ck_assert(!capture_contains("secret", 6)); /* the password */
    ck_assert_uint_ge(secret_count, 8);
    for (size_t i = 0; i < secret_count; i++)
        ck_assert(!contains_secret(secrets[i].bytes, secrets[i].len));
    pair_clear(&p);
}
END_TEST

START_TEST(a_lost_connection_is_reset)
{
    begin(false);
    pair_init(&p, 5);
    p.server_config.observer = observed_observer();
    p.server_config.ended = on_ended;
    pair_start(&p);
    nacre_session_lost(p.server.session);
    capture_close();
    read_capture();
    ck_assert_uint_eq(found.resets, 1);
    ck_assert_uint_eq(found.finished, 0);
    pair_clear(&p);
}
END_TEST

#define BEGUN                                                                                      \
    "[Connection 3: nacre-test at 127.0.0.1:50000, peer 127.0.0.1:2022. The IP and TCP headers "   \
    "are made up; the server's port is 22, by which Wireshark recognises SSH.]"

/* A client's connection. */
static void *open_client(void)
{
    struct observed connection = {
        .id = 3, .role = NACRE_CLIENT, .local = "127.0.0.1:50000", .peer = "127.0.0.1:2022"};
    void *state = capture_part.open(&connection);

    ck_assert_ptr_nonnull(state);
    return state;
}

/* RFC 9293 section 3.6: whoever ends the connection sends the first FIN. */
START_TEST(a_connection_ends_as_its_cause_says)
{
    static const struct {
        enum nacre_cause cause;
        const char *order;
    } rows[] = {
        {NACRE_WE_CLOSED, "C.11[why]>0;S.11<0;C.10>0;"},
        {NACRE_PROTOCOL_ERROR, "C.11[why]>0;S.11<0;C.10>0;"},
        {NACRE_PEER_CLOSED, "S.11[why]<0;C.11>0;S.10<0;"},
        {NACRE_DISCONNECTED, "S.11[why]<0;C.11>0;S.10<0;"},
        {NACRE_CONNECTION_LOST, "S.14[why]<0;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct nacre_end why = {.cause = rows[i].cause, .text = "why"};
        char expected[512];
        void *state;

        begin(false);
        state = open_client();
        capture_part.sees.packet(state, NACRE_SENT, (const uint8_t *)"hello", 5);
        capture_part.closed(state, &why);
        capture_close();
        read_capture();
        (void)snprintf(expected, sizeof expected, "C.02%s>0;S.12<0;C.10>0;C.18>5;%s", BEGUN,
                       rows[i].order);
        ck_assert_str_eq(found.order, expected);
    }
}
END_TEST

/* ... until the next event, in a key exchange, if there will be secrets and memory for it. */
START_TEST(a_client_s_last_packet_is_held)
{
    static const uint8_t kexinit[1 + 16] = {20}, k[4 + 1] = {0, 0, 0, 1, 7};
    static const struct {
        const char *phase;
        bool with_secrets, with_memory, is_held;
    } rows[] = {{"kex", true, true, true},
                {"rekey", true, true, true},
                {"auth", true, true, false},
                {"kex", true, false, false},
                {"kex", false, true, false}};
    const struct nacre_end why = {.cause = NACRE_WE_CLOSED};
    const struct nacre_observer *sees = &capture_part.sees;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *secrets_block = rows[i].with_secrets ? "secrets;" : "";
        char expected[512];
        void *state;

        begin(rows[i].with_secrets);
        state = open_client();
        sees->phase(state, rows[i].phase);
        sees->message(state, NACRE_SENT, 0, "kex", kexinit, sizeof kexinit);
        leftovers_refuse(rows[i].with_memory ? 0 : 1);
        sees->packet(state, NACRE_RECEIVED, (const uint8_t *)"reply", 5);
        leftovers_refuse(0);
        sees->secret(state, 'K', k, sizeof k);
        sees->packet(state, NACRE_SENT, (const uint8_t *)"newkeys", 7);
        sees->packet(state, NACRE_RECEIVED, (const uint8_t *)"last", 4);
        capture_part.closed(state, &why);
        capture_close();
        read_capture();
        (void)snprintf(expected, sizeof expected,
                       "C.02%s>0;S.12<0;C.10>0;%sS.18<5;%sC.18>7;S.18<4;C.11>0;S.11<0;C.10>0;",
                       BEGUN, rows[i].is_held ? secrets_block : "",
                       rows[i].is_held ? "" : secrets_block);
        ck_assert_str_eq(found.order, expected);
    }
}
END_TEST

/* Neither in its state nor in the bytes that wait for the disk. */
START_TEST(a_captured_connection_leaves_no_secret)
{
    static const uint8_t kexinit[1 + 16] = {20}, k[4 + 4] = {0, 0, 0, 4, 0x42, 0x43, 0x44, 0x45};
    static const char number[] = "a private number", hex[] = "42434445";
    const struct nacre_end why = {.cause = NACRE_WE_CLOSED};
    const struct nacre_observer *sees = &capture_part.sees;

    for (int i = 0; i < 2; i++) {
        void *state;

        begin(true);
        state = open_client();
        leftovers_secret(i == 0 ? number : hex, strlen(i == 0 ? number : hex));
        sees->message(state, NACRE_SENT, 0, "kex", kexinit, sizeof kexinit);
        sees->secret(state, 'x', (const uint8_t *)number, strlen(number));
        if (i == 1)
            sees->secret(state, 'K', k, sizeof k);
        capture_part.closed(state, &why);
        capture_close();
        leftovers_secret(NULL, 0);
        ck_assert(i == 0 || capture_contains(hex, strlen(hex)));
    }
}
END_TEST

START_TEST(without_memory_nothing_is_captured)
{
    const struct capture_config config = {
        .file = scratch_path("session.pcapng"), .program = "nacre-test", .trouble = on_trouble};
    const struct observed connection = {.id = 1};
    char text[1024];
    const struct errbuf errors = {text, sizeof text};
    bool opened;
    void *state;

    troubles = 0;
    leftovers_refuse(1);
    opened = capture_open(&config, &errors);
    ck_assert(!opened);
    ck_assert_str_eq(text, "out of memory");
    begin(false);
    leftovers_refuse(1);
    state = capture_part.open(&connection);
    ck_assert_ptr_null(state);
    capture_close();
    ck_assert_int_eq(troubles, 0);
}
END_TEST

START_TEST(without_a_thread_the_capture_is_written_at_its_end)
{
    creates_threads = false;
    begin(false);
    ck_assert_int_eq(troubles, 1);
    assert_says(told, "no thread to write the capture");
    run_session(NACRE_SERVER);
    capture_close();
    read_capture();
    expect_streams();
    pair_clear(&p);
}
END_TEST

/* 256 KiB do not fit into one segment. */
START_TEST(only_what_does_not_fit_into_a_segment_is_split)
{
    static uint8_t large[200000];
    const struct nacre_end why = {.cause = NACRE_WE_CLOSED, .text = "done"};
    const struct nacre_observer *o;
    size_t hello = strlen("SSH-2.0-x\r\n");

    begin(false);
    o = observed_observer();
    p.server.pair = &p;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i / 251);
    o->packet(&p.server, NACRE_SENT, (const uint8_t *)"SSH-2.0-x\r\n", hello);
    o->packet(&p.server, NACRE_RECEIVED, large, sizeof large);
    observed_ended(&p.server, &why);
    capture_close();
    read_capture();
    assert_bytes((struct bytes){found.streams[NACRE_CLIENT], found.lens[NACRE_CLIENT]},
                 BYTES_OF_ARRAY(large));
}
END_TEST

static void ignore_signal(int number)
{
    (void)number;
}

/* Nothing is asserted meanwhile: check's own file must not grow, either. */
static int with_little_space(void)
{
    const struct rlimit little = {1000, RLIM_INFINITY};
    const struct nacre_end why = {.cause = NACRE_WE_CLOSED, .text = "done"};
    static const uint8_t packet[500];

    (void)signal(SIGXFSZ, ignore_signal);
    begin(false);
    p.server.pair = &p;
    (void)setrlimit(RLIMIT_FSIZE, &little);
    observed_observer()->packet(&p.server, NACRE_SENT, (const uint8_t *)"SSH-2.0-x\r\n", 11);
    for (int i = 0; i < 1000; i++)
        observed_observer()->packet(&p.server, NACRE_RECEIVED, packet, sizeof packet);
    observed_ended(&p.server, &why);
    capture_close();
    return troubles == 1 && strstr(told, "cannot write the capture: File too large") != NULL ? 0
                                                                                             : 1;
}

START_TEST(a_full_disk_is_reported_once_and_stops_nobody)
{
    succeeds_in_child(with_little_space);
}
END_TEST

/* Without its thread the capture is as slow as a disk can be: 32 MiB wait, the rest is dropped. */
static void capture_too_much(void)
{
    static const uint8_t packet[60000];

    open_capture(false);
    p.server.pair = &p;
    observed_observer()->packet(&p.server, NACRE_SENT, (const uint8_t *)"SSH-2.0-x\r\n", 11);
    for (int i = 0; i < 600; i++)
        observed_observer()->packet(&p.server, NACRE_RECEIVED, packet, sizeof packet);
}

START_TEST(what_does_not_fit_is_counted)
{
    const struct nacre_end why = {.cause = NACRE_WE_CLOSED, .text = "done"};

    capture_too_much();
    ck_assert_int_eq(troubles, 1);
    assert_says(told, "packets are missing");
    observed_ended(&p.server, &why);
    capture_close();
    ck_assert_int_eq(troubles, 2);
    assert_says(told, " packets are missing: the disk was too slow");
}
END_TEST

/* A later capture reports what it drops, as if the first had not failed. */
static int with_enough_space_again(void)
{
    int failed = with_little_space();

    (void)setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    capture_too_much();
    return failed != 0 || troubles != 1;
}

START_TEST(a_capture_after_a_full_disk_is_as_good_as_any)
{
    succeeds_in_child(with_enough_space_again);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_an_error)
{
    const struct capture_config config = {.file = scratch_path("missing/session.pcapng"),
                                          .program = "nacre-test"};
    char text[1024];
    const struct errbuf errors = {text, sizeof text};

    ck_assert(!capture_open(&config, &errors));
    assert_says(text, "missing/session.pcapng: No such file");
    capture_close();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, the_streams_are_the_bytes_of_the_wire_and_secrets_precede_the_reply, 0, 2);
    add_loop(suite, without_secrets_there_is_none, 0, 2);
    add_test(suite, a_lost_connection_is_reset);
    add_test(suite, a_connection_ends_as_its_cause_says);
    add_test(suite, a_client_s_last_packet_is_held);
    add_test(suite, a_captured_connection_leaves_no_secret);
    add_test(suite, without_memory_nothing_is_captured);
    add_test(suite, without_a_thread_the_capture_is_written_at_its_end);
    add_test(suite, only_what_does_not_fit_into_a_segment_is_split);
    add_test(suite, a_full_disk_is_reported_once_and_stops_nobody);
    add_test(suite, what_does_not_fit_is_counted);
    add_test(suite, a_capture_after_a_full_disk_is_as_good_as_any);
    add_test(suite, a_file_that_cannot_be_opened_is_an_error);
}
