/* A client's channels: a session joined to standard input and output, and forwarding in both
 * directions. */
#include "tests/interop/calling.h"

#include "apps/runtime/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct nacre_loop *loop_of(const struct nacre_channel *ch)
{
    return nacre_client_loop(nacre_channel_context(ch));
}

/* ---- the session ---- */

static unsigned owed; /* replies; the last one is for the program */
static struct nacre_channel *program;

static bool ask_for_program(struct nacre_channel *ch)
{
    if (options.subsystem != NULL)
        return nacre_channel_subsystem(ch, options.subsystem) == NACRE_SEND_DONE;
    if (options.command != NULL)
        return nacre_channel_exec(ch, options.command) == NACRE_SEND_DONE;
    return nacre_channel_shell(ch) == NACRE_SEND_DONE;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    bool good = true;

    if (options.columns != 0) {
        good = nacre_channel_pty(ch, "vt220", options.columns, options.rows) == NACRE_SEND_DONE;
        owed++;
    }
    for (size_t i = 0; i < options.environment_count; i++) {
        char name[64];
        const char *value = strchr(options.environment[i], '=') + 1;

        (void)snprintf(name, sizeof name, "%.*s", (int)(value - options.environment[i] - 1),
                       options.environment[i]);
        good = good && nacre_channel_env(ch, name, value) == NACRE_SEND_DONE;
        owed++;
    }
    good = good && ask_for_program(ch);
    owed++;
    if (!good)
        say("no room for the requests");
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    const struct nacre_stream_config joined = {
        .input = dup(0), .output = dup(1), .error = -1, .drained = nacre_channel_eof};

    if (--owed != 0) { /* a break is sent after them */
        say(granted ? "granted" : "refused");
    } else if (!granted) {
        say("the program was refused");
        nacre_channel_close(ch);
    } else {
        (void)nacre_stream_join(ch, loop_of(ch), &joined);
        nacre_channel_resume(ch);
        return;
    }
    (void)close(joined.input);
    (void)close(joined.output);
}

/* Data before the program was granted; after that the stream reads it. */
static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)ch;
    (void)data;
    (void)len;
    return 0;
}

static size_t on_errors(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    ssize_t n = write(2, data, len);

    (void)ch;
    return n < 0 ? len : (size_t)n;
}

/* ---- two sessions more ---- */

static struct nacre_channel *more[2];

/* Programs that do not end at EOF, and a shell. */
static enum nacre_answer more_open(struct nacre_channel *ch)
{
    enum nacre_sending sending =
        ch == more[0] ? nacre_channel_exec(ch, "chargen 100000000000") : nacre_channel_shell(ch);

    return sending == NACRE_SEND_DONE ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t more_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    if (ch == more[0])
        return 0;
    say("the shell says %.*s", (int)len, (const char *)data);
    return len;
}

static void more_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    say("%s is closed: %s", ch == more[0] ? "chargen" : "the shell", nacre_cause_text(why->cause));
    more[ch == more[1]] = NULL;
}

static void open_more(struct nacre_client *client)
{
    static const struct nacre_channel_app app = {
        .open = more_open, .data = more_data, .closed = more_closed};

    for (int i = 0; i < 2; i++)
        more[i] = nacre_session_open_channel(nacre_client_session(client), "session", &app, NULL,
                                             NULL, 0);
}

static void use_more(void)
{
    if (more[0] != NULL)
        nacre_channel_close(more[0]);
    if (more[1] != NULL)
        (void)nacre_channel_write(more[1], "alive", 5);
}

/* ---- in the middle ---- */

void on_poke(void)
{
    static const uint8_t half_a_second[4] = {0, 0, 1, 244};

    use_more();
    if (program != NULL && options.signal != NULL)
        (void)nacre_channel_signal(program, options.signal);
    if (program != NULL && options.new_columns != 0)
        (void)nacre_channel_window_change(program, options.new_columns, options.new_rows);
    if (program != NULL && options.sends_break)
        (void)nacre_channel_request(program, "break", true, half_a_second, sizeof half_a_second);
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    (void)ch;
    if (request->kind == NACRE_REQUEST_EXIT_STATUS)
        status = (int)request->exit_status;
    else if (request->kind == NACRE_REQUEST_EXIT_SIGNAL)
        say("exit-signal %s", request->text);
    else
        say("request %s", request->type);
    return NACRE_GRANT;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    if (why->cause == NACRE_OPEN_REFUSED)
        say("refused %u: %s", why->code, why->text);
    program = NULL;
    nacre_client_close(nacre_channel_context(ch), "done");
}

/* ---- forwards ---- */

/* Split PORT:HOST:PORT or PATH:PATH; the first part becomes localhost:PORT or PATH. */
static void split(const char *text, char first[NACRE_HOST_MAX + 16], const char **second)
{
    const char *colon = strchr(text, ':');

    (void)snprintf(first, NACRE_HOST_MAX + 16, "%s%.*s", text[0] != '/' ? "localhost:" : "",
                   (int)(colon - text), text);
    *second = colon + 1;
}

/* -L: what connects to us goes to the server. */
static void listen_for(struct nacre_client *client, const char *text)
{
    char errbuf[512], here[NACRE_HOST_MAX + 16];
    const char *there;

    split(text, here, &there);
    if (nacre_forward_listen(nacre_client_forwards(client), here,
                             there[0] == '/' ? "direct-streamlocal@openssh.com" : "direct-tcpip",
                             there, errbuf, sizeof errbuf) == NULL)
        say("%s", errbuf);
}

/* -R: what connects to the server comes to us. */
static void ask_to_forward(struct nacre_client *client, bool cancel)
{
    char there[NACRE_HOST_MAX + 16];
    const char *here;

    split(options.remote[0], there, &here);
    (void)nacre_forward_remote(nacre_client_forwards(client), there, here, cancel);
}

static void on_event(void *context, enum nacre_forward_event event,
                     const struct nacre_target *target, const char *text)
{
    static const char *const words[] = {"connected", "failed", "listening", "stopped", "accepted"};

    say("forward %s %s:%u %s", words[event], target->host, target->port, text);
    if (event == NACRE_FORWARD_LISTENING && options.cancels)
        ask_to_forward(context, true);
}

const struct nacre_forwarding forwarding = {.event = on_event};

/* ---- all of it ---- */

void open_all(struct nacre_client *client)
{
    static const struct nacre_channel_app app = {.open = on_open,
                                                 .replied = on_replied,
                                                 .data = on_data,
                                                 .extended_data = on_errors,
                                                 .request = on_request,
                                                 .closed = on_closed};

    for (size_t i = 0; i < options.local_count; i++)
        listen_for(client, options.local[i]);
    if (options.remote_count > 0)
        ask_to_forward(client, false);
    if (!options.no_session)
        program = nacre_session_open_channel(nacre_client_session(client), "session", &app, NULL,
                                             NULL, 0);
    if (options.two_more)
        open_more(client);
    say("logged in");
}
