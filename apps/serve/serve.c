#include "apps/serve/serve.h"

#include "apps/daemon/login.h"
#include "apps/serve/child.h"
#include "apps/serve/environment.h"
#include "apps/daemon/events.h"
#include "apps/runtime/stream.h"
#include "apps/runtime/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    TERM_MAX = 64,
    NO_SUCH_COMMAND = 127, /* the exit status that shells have for it */

    /* A child whose output has ended mostly ends at once. Its status then goes before the EOF,
     * because dbclient takes no notice of a status behind one; who goes on without output has its
     * EOF after this time. */
    EXIT_GRACE_MS = 200,
};

/* One session channel and its process; it lives until both are over. */
struct served {
    struct nacre_channel *ch; /* NULL once it is closed */
    struct served *next, **link;
    struct terminal terminal;
    struct environment environment;
    struct child child;
    struct nacre_watch *watch; /* of the child's end */
    struct nacre_watch *grace; /* until the EOF, once the child writes no more */
    int timer;                 /* its descriptor, or -1 */
    int tty;                   /* the terminal, for its size; -1: none */
    struct child_end end;
    bool running, ended; /* the child */
    bool failed;         /* it could not be started: nothing will be, what was promised is gone */
    bool drained;        /* all its output is on its way */
    bool got_eof;        /* before there was a child */
};

static struct serve_config config;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* around the list: several workers */
static struct served *all;

void serve_configure(const struct serve_config *given)
{
    config = *given;
}

/* ---- the list, for the end ---- */

static struct served *served_new(struct nacre_channel *ch)
{
    struct served *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->ch = ch;
    s->tty = s->terminal.master = s->terminal.slave = s->child.pidfd = s->timer = -1;
    (void)pthread_mutex_lock(&lock);
    s->link = &all;
    s->next = all;
    if (all != NULL)
        all->link = &s->next;
    all = s;
    (void)pthread_mutex_unlock(&lock);
    return s;
}

static struct nacre_loop *loop_of(const struct served *s)
{
    return nacre_peer_loop(nacre_channel_context(s->ch));
}

static void end_grace(struct served *s)
{
    nacre_watch_free(s->grace);
    s->grace = NULL;
    if (s->timer >= 0)
        (void)close(s->timer);
    s->timer = -1;
}

static void served_free(struct served *s)
{
    end_grace(s);
    (void)pthread_mutex_lock(&lock);
    *s->link = s->next;
    if (s->next != NULL)
        s->next->link = s->link;
    (void)pthread_mutex_unlock(&lock);
    nacre_watch_free(s->watch);
    terminal_close(&s->terminal);
    environment_clear(&s->environment);
    if (s->tty >= 0)
        (void)close(s->tty);
    if (s->child.pidfd >= 0)
        (void)close(s->child.pidfd);
    free(s);
}

void serve_over(void)
{
    while (all != NULL)
        served_free(all);
}

/* ---- the end of a child ---- */

/* Ended, and all that it wrote is sent: say how, and close. */
static void close_when_over(struct served *s)
{
    if (s->ch == NULL || !s->ended || !s->drained)
        return;
    end_grace(s);
    if (s->end.by_signal)
        nacre_channel_exit_signal(s->ch, signal_name(s->end.status), s->end.core_dumped);
    else
        nacre_channel_exit_status(s->ch, (uint32_t)s->end.status);
    nacre_channel_close(s->ch); /* perhaps s is gone now */
}

static void log_exit(const struct served *s)
{
    struct log_line l;

    log_begin(&l, LOG_INFO, "exited");
    log_u64(&l, "pid", (uint64_t)s->child.pid);
    if (s->end.by_signal)
        log_text(&l, "signal", signal_name(s->end.status));
    else
        log_u64(&l, "status", (uint64_t)s->end.status);
    log_end(&l);
}

static void on_child_end(void *context)
{
    struct served *s = context;
    struct child before = s->child;

    nacre_watch_free(s->watch);
    s->watch = NULL;
    if (!child_reap(&s->child, &s->end))
        return; /* cannot be: it was said to have ended */
    s->running = false;
    s->ended = true;
    log_exit(&(struct served){.child = before, .end = s->end});
    if (s->ch == NULL)
        served_free(s);
    else
        close_when_over(s);
}

