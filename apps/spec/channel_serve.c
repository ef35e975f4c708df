/* Channels that a client opens: serve.h. */
#include "apps/spec/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 1 << 20, MAX_PACKET = 32768 };

/* RFC 4254 section 5.1:
 *     byte      SSH_MSG_CHANNEL_OPEN
 *     string    channel type
 *     uint32    sender channel
 *     uint32    initial window size
 *     uint32    maximum packet size                                           */
void serve_open(struct peer *p)
{
    struct reader r = read_from(p->got);
    struct opened *o = &p->opened[p->opened_count];

    p->opened_early = p->opened_early || !p->logged_in;
    if (p->opened_count == OPENED_MAX)
        return;
    (void)read_u8(&r);
    if (!read_text(&r, o->type, sizeof o->type))
        return;
    o->number = read_u32(&r);
    o->window = read_u32(&r);
    o->max_packet = read_u32(&r);
    p->opened_count++;
}

static uint32_t or_usual(uint32_t given, uint32_t usual)
{
    return given != 0 ? given : usual;
}

/* Wait for a channel of the client's that was not answered. */
bool wait_open(struct peer *p)
{
    while (p->opened_count == 0 && receive_any(p))
        continue;
    return p->opened_count > 0;
}

/* RFC 4254 section 5.1: byte SSH_MSG_CHANNEL_OPEN_CONFIRMATION, uint32 recipient channel, uint32
 * sender channel, uint32 initial window size, uint32 maximum packet size */
struct spec_channel *accept_channel(struct peer *p, struct opening o)
{
    struct spec_channel *ch =
        &p->channels[p->channel_count < CHANNELS_MAX - 1 ? p->channel_count++ : CHANNELS_MAX - 1];
    bool conforming = p->conforming;

    memset(ch, 0, sizeof *ch);
    ch->number = o.number_given ? o.number : (uint32_t)(p->channel_count - 1);
    ch->window = o.window_zero ? 0 : or_usual(o.window, WINDOW);
    ch->max_packet = o.max_packet_zero ? 0 : or_usual(o.max_packet, MAX_PACKET);
    ch->own_window = o.window_zero || o.window != 0;
    if (!wait_open(p)) {
        if (p->conn.ended || p->timed_out)
            (void)falter(p, "the client opened no channel");
        return ch;
    }
    ch->peer = p->opened[0].number;
    ch->peer_window = p->opened[0].window;
    ch->peer_max_packet = p->opened[0].max_packet;
    ch->open = true;
    memmove(p->opened, p->opened + 1, --p->opened_count * sizeof *p->opened);
    p->conforming = p->conforming || !p->observing;
    transmit(p, "buuuu", SSH_MSG_CHANNEL_OPEN_CONFIRMATION, ch->peer, ch->number, ch->window,
             ch->max_packet);
    p->conforming = conforming;
    return ch;
}

/* The input of the program that the client is. */
static void give_input(struct peer *p, const char *command)
{
    struct child *c = p->client == NULL ? NULL : &p->client->child;
    size_t count;

    if (c == NULL || c->pid == 0)
        return;
    c->echo = strcmp(command, "cat") == 0;
    if (strncmp(command, "produce ", 8) != 0)
        return;
    count = strtoul(command + 8, NULL, 10);
    child_type(c, filled(p, 0, count));
    child_end_input(c);
}

bool serve_program(struct peer *p, struct spec_channel *ch, const char *command)
{
    bool conforming = p->conforming;

    while (!ch->program_asked && receive_any(p))
        continue;
    if (!ch->program_asked)
        return !over(p) && falter(p, "the client asked for no program");
    p->conforming = p->conforming || !p->observing;
    if (ch->program_reply)
        transmit(p, "bu", SSH_MSG_CHANNEL_SUCCESS, ch->peer);
    p->conforming = conforming;
    give_input(p, command);
    return !over(p);
}
