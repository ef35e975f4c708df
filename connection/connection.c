#include "connection/connection.h"

#include "connection/budget.h"
#include "connection/channel_close.h"
#include "connection/channel_data.h"
#include "connection/channel_open.h"
#include "connection/channel_turn.h"
#include "connection/global.h"
#include "connection/global_send.h"
#include "connection/hostkeys.h"
#include "connection/keepalive.h"
#include "connection/table.h"
#include "transport/pool.h"

struct connection *connection_new(const struct connection_config *config,
                                  struct transport *transport, void *context)
{
    struct connection *c = pool_allocate(transport_pool(transport), sizeof *c);

    if (c != NULL)
        *c = (struct connection){.transport = transport, .config = config, .context = context};
    return c;
}

void connection_free(struct connection *c)
{
    if (c == NULL)
        return;
    table_clear(c);
    global_clear(c);
    global_send_clear(c);
    connection_set_account(c, NULL);
    pool_release(transport_pool(c->transport), c, sizeof *c);
}

/* ---- the service ---- */

static int start(void *self)
{
    struct connection *c = self;

    c->started = c->used = true;
    if (transport_role(c->transport) == NACRE_SERVER)
        hostkeys_announce(c->transport);
    return 0;
}

/* RFC 4250 section 4.1.2, messages 80 to 100; phase.c rejects all other numbers. */
static int receive(void *self, uint8_t number, struct reader *r)
{
    static int (*const global[])(struct connection *, struct reader *) = {
        [SSH_MSG_GLOBAL_REQUEST] = on_global_request,
        [SSH_MSG_REQUEST_SUCCESS] = on_request_success,
        [SSH_MSG_REQUEST_FAILURE] = on_request_failure,
    };
    struct connection *c = self;
    int failure;

    if (number < SSH_MSG_CHANNEL_OPEN)
        return global[number](c, r);
    c->used = c->moved = true;
    failure = channel_receive(c, number, r);
    if (c->closing)
        connection_finish_closed(c);
    return failure;
}

const struct service connection_service = {
    .name = "ssh-connection",
    .start = start,
    .receive = receive,
};

/* ---- the owner's calls ---- */

/* Of the channels that wait for space in the output, the one that has waited longest; 0 when none
 * does. */
static uint32_t first_in_turn(const struct connection *c)
{
    uint32_t first = 0;
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < c->table_len; i++) {
        const struct nacre_channel *ch = c->channels[i];

        if (ch != NULL && ch->turn_end < least && channel_data_waits_for_output(ch)) {
            least = ch->turn_end;
            first = i;
        }
    }
    return first;
}

bool connection_has_work(const struct connection *c)
{
    return c->stalled || c->closing || c->resumed;
}

static void take_turns(struct connection *c)
{
    uint32_t n = c->table_len, first;

    c->stalled = c->resumed = false; /* what still waits sets it again */
    global_send_unsent(c);
    first = first_in_turn(c);
    for (uint32_t i = 0; i < n; i++) {
        struct nacre_channel *ch = table_find(c, (first + i) % n);

        if (ch != NULL)
            channel_turn(ch);
    }
}

/* A resumed channel is not offered its data again while nothing has changed: its application may
 * resume it whenever it is offered some. */
bool connection_take_turns(struct connection *c)
{
    bool again;

    if (c->stalled)
        take_turns(c);
    connection_finish_closed(c);
    again = c->resumed && c->moved;
    c->resumed = c->moved = false;
    return again;
}

void connection_finish_closed(struct connection *c)
{
    while (c->closing) {
        c->closing = false; /* a callback may close others */
        for (uint32_t i = 0; i < c->table_len; i++) {
            struct nacre_channel *ch = c->channels[i];
            struct nacre_end why;

            if (ch == NULL || !channel_close_is_complete(ch))
                continue;
            why = channel_close_reason(ch);
            channel_close_finish(ch, &why);
        }
    }
}

void connection_end(struct connection *c, const struct nacre_end *why)
{
    connection_finish_closed(c);
    for (uint32_t i = 0; i < c->table_len; i++)
        if (c->channels[i] != NULL)
            channel_close_finish(c->channels[i], why);
}

void connection_note_use(struct connection *c)
{
    keepalive_note_use(c);
}

/* Windows that shrank while memory was short. */
static void grant_again(struct connection *c)
{
    if (transport_ended(c->transport) || transport_now_ms(c->transport) < budget_deadline(c))
        return;
    c->retry_ms = 0;
    for (uint32_t i = 0; i < c->table_len; i++) {
        struct nacre_channel *ch = c->channels[i];

        if (ch != NULL && ch->withheld > 0 && budget_grant_again(ch))
            channel_flush(ch);
    }
}

void connection_tick(struct connection *c)
{
    keepalive_tick(c);
    grant_again(c);
}

uint64_t connection_deadline(const struct connection *c)
{
    uint64_t keepalive = keepalive_deadline(c), budget = budget_deadline(c);

    return keepalive < budget ? keepalive : budget;
}

struct nacre_channel *connection_open(struct connection *c, const char *type,
                                      const struct nacre_channel_app *app, void *data,
                                      struct bytes open_data)
{
    return channel_open_begin(c, type, app, data, open_data);
}

enum nacre_sending connection_can_open(const struct connection *c, const char *type,
                                       size_t open_data_len)
{
    return channel_open_chance(c, type, open_data_len);
}

void connection_set_unknown(struct connection *c, struct nacre_channel **ch)
{
    c->unknown = ch;
}

void *connection_owner(const struct nacre_channel *ch)
{
    return transport_owner(ch->connection->transport);
}

uint32_t connection_answers_due(const struct connection *c)
{
    uint32_t due = c->awaiting;

    for (uint64_t keepalives = c->keepalives; keepalives != 0; keepalives &= keepalives - 1)
        due--;
    return due;
}

uint32_t connection_channels(const struct connection *c)
{
    return c->count;
}

enum nacre_sending connection_global_request(struct connection *c, const char *name,
                                             bool want_reply, struct bytes data)
{
    return global_send(c, name, want_reply, data, true);
}

void connection_answer_global(struct connection *c, bool granted, uint32_t port)
{
    global_answer(c, granted, port);
}
