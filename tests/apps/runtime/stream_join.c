/* When a channel can be joined to descriptors, and what ends that besides the channel's close. */
#include "apps/runtime/loop.h"
#include "apps/runtime/stream.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct pair p;
static struct nacre_loop loop;
static struct nacre_channel *client, *server;
static int inside; /* the socket that is joined; outside is its other end */
static int outside;
static void (*act)(void); /* what the server's application does in a callback, */
static const char *where; /* ... in this one */

static void reached(struct nacre_channel *ch, const char *callback)
{
    server = ch;
    if (strcmp(callback, where) == 0)
        act();
}

static bool join(void)
{
    const struct nacre_stream_config config = {.input = inside, .output = inside, .error = -1};

    return nacre_stream_join(server, &loop, &config) != NULL;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    reached(ch, "open");
    return strcmp(where, "open") == 0 ? NACRE_REFUSE : NACRE_GRANT;
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    (void)request;
    reached(ch, "request");
    return NACRE_GRANT;
}

static void on_eof(struct nacre_channel *ch)
{
    reached(ch, "eof");
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)why;
    reached(ch, "closed");
}

static size_t extended; /* bytes that came as extended data */

static size_t on_extended(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)ch;
    (void)data;
    extended += len;
    return len;
}

static void turns(int n)
{
    pair_run(&p);
    while (n-- > 0) {
        while (loop.soon.first != NULL)
            loop_run_once(&loop);
        pair_run(&p);
    }
}

static bool losing;

/* Called in the middle of a write, which the loop makes and not the session. */
static void lose_once(void *end)
{
    (void)end;
    if (losing)
        nacre_session_lost(p.server.session);
    losing = false;
}

static void begin(const char *callback, void (*action)(void))
{
    int sockets[2];

    act = action;
    where = callback;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets),
                     0);
    inside = sockets[0];
    outside = sockets[1];
    ck_assert(loop_init(&loop));
    pair_init(&p, 1);
    p.server_app = (struct nacre_channel_app){
        .open = on_open, .request = on_request, .eof = on_eof, .closed = on_closed};
    p.server_config.wake = lose_once;
    p.client_app.extended_data = on_extended;
    extended = 0;
    pair_start(&p);
    client = pair_open(&p);
    turns(3);
}

static void finish(void)
{
    pair_clear(&p);
    ck_assert_ptr_null(loop.soon.first);
    ck_assert_uint_eq(loop.timers, 0);
    loop_clear(&loop);
    (void)close(outside);
}

/* The descriptor inside is closed. */
static void assert_hung_up(void)
{
    char byte;

    ck_assert_int_eq(read(outside, &byte, 1), 0);
}

static void join_well(void)
{
    ck_assert(join());
}

static void join_in_vain(void)
{
    ck_assert(!join());
    assert_hung_up();
}

START_TEST(a_channel_that_is_joined_already_is_refused)
{
    char byte;

    begin("request", join_well);
    ck_assert_int_eq(nacre_channel_shell(client), NACRE_SEND_DONE);
    turns(3);
    inside = fcntl(inside, F_DUPFD_CLOEXEC, 0);
    ck_assert(!join());
    ck_assert_int_lt(fcntl(inside, F_GETFD), 0);
    ck_assert_uint_eq(nacre_channel_write(client, "x", 1), 1); /* the first stream continues */
    turns(3);
    ck_assert_int_eq(read(outside, &byte, 1), 1);
    finish();
}
END_TEST

START_TEST(a_channel_cannot_be_joined_inside_closed)
{
    begin("closed", join_in_vain);
    nacre_channel_close(client);
    turns(3);
    finish();
}
END_TEST

START_TEST(a_channel_joined_in_open_and_then_refused_ends_the_stream)
{
    begin("open", join_well);
    assert_hung_up();
    finish();
}
END_TEST

static unsigned other_closed;

static void on_other_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)ch;
    (void)why;
    other_closed++;
}

static const struct nacre_channel_app other = {.closed = on_other_closed};

