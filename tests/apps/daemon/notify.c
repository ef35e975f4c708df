/* What a service manager is told, each case in a process of its own, with this test as manager. */
#include "apps/daemon/notify.h"
#include "apps/runtime/loop.h"
#include "tests/support/child.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char sentence[256];
static const struct errbuf p = {sentence, sizeof sentence};
static int manager;
static char name[64], said[256];

/* A socket in the abstract namespace */
static bool listens(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len;

    (void)snprintf(name, sizeof name, "@nacre-notify-%d", (int)getpid());
    len = strlen(name);
    memcpy(address.sun_path + 1, name + 1, len - 1);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    return bind(manager, (struct sockaddr *)&address,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0 &&
           setenv("NOTIFY_SOCKET", name, 1) == 0;
}

/* The next datagram; "" when there is none */
static const char *heard(void)
{
    ssize_t n = recv(manager, said, sizeof said - 1, 0);

    said[n > 0 ? n : 0] = '\0';
    return said;
}

static bool is_next(const char *expected)
{
    return strcmp(heard(), expected) == 0;
}

static int say_all(void)
{
    unsigned long long us;

    if (!listens() || !notify_open(&p) || getenv("NOTIFY_SOCKET") != NULL)
        return 1;
    notify_say(NOTIFY_READY, 0);
    notify_say(NOTIFY_RELOADING, 0);
    notify_say(NOTIFY_RELOAD_FAILED, 0);
    notify_say(NOTIFY_DRAINING, 7);
    errno = ENOENT;
    notify_stopping();
    if (errno != ENOENT || !is_next("READY=1\nSTATUS=Accepting connections"))
        return 2;
    if (sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=Reloading", &us) != 1 || us == 0)
        return 3;
    if (!is_next("READY=1\nSTATUS=Accepting connections; the last reload failed, as the log says"))
        return 4;
    if (!is_next("STATUS=Draining; connections left: 7") ||
        !is_next("STOPPING=1\nSTATUS=Stopping") || !is_next(""))
        return 5;
    (void)close(manager);
    notify_say(NOTIFY_READY, 0); /* nobody listens any more: no signal, no failure */
    return 0;
}

START_TEST(each_notice_is_a_datagram)
{
    succeeds_in_child(say_all);
}
END_TEST

static int say_nothing(void)
{
    (void)unsetenv("NOTIFY_SOCKET");
    if (!notify_open(&p))
        return 1;
    (void)setenv("NOTIFY_SOCKET", "", 1);
    if (!notify_open(&p) || !notify_watch(NULL, NULL))
        return 2;
    notify_say(NOTIFY_READY, 0);
    notify_stopping();
    return 0;
}

START_TEST(without_a_manager_nothing_happens)
{
    succeeds_in_child(say_nothing);
}
END_TEST

static int take_bad_names(void)
{
    static char much[256];

    memset(much, 'a', sizeof much - 1);
    much[0] = '/';
    for (int i = 0; i < 5; i++) {
        const char *const bad[] = {"vsock:2:1", "@", "relative", much, "/nowhere/at/all"};

        (void)setenv("NOTIFY_SOCKET", bad[i], 1);
        if (notify_open(&p) || getenv("NOTIFY_SOCKET") != NULL)
            return 1 + i;
        (void)fprintf(stderr, "%s\n", sentence);
    }
    notify_say(NOTIFY_READY, 0);
    return 0;
}

START_TEST(a_name_that_is_wrong_is_refused)
{
    succeeds_in_child(take_bad_names);
    assert_says(child_said, "NOTIFY_SOCKET: 'vsock:2:1' is neither a path nor @ and a name\n");
    assert_says(child_said, "NOTIFY_SOCKET: cannot connect to '/nowhere/at/all': No such file");
}
END_TEST

/* ---- the watchdog ---- */

static void set_watchdog(const char *us, pid_t pid)
{
    char text[16];

    (void)snprintf(text, sizeof text, "%d", (int)pid);
    (void)setenv("WATCHDOG_USEC", us, 1);
    (void)setenv("WATCHDOG_PID", text, 1);
}

/* A loop that does not run says nothing. */
static int watch(void)
{
    struct nacre_loop loop;

    set_watchdog("20000", getpid());
    if (!listens() || !loop_init(&loop) || !notify_open(&p) || getenv("WATCHDOG_USEC") != NULL ||
        getenv("WATCHDOG_PID") != NULL || !notify_watch(&loop, NULL))
        return 1;
    (void)usleep(100 * 1000); /* it is stuck */
    if (!is_next(""))
        return 2;
    for (int i = 0; i < 3; i++) {
        loop_run_once(&loop);
        if (!is_next("WATCHDOG=1"))
            return 3;
    }
    notify_unwatch();
    loop_clear(&loop);
    return 0;
}

static bool has_value(const char *variable, const char *value)
{
    const char *found = getenv(variable);

    return found != NULL && strcmp(found, value) == 0;
}

/* sd_watchdog_enabled(3): any positive number of microseconds. */
static int pass_on_shortest(void)
{
    set_watchdog("1", getpid());
    if (!listens() || !notify_open(&p))
        return 1;
    notify_pass_on_watchdog();
    return !has_value("WATCHDOG_USEC", "1");
}

START_TEST(the_shortest_interval_is_passed_on)
{
    succeeds_in_child(pass_on_shortest);
}
END_TEST

START_TEST(a_loop_is_alive_as_long_as_it_runs)
{
    succeeds_in_child(watch);
}
END_TEST

static int watch_nothing(void)
{
    static const char *const bad[] = {"20000", "0", "-1", "soon", ""};

    for (int i = 0; i < 5; i++) {
        set_watchdog(bad[i], i == 0 ? getppid() : getpid());
        /* With an interval, this would need a loop. */
        if ((i == 0 && !listens()) || !notify_open(&p) || !notify_watch(NULL, NULL))
            return 1 + i;
        notify_pass_on_watchdog();
        if (getenv("WATCHDOG_USEC") != NULL)
            return 10 + i;
        (void)setenv("NOTIFY_SOCKET", name, 1);
    }
    return 0;
}

START_TEST(that_of_another_process_is_not_fed)
{
    succeeds_in_child(watch_nothing);
}
END_TEST

/* ---- under a supervisor ---- */

static int speak_through(void)
{
    struct notify_message m;
    int ends[2];
    char own[16];

    set_watchdog("20000", getpid());
    if (!listens() || !notify_open(&p) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return 1;
    notify_pass_on_watchdog();
    (void)snprintf(own, sizeof own, "%d", (int)getpid());
    if (!has_value("WATCHDOG_USEC", "20000") || !has_value("WATCHDOG_PID", own))
        return 2;
    notify_through(ends[1]);
    notify_say(NOTIFY_DRAINING, 7);
    notify_stopping();
    if (recv(ends[0], &m, sizeof m, 0) != sizeof m || m.notice != NOTIFY_DRAINING || m.number != 7)
        return 3;
    if (recv(ends[0], &m, sizeof m, 0) != sizeof m || m.notice != NOTIFY_STOPPING)
        return 4;
    (void)close(ends[0]);
    notify_say(NOTIFY_READY, 0);
    return is_next("") ? 0 : 5;
}

START_TEST(a_child_tells_its_parent)
{
    succeeds_in_child(speak_through);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_notice_is_a_datagram);
    add_test(suite, without_a_manager_nothing_happens);
    add_test(suite, a_name_that_is_wrong_is_refused);
    add_test(suite, the_shortest_interval_is_passed_on);
    add_test(suite, a_loop_is_alive_as_long_as_it_runs);
    add_test(suite, that_of_another_process_is_not_fed);
    add_test(suite, a_child_tells_its_parent);
}
