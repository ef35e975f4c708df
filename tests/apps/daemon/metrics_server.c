/* An answer that leaves in pieces, on the event loop of a server. What stock readers see:
 * tests/interop/test_metrics.py. */
#include "apps/daemon/metrics_server.h"

#include "apps/daemon/log.h"
#include "apps/daemon/metrics_listen.h"
#include "apps/server/server.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    PIECE = 700,      /* bytes that one call sends */
    TURNS_MAX = 5000, /* iterations of the loop */
};

static struct nacre_server *server;
static struct metrics_server *metrics;
static bool draining, limps;
static unsigned calls;

/* In place of the C library's: a kernel whose buffers are nearly full. */
ssize_t send(int fd, const void *data, size_t len, int flags)
{
    if (limps && ++calls % 2 == 0) {
        errno = EAGAIN;
        return -1;
    }
    return sendto(fd, data, limps && len > PIECE ? PIECE : len, flags, NULL, 0);
}

static bool is_draining(void)
{
    return draining;
}

/* The socket of a reader that has connected */
static int start(void)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL};
    char text[NACRE_LISTEN_ADDRESS_MAX], sentence[512] = "";
    const struct errbuf p = {sentence, sizeof sentence};
    const struct nacre_server_config config = {
        .version = NACRE_VERSION_NUMBER, .listen = listen, .host_key_file = scratch_path("key")};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd, reader = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    log_threshold(LOG_ERROR);
    server = nacre_server_new(&config, sentence, sizeof sentence);
    ck_assert_msg(server != NULL, "%s", sentence);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", scratch_path("metrics"));
    (void)snprintf(text, sizeof text, "unix:%.100s", at.sun_path);
    fd = metrics_listen(text, &p);
    ck_assert_msg(fd >= 0, "%s", sentence);
    metrics = metrics_server_new(server, fd, is_draining);
    ck_assert_ptr_nonnull(metrics);
    ck_assert_int_eq(connect(reader, (const struct sockaddr *)&at, sizeof at), 0);
    return reader;
}

static void stop(int reader)
{
    (void)close(reader);
    metrics_server_free(metrics);
    nacre_server_free(server);
}

/* Run the loop until the server has closed its side. Returns the bytes that came. */
static size_t read_answer(int reader, char *answer, size_t size)
{
    size_t len = 0;

    for (int i = 0; i < TURNS_MAX; i++) {
        ssize_t n;

        ck_assert(nacre_server_run_once(server, 1));
        n = recv(reader, answer + len, size - 1 - len, 0);
        if (n == 0) {
            answer[len] = 0;
            return len;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    ck_abort_msg("no end after %zu bytes", len);
}

static size_t ask(int reader, const char *request, char *answer, size_t size)
{
    ck_assert_int_eq(write(reader, request, strlen(request)), (ssize_t)strlen(request));
    return read_answer(reader, answer, size);
}

START_TEST(an_answer_in_pieces_is_whole)
{
    static char answer[128 * 1024];
    int reader = start();
    size_t len, body;
    const char *end, *length;

    limps = true;
    len = ask(reader, "GET /metrics HTTP/1.1\r\n\r\n", answer, sizeof answer);
    ck_assert_uint_gt(calls, len / PIECE);
    length = strstr(answer, "Content-Length: ");
    end = strstr(answer, "\r\n\r\n");
    ck_assert(length != NULL && end != NULL);
    body = strtoul(length + strlen("Content-Length: "), NULL, 10);
    ck_assert_uint_eq(body, len - (size_t)(end + 4 - answer));
    ck_assert_ptr_nonnull(strstr(answer, "\nnacre_log_lines_dropped_total 0\n"));
    stop(reader);
}
END_TEST

START_TEST(health_fails_while_the_server_drains)
{
    char answer[1024];
    int reader = start();

    draining = true;
    (void)ask(reader, "GET /healthz HTTP/1.1\r\n\r\n", answer, sizeof answer);
    ck_assert_int_eq(strncmp(answer, "HTTP/1.1 503 Service Unavailable\r\n", 34), 0);
    stop(reader);
}
END_TEST

/* Another process has the socket: it serves those who come from now on. */
START_TEST(a_server_that_is_replaced_answers_only_the_readers_that_it_has)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int reader = start(), late = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    char answer[1024];

    ck_assert(nacre_server_run_once(server, 1));
    metrics_server_retire(metrics);
    metrics_server_retire(metrics);
    (void)ask(reader, "GET /healthz HTTP/1.1\r\n\r\n", answer, sizeof answer);
    ck_assert_int_eq(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17), 0);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", scratch_path("metrics"));
    ck_assert_int_eq(connect(late, (const struct sockaddr *)&at, sizeof at), -1);
    (void)close(late);
    stop(reader);
}
END_TEST

START_TEST(a_server_may_end_before_its_readers)
{
    int reader = start();

    limps = true;
    ck_assert_int_eq(write(reader, "GET /metrics HTTP/1.1\r\n\r\n", 25), 25);
    while (calls == 0)
        ck_assert(nacre_server_run_once(server, 1));
    stop(reader);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, an_answer_in_pieces_is_whole);
    add_test(suite, health_fails_while_the_server_drains);
    add_test(suite, a_server_that_is_replaced_answers_only_the_readers_that_it_has);
    add_test(suite, a_server_may_end_before_its_readers);
}
