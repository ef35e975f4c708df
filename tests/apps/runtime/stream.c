/* A channel joined to descriptors: sockets, pipes, terminals, files_can_be_joined. The client of a
 * pair in memory talks to the descriptors at the server end. */
#include "apps/runtime/loop.h"
#include "apps/runtime/stream.h"
#include "tests/support/notes.h"
#include "tests/support/pair.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { BIG = 1 << 20 };

static struct pair p;
static struct nacre_loop loop;
static struct task tick;
static struct nacre_channel *client;
static struct nacre_stream_config joined;
static int drained_count, other_requests, eows;
static uint8_t big[BIG];

OWN(enum nacre_sending, nacre_channel_eow, struct nacre_channel *ch)
{
    (void)ch;
    eows++;
    return NACRE_SEND_NEVER;
}

static void do_nothing(struct task *task)
{
    (void)task;
}

/* Iterations of the loop that do not wait, and what follows from them. */
static void turns(int n)
{
    pair_run(&p);
    while (n-- > 0) {
        loop_later(&loop, &tick);
        loop_run_once(&loop);
        pair_run(&p);
    }
}

static enum nacre_answer join(struct nacre_channel *ch, const struct nacre_request *request)
{
    if (request->kind != NACRE_REQUEST_SHELL) {
        other_requests++;
        return NACRE_REFUSE;
    }
    return nacre_stream_join(ch, &loop, &joined) != NULL ? NACRE_GRANT : NACRE_REFUSE;
}

static void on_drained(struct nacre_channel *ch)
{
    (void)ch;
    drained_count++;
}

/* A channel whose server end is joined to these descriptors. */
static void begin(int input, int output, int error)
{
    ck_assert(loop_init(&loop));
    tick = (struct task){.run = do_nothing};
    joined.input = input;
    joined.output = output;
    joined.error = error;
    pair_init(&p, 1);
    p.server_app.request = join;
    p.server_app.data = NULL;
    p.server_app.writable = NULL;
    p.server_app.eof = NULL;
    pair_start(&p);
    client = pair_open(&p);
    ck_assert_int_eq(nacre_channel_shell(client), NACRE_SEND_DONE);
    turns(3);
    ck_assert_int_eq(p.replies_good, 1);
}

static void finish(void)
{
    pair_clear(&p);
    ck_assert_ptr_null(loop.soon.first);
    loop_clear(&loop);
}

/* The kernel passes on what is written to a terminal with a delay. */
static void wait_a_little(void)
{
    usleep(10 * 1000);
    turns(1);
}

static void assert_logged(const struct end *e, const char *text)
{
    for (int i = 0; i < 1000 && strstr(e->log, text) == NULL; i++)
        wait_a_little();
    ck_assert_msg(strstr(e->log, text) != NULL, "'%s' is not in '%s'", text, e->log);
}

static void assert_not_logged(const struct end *e, const char *text)
{
    ck_assert_msg(strstr(e->log, text) == NULL, "'%s' is in '%s'", text, e->log);
}

static void assert_got(const char *text)
{
    for (int i = 0; i < 1000 && p.got_len < strlen(text); i++)
        wait_a_little();
    ck_assert_uint_eq(p.got_len, strlen(text));
    ck_assert_mem_eq(p.got, text, p.got_len);
}

static void assert_closed(int fd)
{
    ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}

/* Joined to one end of a socket pair; sockets[1] is the test's. */
static void begin_socket(int sockets[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets),
                     0);
    begin(sockets[0], sockets[0], -1);
}

static void assert_reads(int fd, const char *text)
{
    char got[64];
    ssize_t n = read(fd, got, sizeof got);

    ck_assert_int_eq(n, (ssize_t)strlen(text));
    ck_assert_mem_eq(got, text, (size_t)n);
}

