/* What each mode of nacre-load does on its channels, call by call: the library and the clock are
 * the test's. */
#include "apps/load/clock.h"
#include "apps/load/load.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 100 * 1000 /* bytes: three pieces and a part of one */ };

static struct load load;
static struct load_options options;
static struct load_job job;
static const struct nacre_channel_app *app;
static char client, session, channel; /* their addresses are what matters */
static enum nacre_sending sending;    /* the next answer to a command */
static size_t room;                   /* bytes that the channel accepts */
static unsigned refuse_after;         /* so many channels can be opened */
static uint64_t now_ns, began[8];     /* of channels, in the order of their opening */
static size_t opened, closing;

#define CHANNEL ((struct nacre_channel *)(void *)&channel)
#define CLIENT ((struct nacre_client *)(void *)&client)
#define SESSION ((struct nacre_session *)(void *)&session)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(void *, nacre_channel_context, const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return CLIENT;
}

OWN(void *, nacre_client_context, const struct nacre_client *of)
{
    ck_assert_ptr_eq(of, CLIENT);
    return &job;
}

/* That of the channel that is closing */
OWN(void *, nacre_channel_app_data, const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return (void *)(uintptr_t)began[closing];
}

OWN(struct nacre_session *, nacre_client_session, const struct nacre_client *of)
{
    ck_assert_ptr_eq(of, CLIENT);
    return SESSION;
}

OWN(struct nacre_channel *, nacre_session_open_channel, struct nacre_session *of, const char *type,
    const struct nacre_channel_app *given, void *context, const void *data, size_t len)
{
    ck_assert(of == SESSION && data == NULL && len == 0);
    if (opened == refuse_after)
        return NULL;
    note("open %s;", type);
    app = given;
    began[opened++] = (uintptr_t)context;
    return CHANNEL;
}

OWN(enum nacre_sending, nacre_channel_exec, struct nacre_channel *ch, const char *command)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("exec %s;", command);
    return sending;
}

/* Each byte is its place in the stream modulo 251. */
OWN(size_t, nacre_channel_write, struct nacre_channel *ch, const void *data, size_t len)
{
    size_t n = len < room ? len : room;
    const uint8_t *bytes = data;

    ck_assert_ptr_eq(ch, CHANNEL);
    for (size_t i = 0; i < n && options.bytes > 0; i++)
        ck_assert_uint_eq(bytes[i], (job.sent + i) % 251);
    room -= n;
    note("%zu of %zu;", n, len);
    return n;
}

OWN(void, nacre_channel_eof, struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("eof;");
}

OWN(void, nacre_channel_close, struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("close;");
}

OWN(void, nacre_client_close, struct nacre_client *which, const char *text)
{
    ck_assert_ptr_eq(which, CLIENT);
    note("end %s;", text);
}

