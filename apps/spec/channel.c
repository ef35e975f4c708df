#include "apps/spec/channel.h"

#include "apps/spec/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 1 << 20, MAX_PACKET = 32768, DATA_MAX = 1 << 28 };

/* ---- opening ---- */

static uint32_t or_usual(uint32_t given, uint32_t usual)
{
    return given != 0 ? given : usual;
}

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN
 *     string    channel type
 *     uint32    sender channel
 *     uint32    initial window size
 *     uint32    maximum packet size
 *     ....      channel type specific data follows                            */
struct spec_channel *send_open(struct peer *p, struct opening o)
{
    struct spec_channel *ch =
        &p->channels[p->channel_count < CHANNELS_MAX - 1 ? p->channel_count++ : CHANNELS_MAX - 1];

    memset(ch, 0, sizeof *ch);
    ch->number = o.number_given ? o.number : (uint32_t)(p->channel_count - 1);
    ch->window = o.window_zero ? 0 : or_usual(o.window, WINDOW);
    ch->max_packet = o.max_packet_zero ? 0 : or_usual(o.max_packet, MAX_PACKET);
    ch->own_window = o.window_zero || o.window != 0;
    ch->asked = true;
    p->opens++;
    transmit(p, "btuuur", SSH_MSG_CHANNEL_OPEN, o.type == NULL ? "session" : o.type, ch->number,
             ch->window, ch->max_packet, o.rest);
    return ch;
}

bool wait_opened(struct peer *p, struct spec_channel *ch)
{
    while (!ch->open && !ch->refused && next(p) != 0)
        continue;
    return ch->open;
}

struct spec_channel *open_channel(struct peer *p, struct opening o)
{
    bool conforming = p->conforming;
    struct spec_channel *ch;

    if (p->role == NACRE_SERVER)
        return accept_channel(p, o);
    p->conforming = p->conforming || !p->observing;
    ch = send_open(p, o);
    p->conforming = conforming;
    if (!wait_opened(p, ch) && !over(p)) {
        need(p, p->observing || !ch->refused || p->channel_count == 1, "no second channel");
        (void)falter(p, ch->refused ? "the channel was refused" : "CHANNEL_OPEN without an answer");
    }
    return ch;
}

struct spec_channel *open_session(struct peer *p)
{
    return open_channel(p, (struct opening){0});
}

/* ---- sending ---- */

/* RFC 4254 section 5.4:
 *     byte      SSH_MSG_CHANNEL_REQUEST
 *     uint32    recipient channel
 *     string    request type
 *     boolean   want reply
 *     ....      type-specific data follows                                    */
void send_channel_request(struct peer *p, struct spec_channel *ch, const char *type, int want_reply,
                          struct bytes fields)
{
    transmit(p, "butbr", SSH_MSG_CHANNEL_REQUEST, ch->peer, type, want_reply, fields);
}

bool run(struct peer *p, struct spec_channel *ch, const char *command)
{
    bool conforming = p->conforming;
    uint8_t number;

    if (over(p))
        return false;
    if (p->role == NACRE_SERVER)
        return serve_program(p, ch, command);
    p->conforming = p->conforming || !p->observing;
    send_channel_request(p, ch, "exec", 1, message(p, "t", command));
    number = next(p);
    p->conforming = conforming;
    if (number == SSH_MSG_CHANNEL_SUCCESS)
        return true;
    return number != 0 && falter(p, "exec was refused");
}

/* RFC 4254 section 5.2: byte SSH_MSG_CHANNEL_DATA, uint32 recipient channel, string data */
void send_data(struct peer *p, struct spec_channel *ch, struct bytes data)
{
    ch->peer_window -= data.len < ch->peer_window ? data.len : ch->peer_window;
    transmit(p, "bus", SSH_MSG_CHANNEL_DATA, ch->peer, data);
}

/* RFC 4254 section 5.2: byte SSH_MSG_CHANNEL_WINDOW_ADJUST, uint32 channel, uint32 bytes to add */
void send_adjust(struct peer *p, struct spec_channel *ch, uint32_t bytes)
{
    ch->window += bytes;
    transmit(p, "buu", SSH_MSG_CHANNEL_WINDOW_ADJUST, ch->peer, bytes);
}

/* RFC 4254 section 5.3: byte SSH_MSG_CHANNEL_EOF, uint32 recipient channel */
void send_eof(struct peer *p, struct spec_channel *ch)
{
    ch->sent_eof = true;
    transmit(p, "bu", SSH_MSG_CHANNEL_EOF, ch->peer);
}

/* RFC 4254 section 5.3: byte SSH_MSG_CHANNEL_CLOSE, uint32 recipient channel */
void send_close(struct peer *p, struct spec_channel *ch)
{
    ch->sent_close = true;
    transmit(p, "bu", SSH_MSG_CHANNEL_CLOSE, ch->peer);
}

/* Open the window again, unless the case does that itself, or a key exchange forbids it now. */
static void reopen(struct peer *p, struct spec_channel *ch)
{
    if (!ch->own_window && !ch->sent_close && !ch->got_close && ch->window < WINDOW / 2 &&
        !p->in_exchange)
        send_adjust(p, ch, WINDOW - ch->window);
}

