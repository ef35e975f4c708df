#include "apps/serve/end.h"

#include "apps/daemon/log.h"

#include <sys/timerfd.h>

enum {
    /* A process whose output has ended mostly ends at once. Its status is then sent before the EOF,
     * because dbclient ignores a status that comes after one. A process that continues without
     * output has its EOF sent after this time. */
    EXIT_GRACE_MS = 200
};

/* When the process has ended and all its output is sent: report how it ended, and close. */
static void close_when_over(struct serve_session *s)
{
    if (s->ch == NULL || !s->ended || !s->drained)
        return;
    session_end_grace(s);
    if (s->end.by_signal)
        nacre_channel_exit_signal(s->ch, signal_name(s->end.status), s->end.core_dumped);
    else
        nacre_channel_exit_status(s->ch, (uint32_t)s->end.status);
    nacre_channel_close(s->ch); /* s may be freed now */
}

static void log_exit(pid_t pid, const struct child_end *end)
{
    struct log_line l;

    log_begin(&l, LOG_INFO, "exited");
    log_u64(&l, "pid", (uint64_t)pid);
    if (end->by_signal)
        log_text(&l, "signal", signal_name(end->status));
    else
        log_u64(&l, "status", (uint64_t)end->status);
    log_end(&l);
}

void end_on_exit(void *session)
{
    struct serve_session *s = session;
    pid_t pid = s->child.pid;

    nacre_watch_free(s->watch);
    s->watch = NULL;
    if (!child_reap(&s->child, &s->end))
        return; /* cannot happen: its pidfd was readable */
    s->running = false;
    s->ended = true;
    log_exit(pid, &s->end);
    if (s->ch == NULL)
        session_free(s);
    else
        close_when_over(s);
}

static void on_grace_over(void *session)
{
    struct serve_session *s = session;

    session_end_grace(s);
    nacre_channel_eof(s->ch);
}

static bool begin_grace(struct serve_session *s)
{
    const struct itimerspec grace = {.it_value.tv_nsec = EXIT_GRACE_MS * 1000000L};

    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->timer < 0 || timerfd_settime(s->timer, 0, &grace, NULL) != 0)
        return false;
    s->grace = nacre_watch_new(session_loop(s), s->timer, on_grace_over, s);
    return s->grace != NULL;
}

void end_on_drained(struct nacre_channel *ch)
{
    struct serve_session *s = nacre_channel_app_data(ch);

    s->drained = true;
    if (s->ended)
        close_when_over(s);
    else if (!begin_grace(s))
        on_grace_over(s);
}
