#include "apps/spec/program.h"

#include "apps/spec/profile.h"

struct spec_channel *open_first(struct peer *p, struct opening o)
{
    struct spec_channel *ch;

    reach(p, AT_LOGIN);
    ch = open_channel(p, o);
    p->observing = false;
    return ch;
}

struct spec_channel *open_cat(struct peer *p, struct opening o)
{
    struct spec_channel *ch;

    need_command(p, p->setting->profile.cat, "cat");
    ch = open_first(p, o);
    (void)run(p, ch, p->setting->profile.cat);
    p->observing = false;
    return ch;
}

struct spec_channel *open_produce(struct peer *p, struct opening o, const char *count)
{
    const char *produce = p->setting->profile.produce;
    struct spec_channel *ch;
    char command[128];

    need_command(p, produce, "N bytes");
    ch = open_first(p, o);
    if (p->skip == NULL)
        (void)run(p, ch, profile_command(command, sizeof command, produce, count));
    p->observing = false;
    return ch;
}

void observe_length(struct peer *p, const struct spec_channel *ch, size_t len)
{
    if (ch->received.len == len)
        observe(p, "same bytes");
    else
        observe(p, "%zu of %zu bytes", ch->received.len, len);
}

void observe_bytes(struct peer *p, const struct spec_channel *ch, struct bytes expected)
{
    if (bytes_equal(ch->received, expected))
        observe(p, "same bytes");
    else if (ch->received.len != expected.len)
        observe(p, "%zu of %zu bytes", ch->received.len, expected.len);
    else
        observe(p, "other bytes");
}

void observe_channel_close(struct peer *p, struct spec_channel *ch)
{
    if (wait_channel_close(p, ch))
        observe(p, "close-message");
    else
        observe_end(p);
}

void observe_login(struct peer *p)
{
    struct spec_channel *ch;

    p->conforming = true; /* whatever answers the channel is no outcome */
    ch = send_open(p, (struct opening){0});
    p->observing = false;
    (void)next(p);
    p->observing = true;
    p->conforming = false;
    observe(p, ch->open ? "logged in" : "not logged in");
}
