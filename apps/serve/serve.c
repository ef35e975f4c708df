#include "apps/serve/serve.h"

#include "apps/daemon/events.h"
#include "apps/daemon/request.h"
#include "apps/serve/end.h"
#include "apps/serve/place.h"
#include "apps/server/file_login.h"
#include "apps/serve/start.h"

#include <string.h>

enum { TERM_MAX = 64 /* characters of a terminal's name */ };

static struct serve_config config;

void serve_configure(const struct serve_config *given)
{
    config = *given;
}

/* ---- requests ---- */

static bool set_terminal(struct serve_session *s, const struct nacre_request *request)
{
    const char *term = request->text;

    for (const char *c = term; *c != 0; c++)
        if (*c <= ' ' || *c > '~')
            term = "dumb";
    if (term[0] == 0 || strlen(term) > TERM_MAX)
        term = "dumb";
    return environment_set(&s->environment, "TERM", term) && terminal_open(&s->terminal, request);
}

static bool resize(const struct serve_session *s, const struct nacre_request *request)
{
    int fd = s->tty >= 0 ? s->tty : s->terminal.master;

    if (fd < 0)
        return false;
    terminal_resize(fd, request);
    return true;
}

static bool pass_signal(const struct serve_session *s, const char *name)
{
    int number = signal_number(name);

    if (number < 0 || !s->running)
        return false;
    child_signal(&s->child, number);
    return true;
}

static bool set_variable(struct serve_session *s, const struct nacre_request *request)
{
    return !s->running && environment_is_clients(request->text, request->value, config.accepted) &&
           s->environment.count < ENVIRONMENT_CLIENT_MAX &&
           environment_set(&s->environment, request->text, request->value);
}

/* The command of a subsystem, RFC 4254 section 6.5; NULL: there is none of that name. */
static const char *find_subsystem(const char *name)
{
    size_t len = strlen(name);

    for (const char *const *at = config.subsystems; *at != NULL; at++)
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
            return *at + len + 1;
    return NULL;
}

static bool start_subsystem(struct serve_session *s, const char *name)
{
    const char *command = find_subsystem(name);

    return command != NULL && start_shell_command(s, &config, command);
}

/* PROTOCOL.agent: "auth-agent-req@openssh.com" has no fields. Each session may have a socket. */
static bool start_agent(struct serve_session *s, const struct nacre_key_grant *allowed)
{
    return config.agent_forwarding && allowed->agent_forwarding && !s->running &&
           agent_listen(&s->agent, nacre_channel_context(s->ch)) &&
           environment_set(&s->environment, "SSH_AUTH_SOCK", s->agent.path);
}

static bool grant(struct serve_session *s, const struct nacre_request *request)
{
    const struct nacre_key_grant *allowed =
        nacre_file_login_grant(nacre_peer_login(nacre_channel_context(s->ch)));

    if (allowed->command != NULL && request_starts_program(request))
        return start_command(s, &config,
                             request->kind == NACRE_REQUEST_SHELL ? NULL : request->text);
    switch (request->kind) {
    case NACRE_REQUEST_PTY:
        return allowed->pty && set_terminal(s, request);
    case NACRE_REQUEST_ENV:
        return set_variable(s, request);
    case NACRE_REQUEST_SHELL:
        return start_command(s, &config, NULL);
    case NACRE_REQUEST_EXEC:
        return config.exec && start_command(s, &config, request->text);
    case NACRE_REQUEST_SUBSYSTEM:
        return start_subsystem(s, request->text);
    case NACRE_REQUEST_WINDOW_CHANGE:
        return resize(s, request);
    case NACRE_REQUEST_SIGNAL:
        return pass_signal(s, request->text);
    case NACRE_REQUEST_BREAK:
        return s->tty >= 0 && terminal_break(s->tty);
    case NACRE_REQUEST_EOW:
        return true;
    case NACRE_REQUEST_OTHER:
        return strcmp(request->type, "auth-agent-req@openssh.com") == 0 && start_agent(s, allowed);
    default:
        return false;
    }
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    bool granted = grant(nacre_channel_app_data(ch), request);

    config.events->requested(ch, request, granted);
    if (!granted)
        request_refused(ch, request);
    return granted ? NACRE_GRANT : NACRE_REFUSE;
}

/* ---- the channel ---- */

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct quota_place place = {NULL, NULL};
    const char *refusal = place_take(&place, nacre_channel_context(ch));
    struct serve_session *s;

    if (refusal != NULL) { /* a session that is refused here costs no descriptor */
        nacre_channel_refuse_open(ch, NACRE_REASON_SHORTAGE, refusal);
        return NACRE_REFUSE;
    }
    s = session_new(ch);
    if (s == NULL) {
        quota_return(&place);
        return NACRE_REFUSE;
    }
    s->place = place;
    environment_begin(&s->environment);
    nacre_channel_set_app_data(ch, s);
    config.events->opened(ch);
    return NACRE_GRANT;
}

/* Data that comes before the process waits for it; after that the stream takes it. */
static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)ch;
    (void)data;
    (void)len;
    return 0;
}

static void on_eof(struct nacre_channel *ch)
{
    struct serve_session *s = nacre_channel_app_data(ch);

    config.events->eof(ch);
    s->got_eof = true;
}

static void on_close(struct nacre_channel *ch)
{
    config.events->close(ch);
}

/* The client has gone: hang up on a process that still runs. */
static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct serve_session *s = nacre_channel_app_data(ch);
    struct nacre_loop *loop = nacre_peer_loop(nacre_channel_context(ch));

    if (s == NULL)
        return; /* refused, or out of memory */
    config.events->closed(ch, why);
    s->ch = NULL;
    agent_close(&s->agent);
    session_close_tty(s); /* the last descriptor of it: the terminal hangs up */
    if (s->running)
        end_hang_up(s, loop);
    else
        session_free(s);
}

const struct nacre_channel_app serve_app = {
    .open = on_open,
    .data = on_data,
    .request = on_request,
    .eof = on_eof,
    .close = on_close,
    .closed = on_closed,
};