static void replace(void)
{
    nacre_channel_set_app(server, &other);
}

/* ---- a join that fails closes every descriptor ---- */

static int given[3]; /* input, error, output */

static bool join_three(void)
{
    const struct nacre_stream_config config = {
        .input = given[0], .error = given[1], .output = given[2]};

    return nacre_stream_join(server, &loop, &config) != NULL;
}

static void give_three(void)
{
    for (int i = 0; i < 3; i++) {
        given[i] = fcntl(inside, F_DUPFD_CLOEXEC, 0);
        ck_assert_int_ge(given[i], 0);
    }
}

static void assert_all_closed(void)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_lt(fcntl(given[i], F_GETFD), 0);
}

START_TEST(a_channel_that_is_joined_already_costs_all_three_descriptors)
{
    begin("request", join_well);
    ck_assert_int_eq(nacre_channel_shell(client), NACRE_SEND_DONE);
    turns(3);
    give_three();
    ck_assert(!join_three());
    assert_all_closed();
    finish();
}
END_TEST

static void do_nothing(void)
{
}

/* One of the three is not open: the other two are closed, whether they were watched by then or not.
 */
START_TEST(a_descriptor_that_is_not_open_costs_the_others)
{
    begin("", do_nothing);
    give_three();
    (void)close(given[_i]);
    ck_assert(!join_three());
    assert_all_closed();
    (void)close(inside);
    finish();
}
END_TEST

/* One descriptor for both directions is duplicated, which needs another one. */
START_TEST(without_another_descriptor_the_one_is_closed)
{
    struct rlimit before, now;

    begin("", do_nothing);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
    ck_assert(!join());
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_hung_up();
    ck_assert_int_lt(fcntl(inside, F_GETFD), 0);
    finish();
}
END_TEST

/* Outside of the stream's calls, and from inside one of them. */
START_TEST(another_application_ends_the_stream)
{
    other_closed = 0;
    begin("request", join_well);
    ck_assert_int_eq(nacre_channel_shell(client), NACRE_SEND_DONE);
    turns(3);
    if (_i == 0) {
        replace();
    } else {
        where = "eof";
        act = replace;
        nacre_channel_eof(client);
        turns(3);
    }
    assert_hung_up();
    ck_assert_uint_eq(nacre_channel_write(client, "dropped", 7), _i == 0 ? 7 : 0);
    nacre_channel_close(client);
    turns(3);
    ck_assert_uint_eq(other_closed, 1);
    finish();
}
END_TEST

static void lose(void)
{
    nacre_session_lost(p.server.session);
}

START_TEST(the_session_may_end_inside_a_callback_of_the_stream)
{
    begin("request", join_well);
    ck_assert_int_eq(nacre_channel_shell(client), NACRE_SEND_DONE);
    turns(3);
    where = "eof";
    act = lose;
    nacre_channel_eof(client);
    turns(1);
    assert_hung_up();
    finish();
}
END_TEST

/* ---- the program has ended, and something else holds its descriptors open ---- */

static void finish_stream(void)
{
    nacre_stream_finish(server);
}

static void begin_finishing(const char *output)
{
    begin("request", join_well);
    ck_assert(nacre_channel_shell(client));
    turns(3);
    ck_assert_int_eq(write(outside, output, strlen(output)), (ssize_t)strlen(output));
}

START_TEST(a_stream_that_finishes_sends_what_is_there_and_eof)
{
    const char *const output = _i == 0 ? "last words" : "";

    begin_finishing(output);
    ck_assert_ptr_null(strstr(p.client.log, "eof;"));
    finish_stream();
    finish_stream();
    turns(3);
    ck_assert_uint_eq(p.got_len, strlen(output));
    if (p.got_len > 0)
        ck_assert_mem_eq(p.got, output, p.got_len);
    ck_assert_ptr_nonnull(strstr(p.client.log, "eof;"));
    finish();
}
END_TEST