static void on_grace_over(void *context)
{
    struct served *s = context;

    end_grace(s);
    nacre_channel_eof(s->ch);
}

static bool begin_grace(struct served *s)
{
    const struct itimerspec grace = {.it_value.tv_nsec = EXIT_GRACE_MS * 1000000L};

    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (s->timer < 0 || timerfd_settime(s->timer, 0, &grace, NULL) != 0)
        return false;
    s->grace = nacre_watch_new(loop_of(s), s->timer, on_grace_over, s);
    return s->grace != NULL;
}

static void on_drained(struct nacre_channel *ch)
{
    struct served *s = nacre_channel_data(ch);

    s->drained = true;
    if (s->ended)
        close_when_over(s);
    else if (!begin_grace(s))
        on_grace_over(s);
}

/* ---- the start of a child ---- */

static const struct nacre_key_grant *grant_of(const struct served *s)
{
    return login_grant(nacre_channel_context(s->ch));
}

/* NAME=value before the key that the user logged in with */
static bool set_keys_environment(struct environment *e, const struct nacre_key_grant *allowed)
{
    for (char **at = allowed->environment; at != NULL && *at != NULL; at++) {
        size_t len = strcspn(*at, "=");
        char name[256];

        if (len >= sizeof name)
            return false;
        memcpy(name, *at, len);
        name[len] = 0;
        if (!environment_set(e, name, *at + len + 1))
            return false;
    }
    return true;
}

static bool prepare_environment(struct served *s, const char *original)
{
    struct environment *e = &s->environment;

    if (!set_keys_environment(e, grant_of(s)) ||
        !environment_set_connection(e, nacre_channel_context(s->ch)))
        return false;
    if (s->tty >= 0 && !environment_set(e, "SSH_TTY", s->terminal.name))
        return false;
    return original == NULL || environment_set(e, "SSH_ORIGINAL_COMMAND", original);
}

static void log_start(const struct served *s)
{
    const char *forced = grant_of(s)->command;
    struct log_line l;

    log_begin_channel(&l, "started", s->ch);
    log_u64(&l, "pid", (uint64_t)s->child.pid);
    log_text(&l, "what", forced != NULL ? forced : config.command[0]);
    log_end(&l);
}

/* Nothing is known of a child that cannot be watched: it is ended. */
static bool abandon(struct served *s)
{
    struct child_end end;

    child_signal(&s->child, SIGKILL);
    while (!child_reap(&s->child, &end))
        (void)usleep(1000); /* it cannot catch that one */
    return false;
}

static bool join(struct served *s, const struct child_streams *streams)
{
    const struct nacre_stream_config joined = {
        .input = streams->output,
        .error = streams->error,
        .output = streams->input,
        .drained = on_drained,
        .output_ended = s->got_eof,
    };

    return nacre_stream_join(s->ch, loop_of(s), &joined) != NULL;
}

/* original: what the client wants to run, or NULL. */
static bool start_child(struct served *s, const char *original, struct child_streams *streams)
{
    char *forced[] = {"/bin/sh", "-c", grant_of(s)->command, NULL};
    char **command = forced[2] != NULL ? forced : config.command;

    if (s->terminal.master >= 0)
        s->tty = fcntl(s->terminal.master, F_DUPFD_CLOEXEC, 0);
    if (!prepare_environment(s, original)) {
        log_trouble("start", "too many variables, or not enough memory, for its environment");
        return false;
    }
    if (!child_start(&s->child, command, s->environment.list, &s->terminal, streams)) {
        log_trouble("start", strerror(errno));
        return false;
    }
    return true;
}

static void close_tty(struct served *s)
{
    if (s->tty >= 0)
        (void)close(s->tty);
    s->tty = -1;
}

static bool start(struct served *s, const char *original)
{
    struct child_streams streams;

    if (s->failed)
        return false;
    s->failed = !start_child(s, original, &streams);
    if (s->failed) {
        close_tty(s);
        return false;
    }
    environment_clear(&s->environment);
    if (!join(s, &streams))
        return abandon(s);
    s->watch = nacre_watch_new(loop_of(s), s->child.pidfd, on_child_end, s);
    if (s->watch == NULL)
        return abandon(s);
    s->running = true;
    log_start(s);
    return true;
}