static void put(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(a_socket_carries_data_and_eof_both_ways)
{
    int s[2];

    begin_socket(s);
    ck_assert_uint_eq(nacre_channel_write(client, "hello", 5), 5);
    turns(3);
    assert_reads(s[1], "hello");
    put(s[1], "answer");
    turns(3);
    assert_got("answer");
    nacre_channel_eof(client);
    turns(3);
    assert_reads(s[1], ""); /* EOF */
    put(s[1], " and more");
    turns(3);
    assert_got("answer and more");
    assert_not_logged(&p.client, "eof;");
    close(s[1]);
    turns(3);
    assert_logged(&p.client, "eof;close;closed peer closed;");
    assert_logged(&p.server, "closed we closed;");
    finish();
}
END_TEST

START_TEST(the_descriptor_may_end_first)
{
    int s[2];

    begin_socket(s);
    put(s[1], "last");
    shutdown(s[1], SHUT_WR);
    turns(3);
    assert_got("last");
    assert_logged(&p.client, "eof;");
    assert_not_logged(&p.client, "close");
    ck_assert_uint_eq(nacre_channel_write(client, "still", 5), 5);
    turns(3);
    assert_reads(s[1], "still");
    nacre_channel_eof(client);
    turns(3);
    assert_logged(&p.client, "closed peer closed;");
    assert_reads(s[1], "");
    close(s[1]);
    finish();
}
END_TEST

START_TEST(eof_is_sent_when_input_and_error_have_both_ended)
{
    int in[2], err[2], out[2];

    ck_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0 &&
              pipe2(out, O_CLOEXEC) == 0);
    begin(in[0], out[1], err[0]);
    put(err[1], "oh");
    turns(3);
    assert_got("oh");
    put(in[1], "ok");
    turns(3);
    assert_got("ohok");
    close(in[1]);
    turns(3);
    assert_not_logged(&p.client, "eof;"); /* the other descriptor is open */
    put(err[1], "!");
    close(err[1]);
    turns(3);
    assert_got("ohok!");
    assert_logged(&p.client, "eof;");
    nacre_channel_eof(client);
    turns(3);
    assert_reads(out[0], "");
    assert_logged(&p.client, "closed");
    close(out[0]);
    finish();
}
END_TEST

/* Without SIGPIPE, and without ending the channel. */
START_TEST(data_that_nothing_reads_are_dropped)
{
    int in[2], out[2];

    ck_assert(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    begin(in[0], out[1], -1);
    close(out[0]);
    for (size_t sent = 0; sent < BIG;) {
        sent += nacre_channel_write(client, big, BIG - sent);
        turns(2);
    }
    assert_closed(out[1]);
    ck_assert_int_eq(eows, 1); /* OpenSSH may stop sending */
    put(in[1], "alive");
    turns(3);
    assert_got("alive");
    close(in[1]);
    turns(3);
    assert_logged(&p.client, "closed peer closed;"); /* both directions have ended */
    finish();
}
END_TEST

START_TEST(a_descriptor_that_is_not_read_stops_the_peer)
{
    int s[2];
    size_t sent = 0, got = 0, before;
    uint8_t *copy = malloc(BIG);

    ck_assert_ptr_nonnull(copy);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (uint8_t)(i * 7 + i / 251);
    begin_socket(s);
    for (int i = 0; i < 100; i++) {
        sent += nacre_channel_write(client, big + sent, BIG - sent);
        turns(1);
    }
    before = sent;
    ck_assert_uint_lt(sent, BIG);
    turns(20);
    ck_assert_uint_eq(nacre_channel_write(client, big + sent, BIG - sent), 0);
    ck_assert_uint_eq(sent, before);
    ck_assert_ptr_null(loop.soon.first); /* and the loop is idle */
    while (got < BIG) {
        ssize_t n = read(s[1], copy + got, BIG - got);

        got += n > 0 ? (size_t)n : 0;
        turns(1);
        sent += nacre_channel_write(client, big + sent, BIG - sent);
        turns(1);
    }
    ck_assert_mem_eq(copy, big, BIG);
    nacre_channel_eof(client);
    close(s[1]);
    turns(3);
    free(copy);
    finish();
}
END_TEST

START_TEST(a_peer_that_does_not_read_stops_the_descriptor)
{
    int s[2];
    size_t put_in = 0, before;

    begin_socket(s);
    p.client_reads = false;
    for (int i = 0; i < 200; i++) {
        ssize_t n = write(s[1], big + put_in, BIG - put_in);

        put_in += n > 0 ? (size_t)n : 0;
        turns(1);
    }
    before = put_in;
    ck_assert_uint_lt(put_in, BIG);
    turns(20);
    ck_assert_int_lt(write(s[1], big, 1), 0);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_eq(put_in, before);
    ck_assert_ptr_null(loop.soon.first);
    p.client_reads = true;
    while (p.got_len < BIG) {
        ssize_t n = write(s[1], big + put_in, BIG - put_in);

        put_in += n > 0 ? (size_t)n : 0;
        turns(1);
    }
    ck_assert_mem_eq(p.got, big, BIG);
    close(s[1]);
    turns(3);
    finish();
}
END_TEST

START_TEST(a_close_drops_input_that_was_not_sent)
{
    int s[2];
    char got[8];

    begin_socket(s);
    p.client_reads = false;
    while (write(s[1], big, BIG) > 0)
        turns(1);
    nacre_channel_close(client);
    p.client_reads = true;
    turns(3);
    assert_logged(&p.server, "closed peer closed;");
    assert_closed(s[0]);
    ck_assert_int_le(read(s[1], got, sizeof got), 0);
    close(s[1]);
    finish();
}
END_TEST

START_TEST(a_descriptor_that_accepts_no_last_bytes_is_closed_after_a_time)
{
    uint64_t begun_ms;
    int s[2];

    begin_socket(s);
    while (nacre_channel_write(client, big, BIG) > 0)
        turns(1);
    begun_ms = loop.now_ms;
    nacre_channel_close(client);
    turns(3);
    assert_not_logged(&p.server, "closed");
    ck_assert_uint_ge(loop.heap[0]->at_ms, begun_ms + 5000);
    ck_assert_uint_le(loop.heap[0]->at_ms, loop.now_ms + 5000);
    assert_logged(&p.server, "closed peer closed;");
    assert_closed(s[0]);
    close(s[1]);
    finish();
}
END_TEST

START_TEST(a_lost_connection_closes_the_descriptors)
{
    int s[2];

    begin_socket(s);
    put(s[1], "unread");
    nacre_session_lost(p.server.session);
    turns(2);
    assert_logged(&p.server, "closed connection lost;");
    assert_closed(s[0]);
    close(s[1]);
    finish();
}
END_TEST

static int open_terminal(int *slave)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[64];

    ck_assert_int_ge(master, 0);
    ck_assert(grantpt(master) == 0 && unlockpt(master) == 0 &&
              ptsname_r(master, name, sizeof name) == 0);
    *slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(*slave, 0);
    return master;
}

