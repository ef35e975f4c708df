#include "connection/budget.h"

enum {
    RETRY_MS = 1000,            /* until bytes that were withheld are tried again */
    FREE_INPUT = BLOCK_SMALL,   /* bytes of waiting input that are not counted */
    INPUT_UNIT = BLOCK_LARGE,   /* bytes that more of it takes */
    LEAST = CHANNEL_PACKET_MAX, /* bytes of a window */
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t take(struct connection *c, uint32_t want, uint32_t least)
{
    enum nacre_limit limit = NACRE_LIMIT_MEMORY;
    uint32_t got;

    if (c->account == NULL)
        return want;
    got = (uint32_t)c->config->budget->take(c->account, want, least, &limit);
    if (got == 0 && least > 0)
        transport_limit_reached(c->transport, limit);
    else if (got > 0 && got < want)
        transport_limit_reached(c->transport, NACRE_LIMIT_LOW_MEMORY);
    return got;
}

uint32_t budget_take(struct connection *c, uint32_t want, uint32_t least)
{
    uint32_t got = take(c, want, least);

    c->granted += got;
    return got;
}

void budget_give(struct connection *c, uint32_t bytes)
{
    c->granted -= bytes;
    if (c->account != NULL)
        c->config->budget->give(c->account, bytes);
}

bool budget_is_low(const struct connection *c)
{
    return c->account != NULL && c->config->budget->is_low(c->account);
}

uint32_t budget_take_window(struct connection *c, uint32_t want)
{
    return budget_take(c, want, smaller(want, LEAST));
}

void connection_set_account(struct connection *c, void *account)
{
    const struct connection_budget *budget = c->config->budget;
    size_t all = c->granted + c->input_held + c->output_held;

    if (account != NULL)
        budget->hold(account, all);
    if (c->account != NULL)
        budget->give(c->account, all);
    c->account = account;
}

/* ---- windows ---- */

void budget_withhold(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;
    uint32_t most = ch->window_target > LEAST ? ch->window_target - LEAST : 0;
    uint32_t back = smaller(ch->credit, most);

    if (back == 0)
        return;
    ch->credit -= back;
    ch->window_target -= back;
    ch->withheld += back;
    budget_give(c, back);
    c->retry_ms = transport_now_ms(c->transport) + RETRY_MS;
    transport_limit_reached(c->transport, NACRE_LIMIT_LOW_MEMORY);
}

bool budget_grant_again(struct nacre_channel *ch)
{
    struct connection *c = ch->connection;
    uint32_t got =
        budget_is_low(c) ? 0 : budget_take(c, ch->withheld, smaller(ch->withheld, LEAST));

    ch->withheld -= got;
    ch->window_target += got;
    ch->credit += got;
    if (ch->withheld > 0)
        c->retry_ms = transport_now_ms(c->transport) + RETRY_MS;
    return got > 0;
}

uint64_t budget_deadline(const struct connection *c)
{
    return c->retry_ms != 0 ? c->retry_ms : UINT64_MAX;
}

/* ---- input ---- */

/* Data within the windows has been counted with them. */
static uint32_t not_granted(const struct connection *c, size_t len)
{
    if (len <= c->granted + FREE_INPUT)
        return 0;
    return (uint32_t)((len + INPUT_UNIT - 1) / INPUT_UNIT * INPUT_UNIT);
}

bool connection_hold_input(struct connection *c, size_t len, size_t block)
{
    uint32_t need = block > 0 ? (uint32_t)block : not_granted(c, len), more = need - c->input_held;

    if (need == c->input_held)
        return true;
    if (need > c->input_held && take(c, more, more) == 0)
        return false;
    if (need < c->input_held && c->account != NULL)
        c->config->budget->give(c->account, c->input_held - need);
    c->input_held = need;
    return true;
}

/* ---- output ---- */

uint32_t budget_hold_output(struct connection *c, uint32_t want, bool whole)
{
    uint32_t got = take(c, want, whole ? want : 1);

    c->output_held += got;
    return got;
}

void budget_release_output(struct connection *c, uint32_t bytes)
{
    c->output_held -= bytes;
    if (c->account != NULL && bytes > 0)
        c->config->budget->give(c->account, bytes);
}