/* ---- requests ---- */

static bool set_terminal(struct served *s, const struct nacre_request *request)
{
    const char *term = request->text;

    for (const char *c = term; *c != 0; c++)
        if (*c <= ' ' || *c > '~')
            term = "dumb";
    if (term[0] == 0 || strlen(term) > TERM_MAX)
        term = "dumb";
    return environment_set(&s->environment, "TERM", term) && terminal_open(&s->terminal, request);
}

static bool resize(const struct served *s, const struct nacre_request *request)
{
    int fd = s->tty >= 0 ? s->tty : s->terminal.master;

    if (fd < 0)
        return false;
    terminal_resize(fd, request);
    return true;
}

static bool pass_signal(const struct served *s, const char *name)
{
    int number = signal_number(name);

    if (number < 0 || !s->running)
        return false;
    child_signal(&s->child, number);
    return true;
}

static bool wants_program(const struct nacre_request *request)
{
    return request->kind == NACRE_REQUEST_SHELL || request->kind == NACRE_REQUEST_EXEC ||
           request->kind == NACRE_REQUEST_SUBSYSTEM;
}

static bool grant(struct served *s, const struct nacre_request *request)
{
    const struct nacre_key_grant *allowed = grant_of(s);

    if (allowed->command != NULL && wants_program(request))
        return start(s, request->kind == NACRE_REQUEST_SHELL ? NULL : request->text);
    switch (request->kind) {
    case NACRE_REQUEST_PTY:
        return allowed->pty && set_terminal(s, request);
    case NACRE_REQUEST_ENV:
        return !s->running && environment_is_clients(request->text, request->value) &&
               s->environment.count < ENVIRONMENT_CLIENT_MAX &&
               environment_set(&s->environment, request->text, request->value);
    case NACRE_REQUEST_SHELL:
        return start(s, NULL);
    case NACRE_REQUEST_EXEC:
        return config.exec && start(s, request->text);
    case NACRE_REQUEST_WINDOW_CHANGE:
        return resize(s, request);
    case NACRE_REQUEST_SIGNAL:
        return pass_signal(s, request->text);
    case NACRE_REQUEST_BREAK:
        return s->tty >= 0 && terminal_break(s->tty);
    case NACRE_REQUEST_EOW:
        return true;
    default:
        return false;
    }
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    bool granted = grant(nacre_channel_data(ch), request);

    config.events->requested(ch, request, granted);
    if (!granted && !request->want_reply && wants_program(request)) {
        nacre_channel_exit_status(ch,
                                  NO_SUCH_COMMAND); /* or one who cannot hear no waits for ever */
        nacre_channel_close(ch);
    }
    return granted ? NACRE_GRANT : NACRE_REFUSE;
}

/* ---- the channel ---- */

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct served *s = served_new(ch);

    if (s == NULL)
        return NACRE_REFUSE;
    environment_begin(&s->environment);
    nacre_channel_set_data(ch, s);
    config.events->opened(ch);
    return NACRE_GRANT;
}

/* What comes before there is a child waits for it. */
static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)ch;
    (void)data;
    (void)len;
    return 0;
}

static void on_eof(struct nacre_channel *ch)
{
    struct served *s = nacre_channel_data(ch);

    config.events->eof(ch);
    s->got_eof = true;
}

static void on_close(struct nacre_channel *ch)
{
    config.events->close(ch);
}

/* The client has gone: whoever still runs there is told so. */
static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct served *s = nacre_channel_data(ch);

    config.events->closed(ch, why);
    if (s == NULL)
        return;
    s->ch = NULL;
    end_grace(s);
    close_tty(s); /* the last one: the terminal hangs up */
    if (!s->running) {
        served_free(s);
        return;
    }
    child_signal(&s->child, SIGHUP);
    child_signal(&s->child, SIGCONT); /* who is stopped hears it too */
}

const struct nacre_channel_app serve_app = {
    .open = on_open,
    .data = on_data,
    .request = on_request,
    .eof = on_eof,
    .close = on_close,
    .closed = on_closed,
};