START_TEST(a_stream_may_finish_inside_a_callback)
{
    begin_finishing("");
    where = "eof";
    act = finish_stream;
    nacre_channel_eof(client);
    turns(3);
    ck_assert_ptr_nonnull(strstr(p.client.log, "eof;close;"));
    finish();
}
END_TEST

START_TEST(a_writer_cannot_prolong_a_stream_that_finishes)
{
    enum { LAST = 128 * 1024, MESSAGE = 32 * 1024 };
    static const char more[4096];

    begin_finishing("");
    finish_stream();
    for (int i = 0; i < 200 && strstr(p.client.log, "eof;") == NULL; i++) {
        while (write(outside, more, sizeof more) > 0)
            continue;
        loop_run_once(&loop);
        pair_run(&p);
    }
    ck_assert_ptr_nonnull(strstr(p.client.log, "eof;"));
    ck_assert_uint_ge(p.got_len, LAST);
    ck_assert_uint_lt(p.got_len, LAST + MESSAGE);
    finish();
}
END_TEST

/* Joined to a socket of which each read returns one message, without what it has no room for. */
static void begin_messages(void)
{
    int ends[2];

    begin("request", join_well);
    (void)close(inside);
    (void)close(outside);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
                     0);
    inside = ends[0];
    outside = ends[1];
    ck_assert(nacre_channel_shell(client));
    turns(3);
}

START_TEST(a_stream_that_finishes_reads_128_kib)
{
    enum { LAST = 128 * 1024, MESSAGE = 64 };
    static const char message[MESSAGE];

    begin_messages();
    finish_stream();
    while (strstr(p.client.log, "eof;") == NULL) {
        while (write(outside, message, sizeof message) > 0)
            continue;
        loop_run_once(&loop);
        pair_run(&p);
    }
    ck_assert_uint_eq(p.got_len, LAST);
    finish();
}
END_TEST

/* However much is there, it reads eight times, and 32 KiB at most each time. */
START_TEST(a_stream_leaves_its_turn_to_others)
{
    enum { MOST = 32 * 1024, READS = 8 };
    static const char message[MOST + 1];
    const size_t len = _i == 0 ? 64 : sizeof message;
    const unsigned count = _i == 0 ? READS + 1 : 1;
    struct task *task;

    begin_messages();
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(write(outside, message, len), (ssize_t)len);
    finish_stream(); /* it has a turn without an event */
    task = loop.soon.first;
    loop_forget(&loop, task);
    task->run(task);
    pair_run(&p);
    ck_assert_uint_eq(p.got_len, _i == 0 ? READS * len : MOST);
    finish();
}
END_TEST

START_TEST(without_a_stream_there_is_nothing_to_finish)
{
    begin("closed", finish_stream);
    finish_stream();
    turns(3);
    ck_assert_ptr_null(strstr(p.client.log, "eof;"));
    nacre_channel_close(client);
    turns(3);
    (void)close(inside);
    finish();
}
END_TEST

static void on_tick(struct task *task)
{
    (void)task;
}

static void move_inside(int to)
{
    if (inside == to)
        return;
    ck_assert_int_eq(dup2(inside, to), to);
    (void)close(inside);
    inside = to;
}

/* As input, error, output, and as both input and output: it is a descriptor as any other. The last
 * time it is free, and what input is duplicated to. */
START_TEST(descriptor_0_can_be_joined)
{
    const bool input = _i != 1 && _i != 2, output = _i > 1;
    struct nacre_stream_config config = {.input = -1, .error = -1, .output = -1};
    struct task tick = {.run = on_tick};
    char byte = 0;

    begin("request", do_nothing);
    move_inside(_i < 4 ? 0 : fcntl(inside, F_DUPFD_CLOEXEC, 1));
    ck_assert_int_eq(fcntl(0, F_GETFD) >= 0, _i < 4);
    config.input = input ? inside : -1;
    config.error = _i == 1 ? inside : -1;
    config.output = output ? inside : -1;
    ck_assert_int_eq(nacre_channel_shell(client), NACRE_SEND_DONE);
    turns(3);
    ck_assert_ptr_nonnull(nacre_stream_join(server, &loop, &config));
    ck_assert_uint_eq(nacre_channel_write(client, "x", 1), 1);
    ck_assert_int_eq(write(outside, "x", 1), 1);
    for (int i = 0; i < 3; i++) { /* without waiting */
        loop_later(&loop, &tick);
        turns(1);
    }
    ck_assert_int_eq(read(outside, &byte, 1), output ? 1 : -1);
    ck_assert_uint_eq(p.got_len, input ? 1 : 0);
    ck_assert_uint_eq(extended, _i == 1 ? 1 : 0);
    finish();
    ck_assert_int_lt(fcntl(0, F_GETFD), 0);
}
END_TEST