OWN(uint64_t, clock_now_ns, void)
{
    return now_ns;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* A connection of that mode that has just logged in */
static void begin(const char *name)
{
    const struct load_mode *mode = load_modes;

    while (mode->name != NULL && strcmp(mode->name, name) != 0)
        mode++;
    ck_assert_ptr_nonnull(mode->name);
    free(load.samples);
    options = (struct load_options){.mode = mode, .at_once = 2};
    load = (struct load){.options = &options, .server = "SSH-2.0-nacre_1"};
    job = (struct load_job){.load = &load, .client = CLIENT, .began_ns = 1000000};
    sending = NACRE_SEND_DONE;
    room = SIZE_MAX;
    refuse_after = 8;
    opened = closing = 0;
    now_ns = 5000000;
    noted[0] = 0;
}

static void tear_down(void)
{
    free(load.samples);
    load.samples = NULL;
}

static void close_for(enum nacre_cause cause)
{
    app->closed(CHANNEL, &(struct nacre_end){cause, 0, "because"});
}

/* ... and its channel is open, and the command is sent and granted. */
static void begin_granted(const char *name, uint64_t bytes)
{
    begin(name);
    options.bytes = bytes;
    options.mode->ready(&job);
    ck_assert_ptr_eq(job.channel, CHANNEL);
    ck_assert_int_eq(app->open(CHANNEL), NACRE_GRANT);
    noted[0] = 0;
    app->replied(CHANNEL, true);
    ck_assert_uint_eq(job.steps, 2);
}

static void expect_counts(uint64_t done, uint64_t failed, const char *why)
{
    ck_assert_uint_eq(load.done, done);
    ck_assert_uint_eq(load.failed, failed);
    ck_assert_str_eq(load.errbuf, why);
}

/* The channel's end, and how it is counted */
static void expect_end(enum nacre_cause cause, const char *why)
{
    uint64_t steps = job.steps;

    noted[0] = 0;
    close_for(cause);
    expect_notes("end done;");
    expect_counts(why == NULL, why != NULL, why != NULL ? why : "");
    ck_assert(job.counted);
    ck_assert_ptr_null(job.channel);
    ck_assert_uint_eq(job.steps, steps + 1);
    ck_assert_uint_eq(load.channels_opened, 1);
    ck_assert_uint_eq(load.channels_closed, 1);
}

#define EARLY "the channel was closed too early"
#define DIFFER "the bytes that came back differ from those sent"

START_TEST(handshake_ends_with_the_login)
{
    begin("handshake");
    options.mode->ready(&job);
    expect_notes("end done;");
    expect_counts(1, 0, "");
    ck_assert(job.counted);
    ck_assert_uint_eq(load.samples[0], 4000); /* microseconds from the connection on */
}
END_TEST

START_TEST(each_mode_has_a_command_for_nacre_echo_and_one_for_a_shell)
{
    static const char *const rows[][3] = {
        {"bulk", "exec cat;", "exec cat;"},
        {"sink", "exec discard;", "exec cat >/dev/null;"},
        {"source", "exec chargen 12345678901;", "exec head -c 12345678901 /dev/zero;"},
        {"rtt", "exec cat;", "exec cat;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int shell = 0; shell < 3; shell++) {
            begin(rows[i][0]);
            options.bytes = 12345678901;
            options.command = shell == 2 ? "mine" : NULL;
            if (shell == 1)
                (void)snprintf(load.server, sizeof load.server, "SSH-2.0-OpenSSH");
            options.mode->ready(&job);
            expect_notes("open session;");
            (void)app->open(CHANNEL);
            expect_notes(shell == 2 ? "exec mine;" : rows[i][1 + shell]);
            ck_assert_uint_eq(job.steps, 1);
        }
}
END_TEST

START_TEST(a_command_without_space_is_sent_later)
{
    static const char *const modes[] = {"bulk", "sink", "source", "rtt"};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        begin(modes[i]);
        sending = NACRE_SEND_LATER;
        options.command = "c";
        options.count = options.bytes = 5;
        options.mode->ready(&job);
        (void)app->open(CHANNEL);
        app->writable(CHANNEL);
        expect_notes("open session;exec c;exec c;");
        sending = NACRE_SEND_DONE;
        app->writable(CHANNEL);
        app->writable(CHANNEL); /* nothing more is sent before it is granted */
        expect_notes("exec c;");
        expect_counts(0, 0, "");
    }
}
END_TEST

START_TEST(a_command_that_cannot_be_sent_is_a_failure)
{
    begin("bulk");
    sending = NACRE_SEND_NEVER;
    options.mode->ready(&job);
    (void)app->open(CHANNEL);
    expect_notes("open session;exec cat;end done;");
    expect_counts(0, 1, "the command is too long, or the channel is closing");
    close_for(NACRE_WE_CLOSED);
    expect_counts(0, 1, load.errbuf); /* once */
}
END_TEST

START_TEST(a_channel_that_cannot_be_opened_is_a_failure)
{
    begin("idle");
    refuse_after = 0;
    options.mode->ready(&job);
    expect_notes("end done;");
    expect_counts(0, 1, "cannot open a channel");
}
END_TEST

START_TEST(a_command_that_is_refused_is_a_failure)
{
    begin("sink");
    options.mode->ready(&job);
    (void)app->open(CHANNEL);
    noted[0] = 0;
    app->replied(CHANNEL, false);
    expect_notes("end done;");
    expect_counts(0, 1, "the server refused the command");
    ck_assert(!job.granted);
}
END_TEST

START_TEST(bytes_are_sent_in_pieces_and_then_eof)
{
    begin_granted("sink", MANY);
    expect_notes("32768 of 32768;32768 of 32768;32768 of 32768;1696 of 1696;eof;");
    app->writable(CHANNEL);
    expect_notes("");
    ck_assert_uint_eq(job.sent, MANY);
    ck_assert_uint_eq(load.sent, MANY);
    expect_end(NACRE_PEER_CLOSED, NULL);
}
END_TEST

START_TEST(what_the_channel_does_not_accept_is_sent_later)
{
    begin("sink");
    options.bytes = MANY;
    options.mode->ready(&job);
    (void)app->open(CHANNEL);
    noted[0] = 0;
    room = 40000;
    app->replied(CHANNEL, true);
    expect_notes("32768 of 32768;7232 of 32768;");
    room = 250;
    app->writable(CHANNEL);
    expect_notes("250 of 32768;");
    room = SIZE_MAX;
    app->writable(CHANNEL);
    expect_notes("32768 of 32768;26982 of 26982;eof;");
    expect_end(NACRE_PEER_CLOSED, NULL);
}
END_TEST

START_TEST(a_sink_must_take_all_bytes_and_close)
{
    begin_granted("sink", 5);
    expect_end(NACRE_WE_CLOSED, EARLY);
    begin_granted("sink", 5);
    job.sent--;
    expect_end(NACRE_PEER_CLOSED, EARLY);
}
END_TEST

/* The server's answer to bulk: the same bytes, `wrong` of which is not */
static void answer(size_t len, size_t wrong)
{
    static uint8_t bytes[MANY + 1];

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)((job.received + i) % 251);
    if (wrong < len)
        bytes[wrong] ^= 1;
    ck_assert_uint_eq(app->data(CHANNEL, bytes, len), len);
}

