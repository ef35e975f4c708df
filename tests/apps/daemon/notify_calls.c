/* What a service manager or a supervisor is told, call by call: sockets, the clock and the loop are
 * the test's. */
#include "apps/daemon/notify.h"
#include "apps/runtime/watch.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FIRST = 1000 /* descriptor of a socket; the others follow */ };

static int sockets;
static const char *failing; /* a call; or NULL */
static char one;            /* its address is what matters */
static void (*due)(void *context), (*at_parent)(void *context);
static char sentence[512];
static const struct errbuf p = {sentence, sizeof sentence};

#define LOOP ((struct nacre_loop *)(void *)&one)

static bool step(const char *name)
{
    return failing == NULL || strcmp(failing, name) != 0;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_close(int fd);

OWN(int, socket, int domain, int type, int protocol)
{
    note("socket%s;",
         domain == AF_UNIX && type == (SOCK_DGRAM | SOCK_CLOEXEC) && protocol == 0 ? "" : " other");
    errno = EMFILE;
    return step("socket") ? FIRST + sockets++ : -1;
}

OWN(int, connect, int fd, const struct sockaddr *to, socklen_t len)
{
    const struct sockaddr_un *address = (const void *)to;
    size_t n = len - offsetof(struct sockaddr_un, sun_path);

    ck_assert(fd >= FIRST && address->sun_family == AF_UNIX);
    note("connect %s%.*s;", address->sun_path[0] == 0 ? "NUL " : "",
         (int)n - (address->sun_path[0] == 0), address->sun_path + (address->sun_path[0] == 0));
    errno = ENOENT;
    return step("connect") ? 0 : -1;
}

OWN(int, setsockopt, int fd, int level, int option, const void *value, socklen_t len)
{
    const struct timeval *wait = value;

    ck_assert(level == SOL_SOCKET && option == SO_SNDTIMEO && len == sizeof *wait);
    note("timeout %d %d ms;", fd - FIRST, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000));
    return 0;
}

OWN(ssize_t, send, int fd, const void *data, size_t len, int flags)
{
    const struct notify_message *message = data;

    ck_assert(flags == MSG_NOSIGNAL);
    if (len == sizeof *message)
        note("send %d %u %u;", fd - FIRST, message->notice, message->number);
    else
        note("send %d %.*s;", fd - FIRST, (int)len, (const char *)data);
    errno = EPIPE;
    return -1;
}

OWN(int, close, int fd)
{
    if (fd < FIRST)
        return __real_close(fd);
    note("close %d;", fd - FIRST);
    return 0;
}

OWN(struct nacre_watch *, nacre_watch_new, struct nacre_loop *loop, int fd,
    void (*ready)(void *context), void *context)
{
    ck_assert_ptr_eq(loop, LOOP);
    (void)context;
    note("watch %d;", fd - FIRST);
    at_parent = ready;
    return step("watch") ? (struct nacre_watch *)(void *)&one : NULL;
}

OWN(void, nacre_watch_free, struct nacre_watch *watch)
{
    note("unwatch%s;", watch != NULL ? "" : " none");
}

OWN(struct nacre_timer *, nacre_timer_new, struct nacre_loop *loop, void (*fire)(void *context),
    void *context)
{
    ck_assert_ptr_eq(loop, LOOP);
    (void)context;
    due = fire;
    return step("timer") ? (struct nacre_timer *)(void *)&one : NULL;
}

OWN(bool, nacre_timer_set, struct nacre_timer *timer, uint32_t ms)
{
    ck_assert_ptr_nonnull(timer);
    note("timer %" PRIu32 ";", ms);
    return step("timer set");
}

OWN(void, nacre_timer_free, struct nacre_timer *timer)
{
    note("untimer%s;", timer != NULL ? "" : " none");
}

OWN(int, clock_gettime, clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){.tv_sec = 12, .tv_nsec = 345678901};
    return 0;
}

/* The same on 32-bit machines */
OWN(int, __clock_gettime64, clockid_t clock, struct timespec *now)
{
    return __wrap_clock_gettime(clock, now);
}

