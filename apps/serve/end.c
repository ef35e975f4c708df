#include "apps/serve/end.h"

#include "apps/daemon/log.h"
#include "apps/runtime/stream.h"

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
        session_free(s);
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