START_TEST(bulk_compares_what_comes_back)
{
    static const struct {
        size_t len, wrong;
        const char *why;
    } rows[] = {
        {MANY, MANY, NULL},      {MANY, 0, DIFFER},           {MANY, 32767, DIFFER},
        {MANY, 32768, DIFFER},   {MANY, 65536, DIFFER},       {MANY, MANY - 1, DIFFER},
        {MANY - 1, MANY, EARLY}, {MANY + 1, MANY + 1, EARLY},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_granted("bulk", MANY);
        answer(100, 100);
        answer(rows[i].len - 100, rows[i].wrong < 100 ? 0 : rows[i].wrong - 100);
        ck_assert_uint_eq(job.received, rows[i].len);
        ck_assert_uint_eq(load.received, rows[i].len);
        expect_end(NACRE_PEER_CLOSED, rows[i].why);
    }
    begin_granted("bulk", MANY);
    answer(MANY, MANY);
    job.sent--;
    expect_end(NACRE_PEER_CLOSED, EARLY);
}
END_TEST

START_TEST(source_ends_its_input_and_counts_bytes)
{
    static const char *const why[] = {EARLY, NULL, EARLY};
    static const uint8_t bytes[1001];

    for (size_t extra = 0; extra < 3; extra++) {
        begin_granted("source", 1000);
        expect_notes("eof;");
        app->writable(CHANNEL);
        expect_notes("");
        ck_assert_uint_eq(app->data(CHANNEL, bytes, 999 + extra), 999 + extra);
        expect_end(NACRE_PEER_CLOSED, why[extra]);
    }
}
END_TEST

static void begin_rtt(uint64_t count)
{
    begin("rtt");
    options.count = count;
    options.mode->ready(&job);
    (void)app->open(CHANNEL);
    noted[0] = 0;
    app->replied(CHANNEL, true);
    expect_notes("1 of 1;");
}