static bool receive_for(struct peer *p, struct spec_channel *ch)
{
    reopen(p, ch); /* after an exchange during which it could not be */
    return receive_any(p);
}

bool send_all(struct peer *p, struct spec_channel *ch, struct bytes data)
{
    while (data.len > 0 && !over(p) && !ch->got_close) {
        size_t most =
            ch->peer_window < ch->peer_max_packet ? (size_t)ch->peer_window : ch->peer_max_packet;
        size_t n = data.len < most ? data.len : most;

        n = n < MAX_PACKET ? n : MAX_PACKET;
        if (n > 0)
            send_data(p, ch, (struct bytes){data.at, n});
        else if (!receive_for(p, ch))
            return false;
        data = bytes_from(data, n);
    }
    return data.len == 0;
}

/* ---- receiving ---- */

static struct spec_channel *find_channel(struct peer *p, uint32_t number)
{
    for (size_t i = p->channel_count; i-- > 0;)
        if (p->channels[i].number == number)
            return &p->channels[i];
    return NULL;
}

static void keep(struct peer *p, struct spec_channel *ch, struct bytes data)
{
    if (p->bulk)
        ch->received.len += data.len;
    if (p->bulk || ch->received.len + data.len > DATA_MAX)
        return;
    if (ch->received.len + data.len > ch->received_size) {
        size_t size = 2 * (ch->received.len + data.len) + 4096;
        uint8_t *bigger = peer_memory(p, size);

        if (ch->received.len > 0)
            memcpy(bigger, ch->received.at, ch->received.len);
        ch->received.at = bigger;
        ch->received_size = size;
    }
    if (data.len > 0)
        memcpy((uint8_t *)ch->received.at + ch->received.len, data.at, data.len);
    ch->received.len += data.len;
}

/* RFC 4254 section 5.2: the window, and our maximum packet size */
static void on_data(struct peer *p, struct spec_channel *ch, struct reader *r, bool extended)
{
    uint32_t type = extended ? read_u32(r) : 0;
    struct bytes data = read_string(r);

    (void)type;
    watch_check(p, WATCH_WITHIN_WINDOW, data.len <= ch->window, "%zu bytes, window %u", data.len,
                (unsigned)ch->window);
    watch_check(p, WATCH_WITHIN_PACKET, data.len <= ch->max_packet, "%zu bytes, maximum %u",
                data.len, (unsigned)ch->max_packet);
    if (ch->max_packet == UINT32_MAX)
        watch_check(p, WATCH_MAX_PACKET, data.len <= 35000, "%zu bytes", data.len);
    if (extended)
        watch_check(p, WATCH_EXTENDED_COUNTS, data.len <= ch->window, "%zu bytes, window %u",
                    data.len, (unsigned)ch->window);
    watch_check(p, WATCH_NO_DATA_AFTER_EOF, !ch->got_eof, "%zu bytes", data.len);
    ch->window -= data.len < ch->window ? (uint32_t)data.len : ch->window;
    if (extended)
        ch->received_stderr += data.len;
    else
        keep(p, ch, data);
    reopen(p, ch);
}

/* RFC 4254 section 6.5 */
static bool is_program(struct bytes type)
{
    return bytes_are(type, "exec") || bytes_are(type, "shell") || bytes_are(type, "subsystem");
}

/* RFC 4254 section 6.2: string TERM, uint32 columns, rows, width, height, string modes
 * Section 6.3.1: boolean, string protocol, string cookie, uint32 screen */
static void keep_fields(struct peer *p, struct bytes type, struct reader *r)
{
    if (bytes_are(type, "pty-req")) {
        (void)read_string(r);
        (void)read_bytes(r, 16);
        p->pty_modes = read_string(r);
    } else if (bytes_are(type, "x11-req")) {
        (void)read_bool(r);
        (void)read_string(r);
        p->x11_cookie = read_string(r);
    }
}

static void on_request(struct peer *p, struct spec_channel *ch, struct reader *r)
{
    struct bytes type = read_string(r);
    bool want_reply = read_bool(r);

    if (bytes_are(type, "exit-status")) {
        ch->exit_status = read_u32(r);
        ch->has_exit_status = !r->bad;
    } else if (bytes_are(type, "exit-signal")) {
        (void)read_text(r, ch->exit_signal, sizeof ch->exit_signal);
    }
    if (ch->has_exit_status || ch->exit_signal[0] != 0)
        watch_check(p, WATCH_EXIT_THEN_CLOSE, !ch->got_close, "after CLOSE");
    if (p->role == NACRE_SERVER && is_program(type)) {
        ch->program_asked = true;
        ch->program_reply = want_reply;
        (void)snprintf(ch->program, sizeof ch->program, "%.*s", (int)type.len,
                       (const char *)type.at);
        return;
    }
    if (p->role == NACRE_SERVER)
        keep_fields(p, type, r);
    if (want_reply && !p->quiet && !ch->sent_close)
        transmit(p, "bu",
                 p->role == NACRE_SERVER && bytes_are(type, "pty-req") ? SSH_MSG_CHANNEL_SUCCESS
                                                                       : SSH_MSG_CHANNEL_FAILURE,
                 ch->peer);
}

