#include "apps/daemon/signals.h"

#include "apps/daemon/notify.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static struct nacre_server *_Atomic running;
static atomic_bool reports, hangups, stopping, ending, replaced;
static _Atomic uint32_t drain_ms;

/* The first one lets sessions go on for a while. */
static void on_stop(int number)
{
    uint32_t ms = drain_ms;

    (void)number;
    ending = true;
    notify_stopping();
    if (ms > 0 && !atomic_exchange(&stopping, true))
        nacre_server_drain(running, ms);
    else
        nacre_server_stop(running);
}

void signals_drain(void)
{
    uint32_t ms = drain_ms;

    ending = replaced = true;
    nacre_server_drain(running, ms > 0 ? ms : NACRE_UNLIMITED);
}

/* From the supervisor: another process accepts connections now. */
static void on_replaced(int number)
{
    (void)number;
    signals_drain();
}

/* The server logs at its leisure: a handler may not. */
static void on_report(int number)
{
    struct nacre_server *server = running;

    *(number == SIGHUP ? &hangups : &reports) = true;
    if (server != NULL)
        nacre_server_report(server);
}

static void on_ignored(int number)
{
    (void)number;
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

void signals_start(void)
{
    handle(SIGHUP, on_report, SA_RESTART);
    handle(SIGUSR1, on_ignored, SA_RESTART);
    handle(SIGUSR2, on_ignored, SA_RESTART);
    handle(SIGALRM, on_ignored, SA_RESTART);
    handle(SIGCHLD, SIG_DFL, 0); /* if it is ignored, children leave no status */
}

static void mask(int how)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGUSR2);
    (void)pthread_sigmask(how, &set, NULL);
}

void signals_hold(void)
{
    mask(SIG_BLOCK);
}

void signals_serve(struct nacre_server *server, bool supervised)
{
    running = server;
    if (server != NULL) {
        if (supervised)
            handle(SIGUSR2, on_replaced, SA_RESTART);
        handle(SIGTERM, on_stop, 0);
        handle(SIGINT, on_stop, 0);
        handle(SIGUSR1, on_report, SA_RESTART);
        if (hangups)
            nacre_server_report(server);
    }
    mask(SIG_UNBLOCK);
}

void signals_set_drain(uint32_t ms)
{
    drain_ms = ms;
}

void signals_stop(void)
{
    handle(SIGUSR2, on_ignored, SA_RESTART);
    handle(SIGTERM, on_ignored, SA_RESTART);
    handle(SIGINT, on_ignored, SA_RESTART);
    handle(SIGUSR1, on_ignored, SA_RESTART);
    handle(SIGHUP, on_ignored, SA_RESTART);
}

bool signals_take_report(void)
{
    return atomic_exchange(&reports, false);
}

bool signals_take_hangup(void)
{
    return atomic_exchange(&hangups, false);
}

bool signals_are_ending(void)
{
    return ending;
}

bool signals_are_replaced(void)
{
    return replaced;
}