static void echo(size_t len)
{
    ck_assert_uint_eq(app->data(CHANNEL, (const uint8_t *)"kkk", len), len);
}

START_TEST(rtt_sends_a_keystroke_after_each_echo)
{
    begin_rtt(2);
    app->writable(CHANNEL); /* the echo is missing */
    expect_notes("");
    now_ns += 2000000;
    echo(1);
    expect_notes("1 of 1;");
    now_ns += 3000000;
    echo(1);
    expect_notes("eof;");
    ck_assert_uint_eq(load.sample_count, 2);
    ck_assert_uint_eq(load.samples[0], 2000);
    ck_assert_uint_eq(load.samples[1], 3000);
    ck_assert_uint_eq(job.keystrokes, 2);
    ck_assert_uint_eq(load.sent, 2);
    ck_assert_uint_eq(load.received, 2);
    expect_end(NACRE_PEER_CLOSED, NULL);
}
END_TEST

START_TEST(a_keystroke_without_space_is_sent_later)
{
    begin("rtt");
    options.count = 1;
    options.mode->ready(&job);
    (void)app->open(CHANNEL);
    room = 0;
    app->replied(CHANNEL, true);
    ck_assert_uint_eq(load.sent, 0);
    noted[0] = 0;
    room = 1;
    app->writable(CHANNEL);
    expect_notes("1 of 1;");
    ck_assert_uint_eq(load.sent, 1);
}
END_TEST

START_TEST(one_keystroke_has_one_echo)
{
    begin_rtt(1);
    expect_end(NACRE_PEER_CLOSED, EARLY);
    begin_rtt(1);
    echo(2);
    expect_end(NACRE_PEER_CLOSED, DIFFER);
    begin_rtt(1);
    echo(1);
    echo(1); /* unsolicited */
    ck_assert_uint_eq(load.sample_count, 1);
    expect_end(NACRE_PEER_CLOSED, DIFFER);
}
END_TEST

START_TEST(a_connection_that_is_gone_is_not_closed_again)
{
    begin_granted("sink", 5);
    job.client = NULL;
    noted[0] = 0;
    close_for(NACRE_CONNECTION_LOST);
    expect_notes("");
    expect_counts(0, 1, EARLY);
}
END_TEST

/* ---- idle ---- */

static void begin_idle(void)
{
    begin("idle");
    options.mode->ready(&job);
    ck_assert_int_eq(app->open(CHANNEL), NACRE_GRANT);
    expect_notes("open session;");
}

START_TEST(idle_sessions_stand_until_the_program_closes_them)
{
    begin_idle();
    ck_assert_uint_eq(load.standing, 1);
    ck_assert_uint_eq(load.channels_opened, 1);
    ck_assert_uint_eq(load.samples[0], 4000);
    expect_counts(1, 0, "");
    close_for(NACRE_SHUTTING_DOWN);
    expect_notes("");
    expect_counts(1, 0, "");
    ck_assert_uint_eq(load.standing, 0);
    ck_assert_uint_eq(load.channels_closed, 1);
    begin_idle();
    close_for(NACRE_PEER_CLOSED);
    expect_counts(1, 1, "because");
    ck_assert_uint_eq(load.standing, 0);
}
END_TEST

START_TEST(a_session_that_never_stood_is_not_subtracted)
{
    begin("idle");
    options.mode->ready(&job);
    close_for(NACRE_OPEN_REFUSED);
    expect_counts(0, 1, "because");
    ck_assert_uint_eq(load.standing, 0);
    begin("idle");
    options.mode->ready(&job);
    job.counted = job.stalled = true;
    close_for(NACRE_WE_CLOSED);
    expect_counts(0, 0, "");
    ck_assert_uint_eq(load.standing, 0);
}
END_TEST

/* ---- channels ---- */

static void begin_channels(uint64_t count)
{
    begin("channels");
    options.count = count;
    options.mode->ready(&job);
}

