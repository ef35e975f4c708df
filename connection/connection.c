#include "connection/connection.h"

#include <string.h>

void connection_init(struct connection *c, const struct connection_config *config,
                     struct transport *transport, void *context)
{
    *c = (struct connection){.transport = transport, .config = config, .context = context};
}

void connection_clear(struct connection *c)
{
    for (uint32_t i = 0; i < c->table_len; i++)
        if (c->channels[i] != NULL)
            channel_free(c->channels[i]);
    global_clear(c);
    buffer_clear(&c->unsent, transport_pool(c->transport));
    pool_release(transport_pool(c->transport), c->channels, c->table_len * sizeof *c->channels);
    c->channels = NULL;
    c->table_len = 0;
}

int connection_misuse(struct connection *c, const char *text)
{
    return transport_fail(c->transport, SSH_DISCONNECT_PROTOCOL_ERROR, text);
}

int connection_malformed(struct connection *c, const char *text)
{
    return transport_fail(c->transport, SSH_DISCONNECT_PROTOCOL_ERROR, text);
}

struct nacre_channel *connection_find(struct connection *c, uint32_t id)
{
    return id < c->table_len ? c->channels[id] : NULL;
}

bool connection_affords(const struct connection *c, uint32_t channels, size_t more)
{
    size_t most = transport_limits(c->transport)->window;

    if (most == 0)
        most = WINDOW_BUDGET + (size_t)channels * WINDOW_INITIAL;
    return c->granted + more <= most;
}

bool connection_has_room(const struct connection *c)
{
    return transport_control_room(c->transport);
}

static int start(void *self)
{
    struct connection *c = self;

    c->started = c->used = true;
    if (transport_role(c->transport) == NACRE_SERVER)
        send_hostkeys(c);
    return 0;
}

/* RFC 4250 section 4.1.2, messages 80 to 100; phase.c lets no other number through. */
static int receive(void *self, uint8_t number, struct reader *r)
{
    static int (*const handlers[])(struct connection *, struct reader *) = {
        [SSH_MSG_GLOBAL_REQUEST] = on_global_request,
        [SSH_MSG_REQUEST_SUCCESS] = on_request_success,
        [SSH_MSG_REQUEST_FAILURE] = on_request_failure,
        [SSH_MSG_CHANNEL_OPEN] = on_channel_open,
        [SSH_MSG_CHANNEL_OPEN_CONFIRMATION] = on_channel_open_confirmation,
        [SSH_MSG_CHANNEL_OPEN_FAILURE] = on_channel_open_failure,
        [SSH_MSG_CHANNEL_WINDOW_ADJUST] = on_channel_window_adjust,
        [SSH_MSG_CHANNEL_DATA] = on_channel_data,
        [SSH_MSG_CHANNEL_EXTENDED_DATA] = on_channel_extended_data,
        [SSH_MSG_CHANNEL_EOF] = on_channel_eof,
        [SSH_MSG_CHANNEL_CLOSE] = on_channel_close,
        [SSH_MSG_CHANNEL_REQUEST] = on_channel_request,
        [SSH_MSG_CHANNEL_SUCCESS] = on_channel_success,
        [SSH_MSG_CHANNEL_FAILURE] = on_channel_failure,
    };

    if (number >= SSH_MSG_CHANNEL_OPEN)
        ((struct connection *)self)->used = true;
    return handlers[number](self, r);
}

/* The channel that has had no room for longest of those that wait for it; 0 when none does. */
static uint32_t first_in_turn(const struct connection *c)
{
    uint32_t first = 0;
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < c->table_len; i++) {
        const struct nacre_channel *ch = c->channels[i];

        if (ch != NULL && channel_waits_for_room(ch) && ch->turn_end < least) {
            least = ch->turn_end;
            first = i;
        }
    }
    return first;
}

/* Output has drained: each channel that waits gets a turn. */
static void writable(void *self)
{
    struct connection *c = self;
    uint32_t n = c->table_len, first;

    if (!c->stalled)
        return;
    c->stalled = false; /* who still waits says so again */
    global_send_unsent(c);
    first = first_in_turn(c);
    for (uint32_t i = 0; i < n; i++) {
        struct nacre_channel *ch = connection_find(c, (first + i) % n);

        if (ch != NULL)
            channel_turn(ch);
    }
}

static void end(void *self, const struct nacre_end *why)
{
    struct connection *c = self;

    for (uint32_t i = 0; i < c->table_len; i++)
        if (c->channels[i] != NULL)
            channel_finish(c->channels[i], why);
}

const struct service connection_service = {
    .name = "ssh-connection",
    .start = start,
    .receive = receive,
    .writable = writable,
    .end = end,
};