OWN(int, __setsockopt64, int fd, int level, int option, const void *value, socklen_t len)
{
    return __wrap_setsockopt(fd, level, option, value, len);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void set_up(void)
{
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    (void)unsetenv("NOTIFY_SOCKET");
}

static bool open_name(const char *name)
{
    (void)setenv("NOTIFY_SOCKET", name, 1);
    return notify_open(&p);
}

/* A manager that listens, with a watchdog of so many microseconds, or "". */
static void begin(const char *us)
{
    if (us[0] != 0)
        (void)setenv("WATCHDOG_USEC", us, 1);
    ck_assert(open_name("/run/x"));
    noted[0] = 0;
}

START_TEST(before_it_is_opened_nothing_is_said)
{
    notify_say(NOTIFY_READY, 0);
    notify_stopping();
    expect_notes("");
}
END_TEST

START_TEST(a_socket_waits_for_a_tenth_of_a_second)
{
    ck_assert(open_name("/run/x"));
    expect_notes("socket;connect /run/x;timeout 0 100 ms;");
    notify_through(FIRST + 7);
    expect_notes("close 0;timeout 7 100 ms;");
    ck_assert(open_name("@x"));
    expect_notes("socket;connect NUL x;timeout 1 100 ms;");
}
END_TEST

START_TEST(a_name_has_up_to_107_bytes)
{
    char name[120];

    memset(name, 'n', sizeof name);
    name[0] = '/';
    name[107] = 0;
    ck_assert(open_name(name));
    name[107] = 'n';
    name[108] = 0;
    ck_assert(!open_name(name));
    ck_assert(open_name("/n"));
    ck_assert(!open_name("/"));
    ck_assert(!open_name("@"));
    ck_assert(!open_name("n/"));
    noted[0] = 0;
}
END_TEST

START_TEST(a_socket_that_fails_is_closed)
{
    failing = "connect";
    ck_assert(!open_name("/run/x"));
    expect_notes("socket;connect /run/x;close 0;");
    ck_assert_str_eq(sentence, "NOTIFY_SOCKET: cannot connect to '/run/x': No such file or "
                               "directory");
    failing = "socket";
    ck_assert(!open_name("/run/x"));
    expect_notes("socket;");
    notify_say(NOTIFY_READY, 0);
    notify_stopping();
    expect_notes("");
}
END_TEST

START_TEST(each_notice_has_its_text)
{
    begin("");
    errno = ENOENT;
    for (int notice = 0; notice < NOTICES; notice++)
        notify_say((enum notice)notice, 7);
    notify_stopping();
    ck_assert_int_eq(errno, ENOENT);
    expect_notes("send 0 READY=1\nSTATUS=Accepting connections;"
                 "send 0 RELOADING=1\nMONOTONIC_USEC=12345678\nSTATUS=Reloading;"
                 "send 0 READY=1\nSTATUS=Accepting connections; the last reload failed, as the log "
                 "says;"
                 "send 0 STOPPING=1\nSTATUS=Stopping;"
                 "send 0 STATUS=Draining; connections left: 7;"
                 "send 0 WATCHDOG=1;"
                 "send 0 STOPPING=1\nSTATUS=Stopping;");
    notify_through(FIRST + 7);
    noted[0] = 0;
    notify_say(NOTIFY_DRAINING, 9);
    notify_stopping();
    expect_notes("send 7 4 9;send 7 3 0;");
}
END_TEST

/* ---- the watchdog ---- */

START_TEST(the_watchdog_hears_twice_in_its_interval)
{
    static const char *const rows[][2] = {
        {"1", "timer 1;"},
        {"3999", "timer 1;"},
        {"4000", "timer 2;"},
        {"30000000", "timer 15000;"},
        {"8589934588000", "timer 4294967294;"}, /* UINT32_MAX means never */
        {"8589934590000", "timer 4294967294;"},
        {"9223372036854775807", "timer 4294967294;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(rows[i][0]);
        ck_assert(notify_watch(LOOP, NULL));
        expect_notes(rows[i][1]);
        due(NULL);
        ck_assert_str_eq(strstr(noted, "send"), noted);
        ck_assert_str_eq(strchr(noted, ';') + 1, rows[i][1]);
        noted[0] = 0;
        notify_unwatch();
        notify_unwatch();
        expect_notes("untimer;unwatch none;untimer none;unwatch none;");
    }
}
END_TEST

START_TEST(an_interval_is_meant_for_this_process_or_for_any)
{
    static const char *const others[] = {"1", "", "x", "0", "-1"};
    char own[16];

    (void)snprintf(own, sizeof own, "%d", (int)getpid());
    (void)setenv("WATCHDOG_PID", own, 1);
    begin("4000");
    ck_assert(notify_watch(LOOP, NULL));
    expect_notes("timer 2;");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)setenv("WATCHDOG_PID", others[i], 1);
        begin("4000");
        ck_assert(notify_watch(LOOP, NULL));
        expect_notes("");
    }
    begin("9223372036854775808");
    ck_assert(notify_watch(LOOP, NULL));
    expect_notes("");
}
END_TEST

START_TEST(a_watchdog_needs_a_timer_and_somebody_who_listens)
{
    begin("4000");
    failing = "timer";
    ck_assert(!notify_watch(LOOP, NULL));
    expect_notes("");
    failing = "timer set";
    ck_assert(!notify_watch(LOOP, NULL));
    expect_notes("timer 2;");
    failing = "connect";
    (void)setenv("WATCHDOG_USEC", "4000", 1);
    ck_assert(!open_name("/run/x"));
    noted[0] = 0;
    ck_assert(notify_watch(LOOP, NULL));
    expect_notes("");
}
END_TEST

/* ---- under a supervisor ---- */

static void orphaned(void)
{
    note("orphaned;");
}

START_TEST(an_orphan_is_told_once)
{
    begin("");
    notify_through(FIRST + 7);
    noted[0] = 0;
    ck_assert(notify_watch(LOOP, orphaned));
    expect_notes("watch 7;");
    at_parent(NULL);
    expect_notes("unwatch;orphaned;");
    notify_unwatch();
    expect_notes("untimer none;unwatch none;");
    failing = "watch";
    ck_assert(!notify_watch(LOOP, orphaned));
    expect_notes("watch 7;");
}
END_TEST

START_TEST(a_child_feeds_its_watchdog_through_its_parent)
{
    (void)setenv("WATCHDOG_USEC", "4000", 1);
    ck_assert(notify_open(&p));
    notify_through(FIRST + 7);
    noted[0] = 0;
    ck_assert(notify_watch(LOOP, orphaned));
    due(NULL);
    expect_notes("watch 7;timer 2;send 7 5 0;timer 2;");
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, NULL);
    add_test(suite, before_it_is_opened_nothing_is_said);
    add_test(suite, a_socket_waits_for_a_tenth_of_a_second);
    add_test(suite, a_name_has_up_to_107_bytes);
    add_test(suite, a_socket_that_fails_is_closed);
    add_test(suite, each_notice_has_its_text);
    add_test(suite, the_watchdog_hears_twice_in_its_interval);
    add_test(suite, an_interval_is_meant_for_this_process_or_for_any);
    add_test(suite, a_watchdog_needs_a_timer_and_somebody_who_listens);
    add_test(suite, an_orphan_is_told_once);
    add_test(suite, a_child_feeds_its_watchdog_through_its_parent);
}
