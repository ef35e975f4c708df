/* What each signal does to the server, which is not there. Each case has a process of its own. */
#include "apps/daemon/notify.h"
#include "apps/daemon/signals.h"
#include "tests/support/child.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static char one; /* its address is what matters */

#define SERVER ((struct nacre_server *)(void *)&one)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(void, nacre_server_drain, struct nacre_server *server, uint32_t ms)
{
    note("%sdrain %" PRIu32 ";", server == SERVER ? "" : "no server: ", ms);
}

OWN(void, nacre_server_stop, struct nacre_server *server)
{
    note("%sstop;", server == SERVER ? "" : "no server: ");
}

OWN(void, nacre_server_report, struct nacre_server *server)
{
    note("%sreport;", server == SERVER ? "" : "no server: ");
}

OWN(void, notify_stopping, void)
{
    note("stopping;");
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void send(int number)
{
    note("%s:", sigabbrev_np(number));
    (void)raise(number);
    note("%s%s%s%s ", signals_are_ending() ? " ending" : "",
         signals_are_replaced() ? " replaced" : "", signals_take_report() ? " counters" : "",
         signals_take_hangup() ? " reload" : "");
}

static void begin(bool supervised, uint32_t drain_ms)
{
    signals_start();
    signals_hold();
    signals_set_drain(drain_ms);
    signals_serve(SERVER, supervised);
}

/* Returns 0 if the notes are these; the parent sees others. */
static int expect(const char *expected)
{
    if (strcmp(noted, expected) == 0)
        return 0;
    (void)fprintf(stderr, "%s", noted);
    return 1;
}

static int stop_at_once(void)
{
    begin(false, 0);
    send(SIGTERM);
    send(SIGINT);
    return expect("TERM:stopping;stop; ending INT:stopping;stop; ending ");
}

static int drain_and_stop(void)
{
    begin(false, 5);
    send(SIGINT);
    send(SIGTERM);
    return expect("INT:stopping;drain 5; ending TERM:stopping;stop; ending ");
}

static int drain_for_another_time(void)
{
    begin(false, 0);
    signals_set_drain(1);
    send(SIGTERM);
    return expect("TERM:stopping;drain 1; ending ");
}

static int report(void)
{
    begin(false, 0);
    send(SIGUSR1);
    send(SIGHUP);
    send(SIGALRM);
    send(SIGUSR2); /* nobody supervises it */
    return expect("USR1:report; counters HUP:report; reload ALRM: USR2: ");
}

static int replace(void)
{
    begin(true, 0);
    send(SIGUSR2);
    signals_set_drain(7);
    signals_drain();
    return expect("USR2:drain 4294967295; ending replaced drain 7;");
}

/* A hangup that came while the server was made; the counters of nobody are not reported. */
static int remember(void)
{
    signals_start();
    send(SIGUSR1);
    (void)raise(SIGHUP);
    signals_hold();
    signals_serve(SERVER, false);
    if (expect("USR1: report;") != 0)
        return 1;
    return signals_take_hangup() && !signals_take_hangup() ? 0 : 2;
}

static int wait_for_the_server(void)
{
    signals_start();
    signals_hold();
    (void)raise(SIGHUP);
    (void)raise(SIGUSR1);
    if (expect("") != 0)
        return 1;
    signals_serve(SERVER, false);
    return strcmp(noted, "report;report;") == 0 && signals_take_report() && signals_take_hangup()
               ? 0
               : 2;
}

static int end(void)
{
    static const int all[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGALRM};

    begin(true, 5);
    signals_stop();
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        (void)raise(all[i]);
    return expect("") + signals_are_ending() + signals_take_report() + signals_take_hangup();
}

static int (*const cases[])(void) = {
    stop_at_once, drain_and_stop,     drain_for_another_time, report, replace, remember,
    end,          wait_for_the_server};

START_TEST(each_signal_has_its_effect)
{
    succeeds_in_child(cases[_i]);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, each_signal_has_its_effect, 0, sizeof cases / sizeof cases[0]);
}