/* ---- the end of what is read ---- */

static unsigned drained;

static void on_drained(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, server);
    drained++;
}

static void join_until_drained(void)
{
    const struct nacre_stream_config config = {
        .input = inside, .output = inside, .error = -1, .drained = on_drained};

    ck_assert_ptr_nonnull(nacre_stream_join(server, &loop, &config));
}

START_TEST(the_session_may_end_while_the_stream_writes)
{
    drained = 0;
    begin("request", join_until_drained);
    ck_assert_int_eq(nacre_channel_shell(client), NACRE_SEND_DONE);
    turns(3);
    losing = true;
    ck_assert_int_eq(write(outside, "x", 1), 1);
    loop_run_once(&loop);
    ck_assert(!losing);
    assert_hung_up();
    ck_assert_uint_eq(drained, 0);
    finish();
}
END_TEST

/* The peer wants no more while the stream waits for it to read, and then reads. */
START_TEST(the_end_of_the_input_is_reported_once)
{
    static const char more[4096];
    struct task tick = {.run = on_tick};

    drained = 0;
    begin("request", join_until_drained);
    ck_assert_int_eq(nacre_channel_shell(client), NACRE_SEND_DONE);
    turns(3);
    p.client_reads = false;
    for (int i = 0; i < 50; i++) {
        while (write(outside, more, sizeof more) > 0)
            continue;
        loop_later(&loop, &tick);
        turns(1);
    }
    ck_assert_int_lt(write(outside, more, sizeof more), 0);
    ck_assert_uint_eq(drained, 0);
    where = "";
    ck_assert_int_eq(nacre_channel_request(client, "eow@openssh.com", false, NULL, 0),
                     NACRE_SEND_DONE);
    turns(3);
    ck_assert_uint_eq(drained, 1);
    p.client_reads = true;
    turns(3);
    ck_assert_uint_eq(drained, 1);
    nacre_channel_close(client);
    turns(3);
    ck_assert_uint_eq(drained, 1);
    finish();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_stream_that_finishes_sends_what_is_there_and_eof, 0, 2);
    add_test(suite, a_stream_may_finish_inside_a_callback);
    add_test(suite, a_writer_cannot_prolong_a_stream_that_finishes);
    add_test(suite, a_stream_that_finishes_reads_128_kib);
    add_loop(suite, a_stream_leaves_its_turn_to_others, 0, 2);
    add_test(suite, without_a_stream_there_is_nothing_to_finish);
    add_test(suite, a_channel_that_is_joined_already_is_refused);
    add_test(suite, a_channel_cannot_be_joined_inside_closed);
    add_test(suite, a_channel_that_is_joined_already_costs_all_three_descriptors);
    add_loop(suite, a_descriptor_that_is_not_open_costs_the_others, 0, 3);
    add_test(suite, without_another_descriptor_the_one_is_closed);
    add_test(suite, a_channel_joined_in_open_and_then_refused_ends_the_stream);
    add_loop(suite, another_application_ends_the_stream, 0, 2);
    add_test(suite, the_session_may_end_inside_a_callback_of_the_stream);
    add_test(suite, the_end_of_the_input_is_reported_once);
    add_test(suite, the_session_may_end_while_the_stream_writes);
    add_loop(suite, descriptor_0_can_be_joined, 0, 5);
}
