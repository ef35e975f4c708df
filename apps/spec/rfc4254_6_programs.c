/* RFC 4254 sections 6.1 and 6.4 to 6.10, RFC 4335: programs on channels. */
#include "apps/session/number.h"
#include "apps/spec/profile.h"
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

#include <stdio.h>
#include <string.h>

enum { LONG = 30000, TEN = 10, X11_PORT = 6000, DISPLAYS = 50000, X11_COOKIE = 16 };

static const struct bytes nothing = {NULL, 0};

static void one_program(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    need_command(p, p->setting->profile.cat, "cat");
    send_channel_request(p, ch, "shell", 1, nothing);
    (void)answer(p);
    if (p->skip == NULL)
        send_channel_request(p, ch, "exec", 1, message(p, "t", p->setting->profile.cat));
    (void)answer(p);
}

static void exec(struct peer *p)
{
    struct spec_channel *ch;
    struct bytes bytes = sample(p, 1000);

    need_command(p, p->setting->profile.cat, "cat");
    ch = open_first(p, (struct opening){0});
    (void)run(p, ch, p->setting->profile.cat);
    (void)send_all(p, ch, bytes);
    send_eof(p, ch);
    (void)wait_received(p, ch, bytes.len);
    observe(p, bytes_equal(ch->received, bytes) ? "expected output" : "other output");
}

/* A command of the row's bytes, or a long one. */
static void exec_odd(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});
    struct bytes command = p->row->number > 0 ? filled(p, 'x', p->row->number) : p->row->bytes;

    send_channel_request(p, ch, "exec", 1, message(p, "s", command));
    if (answer(p) == 0)
        observe_end(p);
}

static void subsystem(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    send_channel_request(p, ch, "subsystem", 1, message(p, "t", "unknown@nacre-spec"));
    (void)answer(p);
}

static void no_halt(struct peer *p)
{
    struct spec_channel *ch;

    need_command(p, p->setting->profile.cat, "cat");
    ch = open_first(p, (struct opening){0});
    (void)run(p, ch, p->setting->profile.cat);
    p->observing = false;
    send_channel_request(p, ch, "unknown@nacre-spec", 1, nothing);
    (void)answer(p);
}

static void sessions_ten(struct peer *p)
{
    uint64_t refused = 0;

    reach(p, AT_LOGIN);
    p->conforming = true;
    for (int i = 0; i < TEN; i++) {
        struct spec_channel *ch = send_open(p, (struct opening){0});

        (void)wait_opened(p, ch);
        refused += ch->refused;
    }
    p->conforming = false;
    go_on(p);
    if (refused > 0)
        observe(p, "open-failure");
}

/* Does a program have a variable with our value? */
static void observe_variable(struct peer *p, struct spec_channel *ch)
{
    const char *command = p->setting->profile.env;

    need_command(p, command, "the environment");
    if (p->skip == NULL && run(p, ch, command))
        (void)wait_channel_close(p, ch);
    observe(p, memmem(ch->received.at, ch->received.len, "=/nacre-spec\n", 13) != NULL
                   ? "an effect"
                   : "no effect");
}

/* A variable that would change programs, if the server accepts it: does a program see it? */
static void env(struct peer *p)
{
    static const char *const names[] = {"LD_PRELOAD", "PATH"};

    for (int i = 0; i < 2; i++) {
        struct spec_channel *ch;

        peer_connect(p);
        ch = open_first(p, (struct opening){0});
        send_channel_request(p, ch, "env", 1, message(p, "tt", names[i], "/nacre-spec"));
        if (next(p) == SSH_MSG_CHANNEL_SUCCESS)
            observe_variable(p, ch);
        else
            observe(p, "channel-failure");
    }
}

/* ---- X11: section 6.3.1 ---- */

static const char x11_protocol[] = "MIT-MAGIC-COOKIE-1";

static const char *hex_of(struct peer *p, struct bytes bytes)
{
    char *out = peer_memory(p, 2 * bytes.len + 1);

    for (size_t i = 0; i < bytes.len; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes.at[i]);
    return out;
}

/* The port of the display that the program's environment names, "DISPLAY=localhost:10.0"; 0: none.
 */
static uint16_t display_port(struct peer *p, struct spec_channel *ch)
{
    const char *found = NULL;
    uint64_t number = 0;

    while (found == NULL && receive_any(p))
        found = ch->received.len == 0 ? NULL
                                      : memmem(ch->received.at, ch->received.len, "\nDISPLAY=", 9);
    found = found == NULL ? NULL : memchr(found, ':', 40);
    if (found == NULL)
        return 0;
    found++;
    return number_read(&found, 0, DISPLAYS, &number) ? (uint16_t)(X11_PORT + number) : 0;
}