static void on_adjust(struct peer *p, struct spec_channel *ch, uint32_t bytes)
{
    ch->peer_window += bytes;
    watch_check(p, WATCH_WINDOW_SUM, ch->peer_window <= UINT32_MAX, "%llu bytes",
                (unsigned long long)ch->peer_window);
}

/* RFC 4254 section 5.1: uint32 sender channel, uint32 initial window size, uint32 maximum packet */
static void on_confirmation(struct peer *p, struct spec_channel *ch, struct reader *r)
{
    if (!ch->asked)
        return;
    watch_check(p, WATCH_OPEN_ANSWERS, !ch->open && !ch->refused, "channel %u was answered twice",
                (unsigned)ch->number);
    ch->peer = read_u32(r);
    ch->peer_window = read_u32(r);
    ch->peer_max_packet = read_u32(r);
    ch->open = true;
    p->open_answers++;
}

/* RFC 4254 section 5.1: uint32 reason code, string description, string language tag. A peer may
 * refuse what it could read of a malformed CHANNEL_OPEN, with any number. */
static void on_open_failure(struct peer *p, struct spec_channel *ch, struct reader *r)
{
    if (!ch->asked)
        return;
    watch_check(p, WATCH_OPEN_ANSWERS, !ch->open && !ch->refused, "channel %u was answered twice",
                (unsigned)ch->number);
    ch->refused = true;
    ch->open_reason = read_u32(r);
    p->open_answers++;
    watch_check(p, WATCH_OPEN_REASON,
                (ch->open_reason >= 1 && ch->open_reason <= 4) || ch->open_reason >= 0xfe000000,
                "reason %u", (unsigned)ch->open_reason);
}

void answer_closes(struct peer *p)
{
    bool conforming = p->conforming;

    p->conforming = true;
    for (size_t i = 0; i < p->channel_count && !p->quiet; i++)
        if (p->channels[i].got_close && !p->channels[i].sent_close)
            send_close(p, &p->channels[i]);
    p->conforming = conforming;
}

/* A client may end the connection once its channels are closed, and then answers no fence: it waits
 * for our CLOSE until it has answered. */
static void on_close(struct peer *p, struct spec_channel *ch)
{
    ch->got_close = true;
    if (p->role == NACRE_CLIENT)
        answer_closes(p);
}

bool channel_take(struct peer *p, uint8_t number)
{
    struct reader r = read_from(p->got);
    struct spec_channel *ch;

    if (number == SSH_MSG_CHANNEL_OPEN && p->role == NACRE_SERVER) {
        serve_open(p); /* a client may open one as soon as it is logged in */
        return true;
    }
    if (number < SSH_MSG_CHANNEL_OPEN_CONFIRMATION || number > SSH_MSG_CHANNEL_FAILURE)
        return false;
    (void)read_u8(&r);
    ch = find_channel(p, read_u32(&r));
    if (ch == NULL)
        return false;
    watch_check(p, WATCH_NOTHING_AFTER_CLOSE, !ch->got_close, "message %u", (unsigned)number);
    switch (number) {
    case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
        on_confirmation(p, ch, &r);
        return false; /* also a reply that a case may wait for */
    case SSH_MSG_CHANNEL_OPEN_FAILURE:
        on_open_failure(p, ch, &r);
        return false;
    case SSH_MSG_CHANNEL_WINDOW_ADJUST:
        on_adjust(p, ch, read_u32(&r));
        return true;
    case SSH_MSG_CHANNEL_DATA:
    case SSH_MSG_CHANNEL_EXTENDED_DATA:
        on_data(p, ch, &r, number == SSH_MSG_CHANNEL_EXTENDED_DATA);
        return true;
    case SSH_MSG_CHANNEL_EOF:
        ch->got_eof = true;
        return true;
    case SSH_MSG_CHANNEL_CLOSE:
        on_close(p, ch);
        return true;
    case SSH_MSG_CHANNEL_REQUEST:
        on_request(p, ch, &r);
        return true;
    default: /* SUCCESS, FAILURE: replies */
        return false;
    }
}

bool wait_received(struct peer *p, struct spec_channel *ch, size_t len)
{
    while (ch->received.len < len && !ch->got_eof && !ch->got_close && receive_for(p, ch))
        continue;
    return ch->received.len >= len;
}

bool wait_eof(struct peer *p, struct spec_channel *ch)
{
    while (!ch->got_eof && !ch->got_close && receive_any(p))
        continue;
    return ch->got_eof;
}

bool wait_channel_close(struct peer *p, struct spec_channel *ch)
{
    while (!ch->got_close && receive_any(p))
        continue;
    answer_closes(p);
    return ch->got_close;
}

void need_command(struct peer *p, const char *command, const char *what)
{
    need(p, command != NULL && p->setting->facts.exec, "no command for %s (--profile)", what);
}
