#include "apps/daemon/metrics_listen.h"
#include "apps/server/server.h"

#include "tests/support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char sentence[512], address[NACRE_LISTEN_ADDRESS_MAX];
static const struct errbuf p = {sentence, sizeof sentence};

START_TEST(an_address_is_written_out)
{
    static const char *const good[] = {"0",      "9100",          "127.0.0.1:9100", "[::1]:0",
                                       "[::]:1", "0.0.0.0:65535", "unix:/run/x",    "localhost:1"};
    static const char *const bad[] = {"", ":9100", "65536", "-1", "unix:", "127.0.0.1", "9100x"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(metrics_address_is_good(good[i], &p), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!metrics_address_is_good(bad[i], &p), "%s", bad[i]);
}
END_TEST

START_TEST(a_port_is_one_of_the_loopback_address)
{
    int fd = metrics_listen("0", &p), other;

    ck_assert_int_eq(fd, 0); /* any number may be that of a socket */
    ck_assert_str_eq(sentence, "");
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    nacre_server_socket_address(fd, address);
    ck_assert_msg(strncmp(address, "127.0.0.1:", 10) == 0 && address[10] != '0', "%s", address);
    other = metrics_listen(address, &p);
    ck_assert_int_eq(other, -1);
    ck_assert_ptr_nonnull(strstr(sentence, "--metrics: cannot listen on 127.0.0.1:"));
    (void)close(fd);
}
END_TEST

START_TEST(a_unix_socket_is_replaced_when_nobody_listens)
{
    const char *path = scratch_path("metrics");
    char text[NACRE_LISTEN_ADDRESS_MAX];
    struct stat status;
    int fd;

    (void)snprintf(text, sizeof text, "unix:%s", path);
    ck_assert_msg(metrics_address_is_good(text, &p), "%s", text);
    fd = metrics_listen(text, &p);
    ck_assert_msg(fd >= 0, "%s", sentence);
    nacre_server_socket_address(fd, address);
    ck_assert_str_eq(address, text);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0660);
    ck_assert_int_eq(metrics_listen(text, &p), -1);
    ck_assert_ptr_nonnull(strstr(sentence, "--metrics: cannot listen on unix:"));
    (void)close(fd);
    fd = metrics_listen(text, &p);
    ck_assert_msg(fd >= 0, "%s", sentence);
    (void)close(fd);
    (void)unlink(path);
}
END_TEST

START_TEST(a_file_is_not_replaced)
{
    const char *path = scratch_path("file");
    char text[NACRE_LISTEN_ADDRESS_MAX];
    struct stat status;

    (void)close(open(path, O_WRONLY | O_CREAT, 0600));
    (void)snprintf(text, sizeof text, "unix:%s", path);
    ck_assert_int_eq(metrics_listen(text, &p), -1);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert(S_ISREG(status.st_mode));
    (void)unlink(path);
}
END_TEST

START_TEST(a_socket_of_another_process_is_used_if_it_listens)
{
    int fd = metrics_listen("0", &p), idle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(fcntl(fd, F_SETFL, 0), 0);
    ck_assert_msg(metrics_adopt(fd, &p), "%s", sentence);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    ck_assert(!metrics_adopt(idle, &p));
    ck_assert_ptr_nonnull(strstr(sentence, "is not a stream socket that listens"));
    (void)close(fd);
    (void)close(idle);
    ck_assert(!metrics_adopt(fd, &p));
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, an_address_is_written_out);
    add_test(suite, a_port_is_one_of_the_loopback_address);
    add_test(suite, a_unix_socket_is_replaced_when_nobody_listens);
    add_test(suite, a_file_is_not_replaced);
    add_test(suite, a_socket_of_another_process_is_used_if_it_listens);
}
