#include "apps/serve/end.h"

#include "apps/daemon/log.h"
#include "apps/runtime/stream.h"
#include "apps/serve/survivors.h"

#include <poll.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <time.h>

enum {
    HANGUP_S = 2,  /* for a process to end after SIGHUP; one that has not then is logged */
    STOP_MS = 500, /* the same for all processes together when the server stops */
};

/* When the process has ended and all its output is sent: report how it ended, and close. The EOF
 * waits for that too: a client that has sent its own takes ours for the channel's end, reports
 * success without a status, and closes the channel while the process still works. */
static void close_when_over(struct serve_session *s)
{
    if (s->ch == NULL || !s->ended || !s->drained)
        return;
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

/* The client had gone before. What the process has left behind has as much time to end as it had.
 */
static void end_alone(struct serve_session *s)
{
    if (s->hangup != NULL)
        quota_return(&s->place);
    else
        session_free(s);
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
    if (s->ch == NULL) {
        end_alone(s);
        return;
    }
    if (s->tty >= 0)
        nacre_stream_finish(s->ch); /* others may use the terminal; the session is over */
    close_when_over(s);
}

void end_on_drained(struct nacre_channel *ch)
{
    struct serve_session *s = nacre_channel_app_data(ch);

    s->drained = true;
    close_when_over(s);
}

/* ---- the client has gone ---- */

/* What is left of the session: the process itself, or others. */
static void log_outlived(const struct serve_session *s)
{
    unsigned processes;
    struct log_line l;

    if (!s->running && !survivors_exist(s->leader))
        return;
    processes = survivors_count(s->leader);
    log_begin(&l, LOG_INFO, "outlived");
    log_u64(&l, "pid", (uint64_t)s->leader);
    if (processes > 0)
        log_u64(&l, "processes", processes);
    log_end(&l);
}

static void on_hangup_over(void *session)
{
    struct serve_session *s = session;

    session_end_hangup(s);
    log_outlived(s);
    if (!s->running)
        session_free(s);
}

void end_hang_up(struct serve_session *s, struct nacre_loop *loop)
{
    const struct itimerspec after = {.it_value.tv_sec = HANGUP_S};

    child_signal(&s->child, SIGHUP);
    child_signal(&s->child, SIGCONT); /* a stopped process acts on SIGHUP only when continued */
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->timer >= 0 && timerfd_settime(s->timer, 0, &after, NULL) == 0)
        s->hangup = nacre_watch_new(loop, s->timer, on_hangup_over, s);
}

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t stop_ms; /* until then the last processes have time to end */

static void end_last(struct serve_session *s)
{
    struct pollfd ended = {.fd = s->child.pidfd, .events = POLLIN};
    int64_t rest = stop_ms - now_ms();

    if (s->running && poll(&ended, 1, rest > 0 ? (int)rest : 0) == 1 &&
        child_reap(&s->child, &s->end)) {
        log_exit(s->leader, &s->end);
        s->running = false;
    }
    log_outlived(s);
}

void end_all(void)
{
    stop_ms = now_ms() + STOP_MS;
    session_free_all(end_last);
}