/* A program of the session connects to the display, with what an X client sends first: the byte
 * order, version 11.0, and the authorization. Does the server open a channel? */
static bool display_connects(struct peer *p, struct conn *c, uint16_t port)
{
    struct bytes hello =
        message(p, "rrbbrr", bytes_of("l"), (struct bytes){(const uint8_t *)"\0\x0b\0\0\0", 5},
                (int)strlen(x11_protocol), 0, (struct bytes){(const uint8_t *)"\x10\0\0\0", 4},
                message(p, "rrr", bytes_of(x11_protocol), filled(p, 0, 2), sample(p, X11_COOKIE)));

    if (!conn_open_local(c, port, step_deadline(p)))
        return false;
    conn_send(c, hello, step_deadline(p));
    return next(p) == SSH_MSG_CHANNEL_OPEN;
}

/* byte 98, channel, "x11-req", boolean single connection, string protocol, string cookie, uint32
 * screen number. The display's port is in the environment of a program that still runs: the display
 * ends with the session. */
static uint16_t open_display(struct peer *p)
{
    const struct profile *profile = &p->setting->profile;
    struct spec_channel *ch = open_first(p, (struct opening){0});
    struct bytes both;

    p->conforming = true;
    send_channel_request(p, ch, "x11-req", 1,
                         message(p, "bttu", 1, x11_protocol, hex_of(p, sample(p, X11_COOKIE)), 0));
    need(p, over(p) || next(p) == SSH_MSG_CHANNEL_SUCCESS, "it forwards no X11");
    if (p->skip != NULL)
        return 0;
    both = message(p, "rrrb", bytes_of(profile->env), bytes_of("; "), bytes_of(profile->cat), 0);
    (void)run(p, ch, (const char *)both.at);
    return display_port(p, ch);
}

static void single_connection(struct peer *p)
{
    struct conn display[2] = {{.fd = -1}, {.fd = -1}};
    uint16_t port;

    need_command(p, p->setting->profile.env, "the environment");
    port = p->skip == NULL ? open_display(p) : 0;
    need(p, port != 0, "the program has no DISPLAY on this machine");
    if (p->skip != NULL)
        return;
    if (!display_connects(p, &display[0], port))
        observe(p, "no channel for the first connection");
    observe(p,
            display_connects(p, &display[1], port) ? "a second channel" : "second channel refused");
    for (int i = 0; i < 2; i++)
        conn_close(&display[i]);
    p->timed_out = false;
}

/* byte 98, channel, "window-change", FALSE, uint32 columns, rows, width, height */
static void window_change(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    send_channel_request(p, ch, "window-change", 0, message(p, "uuuu", 100, 40, 0, 0));
    go_on(p);
}

static void signal_name(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    send_channel_request(p, ch, "signal", 0, message(p, "t", p->row->text));
    go_on(p);
}

/* ---- how programs end: section 6.10 ---- */

/* Does a program that ends with this status, a number in digits, end so? */
static bool exits_with(struct peer *p, const char *status, uint32_t number)
{
    struct spec_channel *ch = open_session(p);
    char command[128];

    (void)run(p, ch,
              profile_command(command, sizeof command, p->setting->profile.exit_with, status));
    (void)wait_channel_close(p, ch);
    return ch->has_exit_status && ch->exit_status == number;
}

static void exit_status(struct peer *p)
{
    bool good;

    need_command(p, p->setting->profile.exit_with, "exit N");
    reach(p, AT_LOGIN);
    if (p->skip != NULL)
        return;
    good = exits_with(p, "0", 0) && exits_with(p, "1", 1) && exits_with(p, "255", 255);
    observe(p, good ? "matching exit-status" : "another exit-status");
}

static void exit_signal(struct peer *p)
{
    struct spec_channel *ch;

    need_command(p, p->setting->profile.killed, "a signal");
    ch = open_first(p, (struct opening){0});
    if (p->skip == NULL)
        (void)run(p, ch, p->setting->profile.killed);
    (void)wait_channel_close(p, ch);
    if (strcmp(ch->exit_signal, "TERM") == 0)
        observe(p, "matching exit-signal");
    else
        observe(p, "exit-signal '%s', exit-status %u", ch->exit_signal, (unsigned)ch->exit_status);
}