START_TEST(as_many_channels_as_allowed_are_open_at_a_time)
{
    begin_channels(3);
    expect_notes("open session;open session;");
    ck_assert_uint_eq(load.channels_live, 2);
    ck_assert_uint_eq(job.started, 2);
    now_ns += 7000000;
    close_for(NACRE_PEER_CLOSED);
    expect_notes("open session;");
    ck_assert_uint_eq(load.samples[0], 7000);
    closing = 2;
    close_for(NACRE_WE_CLOSED);
    expect_notes("");
    ck_assert_uint_eq(load.samples[1], 0);
    close_for(NACRE_OPEN_REFUSED);
    expect_notes("end done;");
    expect_counts(2, 1, "because");
    ck_assert_uint_eq(load.channels_closed, 3);
    ck_assert_uint_eq(load.channels_live, 0);
    ck_assert_uint_eq(job.steps, 3);
}
END_TEST

START_TEST(a_channel_runs_a_command_if_there_is_one)
{
    begin_channels(1);
    noted[0] = 0;
    ck_assert_int_eq(app->open(CHANNEL), NACRE_GRANT);
    expect_notes("close;"); /* no command is its own */
    ck_assert_uint_eq(load.channels_opened, 1);
    ck_assert_uint_eq(job.steps, 1);
    options.command = "true";
    sending = NACRE_SEND_LATER;
    app->writable(CHANNEL);
    expect_notes("exec true;");
    sending = NACRE_SEND_DONE;
    app->writable(CHANNEL);
    expect_notes("exec true;");
    app->replied(CHANNEL, true);
    expect_notes("eof;");
    ck_assert_uint_eq(app->data(CHANNEL, (const uint8_t *)"x", 1), 1);
    app->replied(CHANNEL, false);
    expect_notes("close;");
    ck_assert_uint_eq(job.steps, 3);
    sending = NACRE_SEND_NEVER;
    app->writable(CHANNEL);
    expect_notes("exec true;close;");
}
END_TEST

START_TEST(a_connection_without_channels_ends)
{
    begin_channels(3);
    noted[0] = 0;
    refuse_after = 2;
    close_for(NACRE_PEER_CLOSED);
    expect_notes("");
    close_for(NACRE_PEER_CLOSED);
    expect_notes("end done;");
    begin_channels(3);
    noted[0] = 0;
    job.stalled = true;
    close_for(NACRE_WE_CLOSED);
    expect_notes("");
    expect_counts(0, 0, "");
    ck_assert_uint_eq(load.channels_closed, 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, NULL, tear_down);
    add_test(suite, handshake_ends_with_the_login);
    add_test(suite, each_mode_has_a_command_for_nacre_echo_and_one_for_a_shell);
    add_test(suite, a_command_without_space_is_sent_later);
    add_test(suite, a_command_that_cannot_be_sent_is_a_failure);
    add_test(suite, a_channel_that_cannot_be_opened_is_a_failure);
    add_test(suite, a_command_that_is_refused_is_a_failure);
    add_test(suite, bytes_are_sent_in_pieces_and_then_eof);
    add_test(suite, what_the_channel_does_not_accept_is_sent_later);
    add_test(suite, a_sink_must_take_all_bytes_and_close);
    add_test(suite, bulk_compares_what_comes_back);
    add_test(suite, source_ends_its_input_and_counts_bytes);
    add_test(suite, rtt_sends_a_keystroke_after_each_echo);
    add_test(suite, a_keystroke_without_space_is_sent_later);
    add_test(suite, one_keystroke_has_one_echo);
    add_test(suite, a_connection_that_is_gone_is_not_closed_again);
    add_test(suite, idle_sessions_stand_until_the_program_closes_them);
    add_test(suite, a_session_that_never_stood_is_not_subtracted);
    add_test(suite, as_many_channels_as_allowed_are_open_at_a_time);
    add_test(suite, a_channel_runs_a_command_if_there_is_one);
    add_test(suite, a_connection_without_channels_ends);
}
