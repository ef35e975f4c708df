/* Every allocation fails in turn while a connection is forwarded. */
#include "tests/support/forward_parties.h"
#include "tests/support/sockets.h"
#include "tests/support/suite.h"
#include "tests/whole/memory_libc.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_gone(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return n == 0 || (n < 0 && errno != EAGAIN);
}

static bool was_accepted(int target, int *there)
{
    *there = accept4(target, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return *there >= 0;
}

/* Does a byte arrive? If not, the connection has ended. */
static bool arrives(int here, int target)
{
    char byte = 0;
    int there;

    AWAIT(was_accepted(target, &there) || is_gone(here));
    if (there < 0)
        return false;
    (void)!send(here, "x", 1, MSG_NOSIGNAL);
    AWAIT(read(there, &byte, 1) == 1 || is_gone(there) || is_gone(here));
    (void)close(there);
    return byte == 'x';
}

/* Listen, and forward one connection. False: it failed, and it is known why. */
static bool forwards_one(const char *host, uint16_t port, int target)
{
    char place[64], errbuf[256] = "";
    struct nacre_forward_listener *l;
    bool good;
    int here;

    (void)snprintf(place, sizeof place, "%s:%u", host, port);
    l = nacre_forward_listen(parties[NACRE_CLIENT].forwards, "127.0.0.1:0", "direct-tcpip", place,
                             errbuf, sizeof errbuf);
    if (l == NULL) {
        ck_assert_str_ne(errbuf, "");
        return false;
    }
    here = connect_to(nacre_forward_target(l));
    good = arrives(here, target);
    (void)close(here);
    if (!p.client.ended)
        nacre_forward_close(l);
    AWAIT(parties[0].connections + parties[1].connections == 0);
    return good;
}

START_TEST(a_connection_without_memory_is_refused)
{
    const char *host = _i == 0 ? "127.0.0.1" : "localhost";
    struct scarce scarce;
    unsigned n = 0;
    uint16_t port;
    bool good;

    do {
        int target;

        start();
        target = listen_at(&port);
        ck_assert(forwards_one(host, port, target)); /* the test's own buffers have their size */
        scarce_init(&scarce, ++n, false);
        scarce_everywhere(&scarce);
        good = forwards_one(host, port, target);
        scarce_everywhere(NULL);
        ck_assert(good || scarce.refused);
        (void)close(target);
        finish();
    } while (scarce.refused);
    ck_assert_uint_gt(n, 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_connection_without_memory_is_refused, 0, 2);
}