START_TEST(eio_on_a_terminal_is_eof)
{
    int slave, master = open_terminal(&slave);

    begin(master, master, -1);
    put(slave, "screen");
    close(slave);
    turns(3);
    assert_got("screen");
    assert_logged(&p.client, "eof;");
    turns(3);
    assert_logged(&p.client, "closed peer closed;");
    finish();
}
END_TEST

static void no_echo(int slave)
{
    struct termios modes;

    ck_assert_int_eq(tcgetattr(slave, &modes), 0);
    modes.c_lflag &= ~(tcflag_t)ECHO;
    ck_assert_int_eq(tcsetattr(slave, TCSANOW, &modes), 0);
}

/* Neither bytes nor another EOF. */
static void assert_reads_nothing(int slave)
{
    char byte;

    ck_assert_int_eq(fcntl(slave, F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(read(slave, &byte, 1), -1);
    ck_assert_int_eq(errno, EAGAIN);
}

START_TEST(eof_is_typed_twice_in_the_middle_of_a_line)
{
    int slave, master = open_terminal(&slave);

    no_echo(slave);
    begin(master, master, -1);
    nacre_channel_write(client, "line\nhalf", 9);
    nacre_channel_eof(client);
    turns(3);
    assert_reads(slave, "line\n");
    assert_reads(slave, "half");
    assert_reads(slave, "");
    assert_reads_nothing(slave);
    put(slave, "bye");
    turns(3);
    assert_got("bye");
    close(slave);
    turns(3);
    assert_logged(&p.client, "closed");
    finish();
}
END_TEST

START_TEST(a_line_may_end_with_a_message_of_one_byte)
{
    int slave, master = open_terminal(&slave);

    no_echo(slave);
    begin(master, master, -1);
    nacre_channel_write(client, "line", 4);
    turns(3);
    nacre_channel_write(client, "\n", 1);
    nacre_channel_eof(client);
    turns(3);
    assert_reads(slave, "line\n");
    assert_reads(slave, "");
    assert_reads_nothing(slave);
    close(slave);
    turns(3);
    finish();
}
END_TEST

START_TEST(eof_is_typed_once_after_a_line)
{
    int slave, master = open_terminal(&slave);

    no_echo(slave);
    begin(master, master, -1);
    nacre_channel_write(client, "line\n", 5);
    nacre_channel_eof(client);
    turns(3);
    assert_reads(slave, "line\n");
    assert_reads(slave, "");
    assert_reads_nothing(slave);
    close(slave);
    turns(3);
    finish();
}
END_TEST

START_TEST(files_can_be_joined)
{
    const char *from = scratch_write("from", "contents", 0600);
    const char *to = scratch_write("to", "", 0600);
    char *text;

    begin(open(from, O_RDONLY | O_CLOEXEC), open(to, O_WRONLY | O_CLOEXEC), -1);
    assert_got("contents");
    nacre_channel_write(client, "upload", 6);
    nacre_channel_eof(client);
    turns(3);
    assert_logged(&p.client, "closed");
    text = scratch_read(to);
    ck_assert_str_eq(text, "upload");
    free(text);
    finish();
}
END_TEST

START_TEST(an_eow_request_closes_the_input)
{
    int in[2];

    ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
    begin(in[0], -1, -1);
    ck_assert_int_eq(nacre_channel_request(client, "eow@openssh.com", false, NULL, 0),
                     NACRE_SEND_DONE);
    turns(3);
    assert_closed(in[0]);
    ck_assert_int_eq(other_requests, 1); /* the application is asked too */
    assert_logged(&p.client, "closed");
    close(in[1]);
    finish();
}
END_TEST

START_TEST(an_application_with_drained_closes_the_channel_itself)
{
    int s[2];

    joined.drained = on_drained;
    begin_socket(s);
    nacre_channel_eof(client);
    close(s[1]);
    turns(5);
    ck_assert_int_eq(drained_count, 1);
    assert_not_logged(&p.client, "eof;");
    assert_not_logged(&p.client, "close");
    nacre_channel_close(client);
    turns(3);
    assert_logged(&p.server, "closed peer closed;");
    finish();
}
END_TEST

START_TEST(an_eof_from_before_the_join_is_passed_on)
{
    int s[2];

    joined.output_ended = true;
    begin_socket(s);
    assert_reads(s[1], "");
    put(s[1], "x");
    turns(3);
    assert_got("x");
    close(s[1]);
    turns(3);
    assert_logged(&p.client, "closed");
    finish();
}
END_TEST

START_TEST(other_requests_are_the_applications)
{
    int s[2];

    begin_socket(s);
    ck_assert_int_eq(nacre_channel_request(client, "x@nacre", true, NULL, 0), NACRE_SEND_DONE);
    turns(3);
    ck_assert_int_eq(other_requests, 1);
    p.server_app.request = NULL;
    ck_assert_int_eq(nacre_channel_request(client, "x@nacre", true, NULL, 0), NACRE_SEND_DONE);
    turns(3);
    ck_assert_int_eq(p.replies_bad, 2);
    close(s[1]);
    turns(3);
    finish();
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_socket_carries_data_and_eof_both_ways);
    add_test(suite, the_descriptor_may_end_first);
    add_test(suite, eof_is_sent_when_input_and_error_have_both_ended);
    add_test(suite, data_that_nothing_reads_are_dropped);
    add_test(suite, a_descriptor_that_is_not_read_stops_the_peer);
    add_test(suite, a_peer_that_does_not_read_stops_the_descriptor);
    add_test(suite, a_close_drops_input_that_was_not_sent);
    add_test(suite, a_descriptor_that_accepts_no_last_bytes_is_closed_after_a_time);
    add_test(suite, a_lost_connection_closes_the_descriptors);
    add_test(suite, eio_on_a_terminal_is_eof);
    add_test(suite, eof_is_typed_twice_in_the_middle_of_a_line);
    add_test(suite, a_line_may_end_with_a_message_of_one_byte);
    add_test(suite, eof_is_typed_once_after_a_line);
    add_test(suite, files_can_be_joined);
    add_test(suite, an_eow_request_closes_the_input);
    add_test(suite, an_application_with_drained_closes_the_channel_itself);
    add_test(suite, an_eof_from_before_the_join_is_passed_on);
    add_test(suite, other_requests_are_the_applications);
}
