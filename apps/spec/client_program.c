/* Cases about clients only: the programs that they ask for, terminals and X11 (RFC 4254 section 6).
 */
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

#include <string.h>

enum { EXITS = 4 };

static void own_modes(struct peer *p)
{
    struct spec_channel *ch;
    const uint8_t *modes;
    size_t len;

    intend(p, INTENT_TERMINAL);
    ch = open_first(p, (struct opening){0});
    (void)serve_program(p, ch, "discard");
    modes = p->pty_modes.at;
    len = p->pty_modes.len;
    report(p, "%zu bytes of modes, which %s with TTY_OP_END", len,
           len % 5 == 1 && modes[len - 1] == 0 ? "end" : "do not end");
}

/* One connection for each kind of program that the client can ask for, up to its request. */
static void each_program(struct peer *p, void (*step)(struct peer *p, struct spec_channel *ch))
{
    static const enum intent kinds[] = {INTENT_EXEC, INTENT_SHELL, INTENT_SUBSYSTEM};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct spec_channel *ch;

        if (!can_intend(p, kinds[i]))
            continue;
        intend(p, kinds[i]);
        peer_connect(p);
        ch = open_first(p, (struct opening){0});
        while (!ch->program_asked && receive_any(p))
            continue;
        step(p, ch);
    }
}

static void report_want_reply(struct peer *p, struct spec_channel *ch)
{
    report(p, "%s%s with want-reply %s", p->note[0] == 0 ? "" : ", ",
           ch->program_asked ? ch->program : "no request", ch->program_reply ? "TRUE" : "FALSE");
}

static void own_want_reply(struct peer *p)
{
    each_program(p, report_want_reply);
}

/* Wait for its end; only its exit status counts. */
static void see_exit(struct peer *p)
{
    while (receive_any(p))
        continue;
    client_wait(p);
    current_part(p)->ending = ENDING_NONE;
}

/* byte SSH_MSG_CHANNEL_FAILURE, uint32 recipient channel. A client that waits afterwards until the
 * connection ends has not noticed. */
static void refuse_program(struct peer *p, struct spec_channel *ch)
{
    if (!ch->program_reply) {
        observe(p, "no reply was requested");
        return;
    }
    transmit(p, "bu", SSH_MSG_CHANNEL_FAILURE, ch->peer);
    while (receive_any(p))
        answer_closes(p);
    if (p->timed_out)
        observe(p, "the client waits");
    see_exit(p);
}

static void refused(struct peer *p)
{
    each_program(p, refuse_program);
}

static void exit_status(struct peer *p)
{
    static const uint32_t statuses[EXITS] = {0, 1, 255, UINT32_MAX};

    for (int i = 0; i < EXITS; i++) {
        struct spec_channel *ch;

        peer_connect(p);
        ch = open_cat(p, (struct opening){0});
        end_program(p, ch, statuses[i]);
        if (!over(p) || p->conn.ended)
            observe(p, current_part(p)->status == (int)(statuses[i] & 0xff) ? "exit status as sent"
                                                                            : "another one");
    }
}

/* RFC 4254 section 6.10: string "exit-signal", boolean FALSE, string signal name, boolean core
 * dumped, string error message, string language tag */
static void signal_controls(struct peer *p)
{
    struct spec_channel *ch;

    intend_shown(p);
    ch = open_first(p, (struct opening){0});
    (void)serve_program(p, ch, "discard");
    send_channel_request(p, ch, "exit-signal", 0,
                         message(p, "tbtt", "TERM", 0, "a message with " CONTROLS "a colour", ""));
    send_eof(p, ch);
    send_close(p, ch);
    see_exit(p);
    observe_controls(p);
}

static void no_exit(struct peer *p)
{
    struct spec_channel *ch = open_cat(p, (struct opening){0});

    send_eof(p, ch);
    send_close(p, ch);
    see_exit(p);
}

/* RFC 4254 section 6.3.1: string "x11-req", boolean, boolean, string protocol, string cookie,
 * uint32 screen. There is no X server here whose cookie it could be. */
static void x11_cookie(struct peer *p)
{
    struct spec_channel *ch;
    bool good = true;

    intend(p, INTENT_X11);
    ch = open_first(p, (struct opening){0});
    (void)serve_program(p, ch, "discard");
    need(p, p->x11_cookie.len > 0 || over(p), "the client sends no x11-req");
    for (size_t i = 0; i < p->x11_cookie.len; i++)
        good = good && memchr("0123456789abcdefABCDEF", p->x11_cookie.at[i], 22) != NULL;
    observe(p, good ? "never violated" : "not hexadecimal");
}

/* clang-format off */
const struct spec_case spec_client_program[] = {
    {"4254/8/own-modes", CLIENT, SHOULD, "RFC 4254 8", "4254/8/2 8160/3/1",
     "the client's modes end with TTY_OP_END; the modes it sends are recorded", "report",
     .run = own_modes},
    {"4254/6.5/own-want-reply", CLIENT, SHOULD, "RFC 4254 6.5", "4254/6.5/6",
     "the client sets want-reply for shell, exec and subsystem", "report",
     .run = own_want_reply},
    {"4254/6.5/refused", CLIENT, SHOULD, "RFC 4254 6.5", "4254/6.5/6",
     "shell is refused: the client ends with an error", "nonzero exit status",
     .run = refused, .note = "A shell, a command and a subsystem, as far as the profile can ask for them. Dropbear 2022.83's dbclient and Conch 22.4 request no reply to any of them, so they cannot notice."},
    {"4254/6.10/exit-status-client", CLIENT, MAY, "RFC 4254 6.10", "4254/6.10/4",
     "exit-status 0, 1, 255 and 0xffffffff reach the client's caller", "exit status as sent | report",
     .run = exit_status},
    {"4254/6.10/exit-signal-controls", CLIENT, SHOULD, "RFC 4254 6.10", "4254/6.10/5",
     "escape sequences in the error message of exit-signal", "no raw control bytes",
     .run = signal_controls},
    {"4254/6.10/no-exit", CLIENT, MAY, "RFC 4254 6.10", "4254/6.10/4",
     "CLOSE without an exit status", "nonzero exit status | report",
     .run = no_exit},
    {"4254/6.3.1/own-cookie", CLIENT, MUST, "RFC 4254 6.3.1", "4254/6.3.1/1 4254/6.3.1/2",
     "the cookie in x11-req is hexadecimal and is not the real one", "never violated",
     .run = x11_cookie},
    {0},
};
/* clang-format on */
