#include "apps/echo/echo.h"

#include "apps/daemon/request.h"
#include "apps/echo/commands.h"
#include "apps/server/file_login.h"
#include "apps/server/server.h"

#include <stdlib.h>

static const struct channel_events *report;

void echo_set_events(const struct channel_events *events)
{
    report = events;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct echo_session *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NACRE_REFUSE;
    nacre_channel_set_app_data(ch, s);
    report->opened(ch);
    return NACRE_GRANT;
}

static bool grant(struct nacre_channel *ch, struct echo_session *s,
                  const struct nacre_request *request)
{
    const struct nacre_key_grant *allowed =
        nacre_file_login_grant(nacre_peer_login(nacre_channel_context(ch)));

    if (allowed->command != NULL && request_starts_program(request))
        return echo_run(ch, s, allowed->command); /* whatever the client asked for: sshd(8) */
    switch (request->kind) {
    case NACRE_REQUEST_SHELL:
        s->command = &echo_shell;
        return true;
    case NACRE_REQUEST_EXEC:
        return echo_run(ch, s, request->text);
    case NACRE_REQUEST_PTY:
        return allowed->pty;
    case NACRE_REQUEST_ENV:
    case NACRE_REQUEST_WINDOW_CHANGE:
    case NACRE_REQUEST_SIGNAL:
        return true;
    default:
        return false;
    }
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    struct echo_session *s = nacre_channel_app_data(ch);
    bool had_command = s->command != NULL;
    bool granted = grant(ch, s, request);

    report->requested(ch, request, granted);
    if (!granted)
        request_refused(ch, request);
    else if (s->got_eof && !had_command && s->command != NULL && s->command->eof != NULL)
        s->command->eof(ch, s); /* the peer's EOF came before its command */
    return granted ? NACRE_GRANT : NACRE_REFUSE;
}

/* Data that comes before the command waits for it. */
static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct echo_session *s = nacre_channel_app_data(ch);

    return s->command == NULL || s->command->data == NULL ? 0 : s->command->data(ch, s, data, len);
}

static void on_writable(struct nacre_channel *ch)
{
    struct echo_session *s = nacre_channel_app_data(ch);

    if (s->command != NULL && s->command->writable != NULL)
        s->command->writable(ch, s);
}

static void on_eof(struct nacre_channel *ch)
{
    struct echo_session *s = nacre_channel_app_data(ch);

    report->eof(ch);
    s->got_eof = true;
    if (s->command != NULL && s->command->eof != NULL)
        s->command->eof(ch, s);
}

static void on_close(struct nacre_channel *ch)
{
    report->close(ch);
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct echo_session *s = nacre_channel_app_data(ch);

    if (s == NULL)
        return; /* refused: out of memory */
    report->closed(ch, why);
    echo_session_clear(s);
    free(s);
}

const struct nacre_channel_app echo_app = {
    .open = on_open,
    .data = on_data,
    .writable = on_writable,
    .request = on_request,
    .eof = on_eof,
    .close = on_close,
    .closed = on_closed,
};