/* ---- RFC 4335 section 3: "break", uint32 break-length in milliseconds ---- */

static void breaks(struct peer *p)
{
    static const uint32_t lengths[] = {0, 500, 100000};

    for (int i = 0; i < 3; i++) {
        struct spec_channel *ch;

        peer_connect(p);
        ch = open_first(p, (struct opening){0});
        send_channel_request(p, ch, "break", 1, message(p, "u", lengths[i]));
        (void)answer(p);
    }
}

static void break_no_reply(struct peer *p)
{
    struct spec_channel *ch = open_first(p, (struct opening){0});

    send_channel_request(p, ch, "break", 0, message(p, "u", 500));
    go_on(p);
}

/* clang-format off */
const struct spec_case spec_programs[] = {
    {"4254/6.3.1/single-connection", SERVER, MUST, "RFC 4254 6.3.1", "4254/6.3.1/3",
     "x11-req with single connection: only one channel", "second channel refused",
     .run = single_connection},
    {"4254/6.5/one-program", SERVER, MUST, "RFC 4254 6.5", "4254/6.5/1",
     "shell, then exec on the same channel", "channel-success, channel-failure",
     .run = one_program},
    {"4254/6.5/exec", SERVER, MUST, "RFC 4254 6.5", "4254/6.5/2",
     "exec runs the command", "expected output",
     .run = exec},
    {"4254/6.5/exec-empty", SERVER, PRACTICE, "RFC 4254 6.5", "4254/6.5/7",
     "exec with an empty command", "answered",
     .run = exec_odd, .bytes = LITERAL("")},
    {"4254/6.5/exec-30k", SERVER, PRACTICE, "RFC 4254 6.5", "4254/6.5/7",
     "exec with a command of 30,000 bytes", "answered | close",
     .run = exec_odd, .number = LONG},
    {"4254/6.5/exec-nul", SERVER, PRACTICE, "RFC 4254 6.5", "4254/6.5/7",
     "exec with a NUL in the command", "answered",
     .run = exec_odd, .bytes = LITERAL("echo\0nacre-spec")},
    {"4254/6.5/subsystem-unknown", SERVER, MUST, "RFC 4254 6.5", "4254/6.5/3",
     "a request for an unknown subsystem", "channel-failure",
     .run = subsystem},
    {"4254/6.5/no-halt", SERVER, SHOULD, "RFC 4254 6.5", "4254/6.5/4",
     "requests are answered while a program is running", "answered",
     .run = no_halt},
    {"4254/6.1/sessions-ten", SERVER, MUST, "RFC 4254 6.1", "4254/6.1/2",
     "ten session channels at once", "go-on | open-failure",
     .run = sessions_ten},
    {"4254/6.4/env", SERVER, SHOULD, "RFC 4254 6.4", "4254/6.4/1",
     "env requests for LD_PRELOAD and PATH", "channel-failure | no effect",
     .run = env},
    {"4254/6.7/window-change", SERVER, SHOULD, "RFC 4254 6.7", "4254/6.7/1",
     "window-change gets no reply", "silent",
     .run = window_change},
    {"4254/6.9/signal", SERVER, SHOULD, "RFC 4254 6.9", "4254/6.9/1",
     "a signal request with an invented name", "silent | channel-failure if a reply was requested",
     .run = signal_name, .text = "INVENTED"},
    {"ossh/2.6/signal-info", SERVER, MAY, "PROTOCOL 2.6", "ossh/2.6/1",
     "a signal request for INFO@openssh.com", "silent",
     .run = signal_name, .text = "INFO@openssh.com"},
    {"4254/6.10/exit-status", SERVER, SHOULD, "RFC 4254 6.10", "4254/6.10/1",
     "programs that exit with status 0, 1 and 255", "matching exit-status",
     .run = exit_status},
    {"4254/6.10/exit-signal", SERVER, MUST, "RFC 4254 6.10", "4254/6.10/2",
     "a program killed by SIGTERM: exit-signal \"TERM\"", "matching exit-signal",
     .run = exit_signal},
    {"4335/3/break", SERVER, MUST, "RFC 4335 3", "4335/3/1 4335/3/3",
     "break of 0, 500 and 100,000 ms with want-reply", "answered",
     .run = breaks},
    {"4335/3/break-no-reply", SERVER, MUST, "RFC 4335 3", "4335/3/5",
     "break without want-reply", "silent",
     .run = break_no_reply},
    {0},
};
/* clang-format on */
