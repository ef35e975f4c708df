#include "apps/client/loop.h"

#include "apps/client/channel.h"
#include "apps/client/caught.h"
#include "apps/terminal/raw_mode.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    FLUSH_MS = 1000, /* for the last bytes to leave, and the server to close */
    DESCRIPTORS = 4,
};

/* ---- time ---- */

static uint64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* How long to wait for something to happen. */
static uint32_t patience(const struct client *c)
{
    uint32_t wait = nacre_clients_timeout(c->clients);
    uint64_t now = now_ms();
    uint64_t left = c->login_until_ms > now ? c->login_until_ms - now : 0;

    return !c->logged_in && left < wait ? (uint32_t)left : wait;
}

/* Let the connection do what it can. A person may be asked meanwhile, whose time does not count. */
static void serve(struct client *c)
{
    uint64_t began = now_ms();

    (void)nacre_clients_run_once(c->clients, 0);
    c->login_until_ms += now_ms() - began;
    if (!c->over && !c->logged_in && now_ms() >= c->login_until_ms)
        client_fail(c, "the server has not completed the login in %u s", c->options->login_s);
}

/* ---- waiting ---- */

static void wait_for_something(struct client *c)
{
    bool reads = c->started && c->channel != NULL && input_wants_more(&c->input);
    struct pollfd fds[DESCRIPTORS] = {
        {.fd = nacre_clients_fd(c->clients), .events = POLLIN},
        {.fd = reads ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = c->output.blocked ? STDOUT_FILENO : -1, .events = POLLOUT},
        {.fd = c->errors.blocked ? STDERR_FILENO : -1, .events = POLLOUT},
    };

    caught_poll(fds, DESCRIPTORS, patience(c));
    c->readable = fds[1].revents != 0;
    c->writable = fds[2].revents != 0 || fds[3].revents != 0;
}

/* ---- the terminal ---- */

static void suspend(struct client *c)
{
    bool was_raw = raw_mode_is_on();

    raw_mode_leave();
    caught_default(SIGTSTP);
    if (was_raw)
        (void)raw_mode_enter();
    channel_send_size(c);
}

/* A shell may have changed the terminal's modes while the program was stopped. */
static void resume(struct client *c)
{
    if (raw_mode_is_on())
        (void)raw_mode_enter();
    channel_send_size(c);
}

static void obey(struct client *c, unsigned orders)
{
    if (c->connection == NULL)
        return;
    if (orders & ESCAPE_HELP)
        (void)fputs(escape_help, stderr);
    if (orders & ESCAPE_REKEY)
        nacre_session_rekey(nacre_client_session(c->connection));
    if (orders & ESCAPE_CLOSE) {
        c->leaving = true;
        nacre_client_close(c->connection, "closed by the user");
    } else if (orders & ESCAPE_SUSPEND) {
        suspend(c);
    }
}

/* ---- what happened ---- */

static void act_on_signals(struct client *c)
{
    if (caught_take_stop())
        suspend(c);
    if (caught_take_continue())
        resume(c);
    if (caught_take_resize())
        channel_send_size(c);
}

static void act_on_streams(struct client *c)
{
    if (c->readable) {
        unsigned orders = input_read(&c->input, STDIN_FILENO);

        channel_send_input(c);
        obey(c, orders);
    }
    if (c->writable && c->channel != NULL) {
        c->output.blocked = c->errors.blocked = false;
        nacre_channel_resume(c->channel);
    }
}

/* Send what is left. After a signal or ~. nothing is waited for. */
static void flush(struct client *c)
{
    uint64_t limit = now_ms() + (c->leaving || caught_end() != 0 ? 0 : FLUSH_MS);
    size_t left;

    do
        left = nacre_clients_run_once(c->clients, now_ms() < limit ? FLUSH_MS / 10 : 0);
    while (left > 0 && now_ms() < limit);
}

void loop_drive(struct client *c)
{
    bool had_terminal;

    caught_begin();
    c->login_until_ms = now_ms() + (uint64_t)c->options->login_s * 1000;
    while (!c->over && caught_end() == 0) {
        serve(c);
        if (c->over)
            break;
        wait_for_something(c);
        act_on_signals(c);
        act_on_streams(c);
    }
    if (c->connection != NULL)
        nacre_client_close(c->connection, "the client is shutting down");
    flush(c);
    had_terminal = c->has_terminal;
    raw_mode_leave();
    if (had_terminal)
        (void)fprintf(stderr, "Connection to %s closed.\n", c->options->host_name);
}
