#include "apps/client/channel.h"

#include "apps/client/terminal_request.h"
#include "apps/terminal/raw_mode.h"

#include <stdio.h>

static struct client *client_of(const struct nacre_channel *ch)
{
    return nacre_channel_app_data(ch);
}

/* ---- starting the command ---- */

static enum nacre_sending send_request(struct client *c)
{
    if (c->step == CLIENT_ASK_TERMINAL)
        return terminal_request_send(c->channel);
    if (c->options->command == NULL)
        return nacre_channel_shell(c->channel);
    return nacre_channel_exec(c->channel, c->options->command);
}

/* Without space now, `writable` follows and calls it again. */
static void ask(struct client *c)
{
    while (c->step != CLIENT_ASKED_ALL) {
        enum nacre_sending sending = send_request(c);

        if (sending == NACRE_SEND_NEVER)
            client_fail(c, "the command is too long: it may have %d bytes", NACRE_COMMAND_MAX);
        if (sending != NACRE_SEND_DONE)
            return;
        c->step++;
    }
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    ask(client_of(ch));
    return NACRE_GRANT;
}

static void start(struct client *c)
{
    c->started = true;
    if (c->has_terminal)
        c->input.escapes = raw_mode_enter();
    channel_send_input(c);
}

/* The answers come in the order of the requests. */
static void on_replied(struct nacre_channel *ch, bool granted)
{
    struct client *c = client_of(ch);

    if (c->options->wants_terminal && !c->terminal_answered) {
        c->terminal_answered = true;
        c->has_terminal = granted;
        if (!granted)
            client_say("the server gives no terminal; the session continues without one");
    } else if (granted) {
        start(c);
    } else {
        client_fail(c, c->options->command == NULL ? "the server refused a shell"
                                                   : "the server refused the command");
    }
}

/* ---- data ---- */

void channel_send_input(struct client *c)
{
    struct input *in = &c->input;

    if (c->channel == NULL || !c->started)
        return;
    in->at += nacre_channel_write(c->channel, in->bytes + in->at, in->len - in->at);
    if (in->ended && in->at == in->len)
        nacre_channel_eof(c->channel);
}

void channel_send_size(struct client *c)
{
    c->resized = false;
    if (c->channel != NULL && c->has_terminal)
        c->resized = terminal_request_resize(c->channel) == NACRE_SEND_LATER;
}

static void on_writable(struct nacre_channel *ch)
{
    struct client *c = client_of(ch);

    ask(c);
    if (c->resized)
        channel_send_size(c);
    channel_send_input(c);
}

/* Nothing reads the output any more. OpenSSH's server can be told; elsewhere the command would
 * write in vain for ever, so its session ends, as a local one would receive SIGPIPE. */
static void on_broken(struct client *c)
{
    if (nacre_channel_eow(c->channel) == NACRE_SEND_NEVER)
        nacre_client_close(c->connection, "nothing reads the output any more");
}

static size_t put(struct client *c, struct output *o, const uint8_t *data, size_t len)
{
    bool was_broken = o->broken;
    size_t done = output_write(o, data, len);

    if (o->broken && !was_broken)
        on_broken(c);
    return done;
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct client *c = client_of(ch);

    return put(c, &c->output, data, len);
}

static size_t on_extended_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return output_write(&client_of(ch)->errors, data, len);
}

static void on_eof(struct nacre_channel *ch)
{
    output_end(&client_of(ch)->output);
}

/* ---- the end ---- */

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    struct client *c = client_of(ch);

    if (request->kind == NACRE_REQUEST_EXIT_STATUS) {
        c->status = (int)request->exit_status & 0xff;
        return NACRE_GRANT;
    }
    if (request->kind != NACRE_REQUEST_EXIT_SIGNAL)
        return NACRE_REFUSE;
    if (c->output.broken)
        return NACRE_GRANT; /* SIGPIPE: the person knows */
    client_say("the command was ended by signal %s%s%s%s", request->text,
               request->core_dumped ? " (core dumped)" : "", request->value[0] != 0 ? ": " : "",
               request->value);
    return NACRE_GRANT;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct client *c = client_of(ch);

    c->channel = NULL;
    c->complete = why->cause == NACRE_PEER_CLOSED || why->cause == NACRE_WE_CLOSED;
    if (why->cause == NACRE_OPEN_REFUSED)
        client_fail(c, "the server refused to open a session: %s", why->text);
    else
        nacre_client_close(c->connection, "the command has ended");
}

void channel_begin(struct client *c)
{
    static const struct nacre_channel_app app = {
        .open = on_open,
        .data = on_data,
        .extended_data = on_extended_data,
        .writable = on_writable,
        .request = on_request,
        .replied = on_replied,
        .eof = on_eof,
        .closed = on_closed,
    };

    c->step = c->options->wants_terminal ? CLIENT_ASK_TERMINAL : CLIENT_ASK_COMMAND;
    c->channel = nacre_session_open_channel(nacre_client_session(c->connection), "session", &app, c,
                                            NULL, 0);
    if (c->channel == NULL)
        client_fail(c, "no memory for a channel");
}
