#if __SIZEOF_LONG__ == 4
#undef _FORTIFY_SOURCE /* glibc's checked ppoll reads a struct timespec of 32 bits (bits/poll2.h)  \
                        */
#endif

#include "apps/client/caught.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static const int others[] = {SIGTSTP, SIGCONT, SIGWINCH};

static volatile sig_atomic_t end_number, stopped, continued, resized;

static void on_signal(int number)
{
    if (number == SIGTSTP)
        stopped = 1;
    else if (number == SIGCONT)
        continued = 1;
    else if (number == SIGWINCH)
        resized = 1;
    else if (end_number == 0)
        end_number = number;
}

/* Without SA_RESTART: a write that waits is interrupted. */
static void catch_signal(int number)
{
    const struct sigaction action = {.sa_handler = on_signal};

    (void)sigaction(number, &action, NULL);
}

void caught_begin(void)
{
    struct sigaction before;

    for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++)
        if (sigaction(ending[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            catch_signal(ending[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        catch_signal(others[i]);
}

int caught_end(void)
{
    return end_number;
}

static bool take(volatile sig_atomic_t *flag)
{
    bool taken = *flag != 0;

    *flag = 0;
    return taken;
}

bool caught_take_stop(void)
{
    return take(&stopped);
}

bool caught_take_continue(void)
{
    return take(&continued);
}

bool caught_take_resize(void)
{
    return take(&resized);
}

void caught_poll(struct pollfd *fds, nfds_t count, uint32_t timeout_ms)
{
    const struct timespec limit = {.tv_sec = timeout_ms / 1000,
                                   .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &before);
    if (end_number != 0 || stopped || continued || resized ||
        ppoll(fds, count, timeout_ms == UINT32_MAX ? NULL : &limit, &before) < 0)
        for (nfds_t i = 0; i < count; i++)
            fds[i].revents = 0;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void caught_default(int number)
{
    (void)signal(number, SIG_DFL);
    (void)raise(number);
    catch_signal(number); /* after a stop, it returns */
}
