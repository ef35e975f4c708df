/* Connecting to a Unix socket. */
#include "apps/connect/connect_unix.h"

#include "apps/connect/connect.h"
#include "tests/support/client_story.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char sentence[512], text[256];
static const struct errbuf p = {sentence, sizeof sentence};

static int listen_at(const char *path, int backlog)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    (void)snprintf(text, sizeof text, "unix:%s", path);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, backlog), 0);
    return fd;
}

START_TEST(only_a_path_after_unix_is_one)
{
    ck_assert(connect_is_unix("unix:x"));
    ck_assert(connect_is_unix("unix:"));
    ck_assert(!connect_is_unix("unix.example:22"));
    ck_assert(!connect_is_unix("UNIX:x"));
    ck_assert(!connect_is_unix(""));
}
END_TEST

START_TEST(a_socket_that_listens_is_connected_to)
{
    int listener = listen_at(scratch_path("socket"), 8), fd = connect_unix(text, &p);

    ck_assert_msg(fd >= 0, "%s", sentence);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    close(listener);
    ck_assert_int_eq(connect_unix(text, &p), -1);
    assert_says(sentence, "cannot connect to unix:");
    assert_says(sentence, "Connection refused");
}
END_TEST

START_TEST(a_full_queue_is_an_error)
{
    int listener = listen_at(scratch_path("socket"), 0), fds[4], count = 0;

    while (count < 4 && (fds[count] = connect_unix(text, &p)) >= 0)
        count++;
    ck_assert_int_lt(count, 4);
    assert_says(sentence, "too many connections wait there");
    while (count > 0)
        close(fds[--count]);
    close(listener);
}
END_TEST

START_TEST(a_path_has_a_length)
{
    char longest[256] = "unix:";

    ck_assert_int_eq(connect_unix("unix:", &p), -1);
    assert_says(sentence, "the path of a Unix socket has 1 to 107 bytes");
    memset(longest + 5, 'x', 108);
    ck_assert_int_eq(connect_unix(longest, &p), -1);
    assert_says(sentence, "has 1 to 107 bytes");
    longest[5 + 107] = 0;
    ck_assert_int_eq(connect_unix(longest, &p), -1);
    assert_says(sentence, "No such file or directory");
}
END_TEST

/* A whole client: what it is called, and where its key is looked up. */
START_TEST(a_client_has_the_address_as_its_name)
{
    struct nacre_client_config config = config_for();
    struct nacre_clients *clients = clients_with(&config);
    struct story story = {.accept = true};
    int listener = listen_at(scratch_path("socket"), 8);
    const struct nacre_client *client =
        nacre_client_connect(clients, text, &story, sentence, sizeof sentence);
    char host[HOST_MAX];
    uint16_t port;

    ck_assert_msg(client != NULL, "%s", sentence);
    ck_assert_str_eq(nacre_client_address(client), text);
    ck_assert(client_known_as(client, host, &port, &p));
    ck_assert_str_eq(host, text);
    ck_assert_uint_eq(port, 22);
    ck_assert_ptr_null(
        nacre_client_connect(clients, "unix:/nowhere/at/all", &story, sentence, sizeof sentence));
    assert_says(sentence, "cannot connect to unix:/nowhere/at/all: No such file or directory");
    nacre_clients_free(clients);
    close(listener);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, only_a_path_after_unix_is_one);
    add_test(suite, a_socket_that_listens_is_connected_to);
    add_test(suite, a_full_queue_is_an_error);
    add_test(suite, a_path_has_a_length);
    add_test(suite, a_client_has_the_address_as_its_name);
}
