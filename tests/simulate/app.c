/* The applications of a simulated connection at rest. */
#include "tests/simulate/parts.h"

#include <stdlib.h>

static void answer_side(struct side *s)
{
    if (s->channel != NULL && s->deciding)
        act_answer_open(s);
    while (s->channel != NULL && asking_oldest(&s->other->asking) != NULL)
        act_answer(s);
}

void app_answer(struct party *p)
{
    struct world *w = p->world;

    act_decide(p);
    act_respond(p);
    while (!p->ended && asking_oldest(&p->other->asking) != NULL)
        act_answer_global(p);
    for (uint32_t i = 0; i < w->link_count; i++)
        answer_side(&w->links[i].side[w->links[i].side[0].party == p ? 0 : 1]);
}

/* One end may go on echoing, because the other one reads. */
static void be_willing(struct side *s)
{
    if (s->channel == NULL)
        return;
    if (s->mood != ECHO || s->party->config.role == NACRE_CLIENT)
        s->mood = WILLING;
    nacre_channel_resume(s->channel);
}

void app_be_willing(struct party *p)
{
    struct world *w = p->world;

    for (uint32_t i = 0; i < w->link_count; i++)
        be_willing(&w->links[i].side[w->links[i].side[0].party == p ? 0 : 1]);
}

static void check_side(const struct world *w, const struct side *s)
{
    uint32_t serial = s->link->serial;

    for (int stream = 0; stream < STREAMS; stream++) {
        REQUIRE(w, s->taken[stream] == s->other->written[stream], "channel %u: %llu bytes are lost",
                serial, (unsigned long long)(s->other->written[stream] - s->taken[stream]));
        REQUIRE(w, s->sent_eof || s->backlog[stream] == 0, "channel %u: writable was not called",
                serial);
    }
    REQUIRE(w, s->got_eof == s->other->sent_eof, "channel %u: eof was lost", serial);
    REQUIRE(w, s->got_exit == s->other->sent_exit, "channel %u: exit-status was lost", serial);
    asking_check_all(w, &s->asking);
}

static void check_link(const struct world *w, const struct link *link)
{
    const struct side *a = &link->side[0], *b = &link->side[1];

    if (a->sent_close || b->sent_close || a->closed || b->closed) {
        REQUIRE(w, a->channel == NULL && b->channel == NULL, "channel %u: does not close",
                link->serial);
        return;
    }
    REQUIRE(w, a->granted && b->granted, "channel %u: does not open", link->serial);
    check_side(w, a);
    check_side(w, b);
}

void app_check_settled(const struct world *w)
{
    for (uint32_t i = 0; i < w->link_count; i++)
        check_link(w, &w->links[i]);
    for (int i = 0; i < 2; i++)
        asking_check_all(w, &w->party[i].asking);
}
