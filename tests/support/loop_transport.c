#include "tests/support/loop_transport.h"

#include "transport/receive.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static void *lend(void *context, size_t size)
{
    struct loop_end *e = context;

    return ++e->allocations == e->fail_at ? NULL : calloc(1, size);
}

static void take_back(void *context, void *block, size_t size)
{
    (void)context;
    (void)size;
    free(block);
}

/* The messages of services are made up by tests. */
static bool is_transports_own(uint8_t number)
{
    return number < SSH_MSG_USERAUTH_REQUEST || number == SSH_MSG_PING || number == SSH_MSG_PONG;
}

static void see_message(void *context, enum nacre_direction direction, uint32_t seq,
                        const char *phase, const uint8_t *payload, size_t len)
{
    struct loop_end *e = context;

    ck_assert_uint_gt(len, 0);
    ck_assert_uint_lt(e->seen_count, LOOP_SEEN_MAX);
    e->seen[e->seen_count++] = (struct loop_message){direction, payload[0], seq, phase};
    traced_message(&e->traced, is_transports_own(payload[0]) ? direction : NACRE_RECEIVED,
                   (struct bytes){payload, len});
}

static void see_negotiated(void *context, const struct nacre_negotiated *choice)
{
    struct loop_end *e = context;

    e->negotiated = *choice;
    e->exchanges++;
    traced_negotiated(&e->traced, choice);
}

static void see_phase(void *context, const char *phase)
{
    struct loop_end *e = context;
    size_t len = strlen(e->phases);

    if (len + strlen(phase) + 2 < sizeof e->phases)
        sprintf(e->phases + len, "%s ", phase);
}

static enum nacre_answer accept_host_key(void *context, const char *algorithm, const uint8_t *key,
                                         size_t len)
{
    const struct loop_end *e = context;

    (void)algorithm;
    (void)key;
    (void)len;
    return e->host_key_is_known;
}

static void settle(void *owner)
{
    struct loop_end *e = owner;

    e->wakes += transport_take_wake(&e->transport);
    transport_settled(&e->transport);
}

static int start_auth(void *self)
{
    struct loop_end *e = self;

    e->started[SERVICE_AUTH] = true;
    return 0;
}

static int start_connection(void *self)
{
    struct loop_end *e = self;

    e->started[SERVICE_CONNECTION] = true;
    return 0;
}

static int receive(void *self, uint8_t number, struct reader *message)
{
    struct loop_end *e = self;

    ck_assert_uint_lt(e->received_count, LOOP_SEEN_MAX);
    e->received[e->received_count++] = number;
    return e->on_message == NULL ? 0 : e->on_message(e, number, message);
}

static const struct service services[] = {
    [SERVICE_AUTH] = {.name = "ssh-userauth", .start = start_auth, .receive = receive},
    [SERVICE_CONNECTION] = {.name = "ssh-connection",
                            .start = start_connection,
                            .receive = receive},
};

void loop_end_init(struct loop_end *e, enum nacre_role role)
{
    const struct nacre_memory memory = {lend, take_back, e};
    const uint8_t seed[32] = {role == NACRE_SERVER ? 1 : 2};

    memset(e, 0, sizeof *e);
    pool_init(&e->pool, &memory);
    e->random = random_from_seed(&e->seed, seed);
    ck_assert(private_key_ed25519(&e->host_key, seed));
    e->host_keys[0] = &e->host_key;
    e->host_key_is_known = true;
    e->observer = (struct nacre_observer){
        .message = see_message, .negotiated = see_negotiated, .phase = see_phase};
    e->config = (struct transport_config){
        .role = role,
        .random = &e->random,
        .algorithms = {[ALGORITHM_KEX] = "curve25519-sha256"},
        .host_keys = role == NACRE_SERVER ? e->host_keys : NULL,
        .host_key_count = role == NACRE_SERVER ? 1 : 0,
        .host_key_accepted = accept_host_key,
        .observer = &e->observer,
        .services = {&services[SERVICE_AUTH], &services[SERVICE_CONNECTION]},
        .settle = settle,
    };
}

bool loop_end_start(struct loop_end *e)
{
    if (!transport_init(&e->transport, &e->config, &e->pool, e, 1000))
        return false;
    transport_set_owner(&e->transport, e);
    for (int which = SERVICE_AUTH; which <= SERVICE_CONNECTION; which++)
        transport_set_service(&e->transport, which, e);
    return true;
}

void loop_end_clear(struct loop_end *e)
{
    transport_clear(&e->transport);
    private_key_clear(&e->host_key);
    ck_assert_uint_eq(e->pool.in_use, 0);
    pool_clear(&e->pool);
}

void loop_end_receive(struct loop_end *e, struct bytes input, size_t chunk)
{
    while (input.len > 0 && !transport_ended(&e->transport)) {
        size_t room, n = input.len;
        uint8_t *at = transport_input(&e->transport, &room);

        if (room == 0)
            break;
        n = n < room ? n : room;
        n = chunk == 0 || n < chunk ? n : chunk;
        memcpy(at, input.at, n);
        transport_received(&e->transport, n);
        (void)transport_process(&e->transport, true);
        while (receive_waits_for_tick(&e->transport)) {
            transport_tick(&e->transport, e->transport.now_ms);
            (void)transport_process(&e->transport, true);
        }
        input.at += n;
        input.len -= n;
    }
}

size_t loop_end_count(const struct loop_end *e, enum nacre_direction direction, uint8_t number)
{
    size_t count = 0;

    for (size_t i = 0; i < e->seen_count; i++)
        count += e->seen[i].direction == direction && e->seen[i].number == number;
    return count;
}

void loop_end_log_in(struct loop_end *e)
{
    transport_set_phase(&e->transport, PHASE_CONNECTION);
    ck_assert_int_eq(transport_start_service(&e->transport, SERVICE_CONNECTION), 0);
}

void loop_end_inject(struct loop_end *e, struct bytes payload)
{
    struct transport *t = &e->transport;
    uint8_t *at = buffer_make_huge_room(&t->out, t->pool, PACKET_OVERHEAD + payload.len);

    ck_assert_ptr_nonnull(at);
    memcpy(at + PACKET_HEADER, payload.at, payload.len);
    buffer_added(&t->out, packet_seal(&t->sending, t->config->random, at, payload.len));
}

void loop_end_send(struct loop_end *e, uint8_t number, size_t len)
{
    struct writer w;
    uint8_t *begin;

    transport_enter(&e->transport);
    w = transport_begin(&e->transport, number, 1 + 4 + len);
    begin = write_string_begin(&w);
    for (size_t i = 0; i < len; i++)
        write_u8(&w, (uint8_t)i);
    write_string_end(&w, begin);
    transport_send(&e->transport, &w);
    transport_leave(&e->transport);
}

void loop_open(struct loop *l)
{
    loop_end_init(&l->server, NACRE_SERVER);
    loop_end_init(&l->client, NACRE_CLIENT);
    l->chunk = 0;
}

void loop_start(struct loop *l)
{
    ck_assert(loop_end_start(&l->server));
    ck_assert(loop_end_start(&l->client));
}

/* Deliver one end's output to the other. It is copied first, because transport_sent may overwrite
 * it. */
static bool deliver(struct loop_end *from, struct loop_end *to, size_t chunk)
{
    struct bytes output = transport_output(&from->transport);
    uint8_t *copy;

    if (output.len == 0)
        return false;
    copy = memcpy(malloc(output.len), output.at, output.len);
    transport_sent(&from->transport, output.len);
    loop_end_receive(to, (struct bytes){copy, output.len}, chunk);
    free(copy);
    return true;
}

void loop_run(struct loop *l)
{
    bool moved = true;

    while (moved) {
        (void)transport_process(&l->server.transport, false);
        (void)transport_process(&l->client.transport, false);
        moved = deliver(&l->client, &l->server, l->chunk);
        moved = deliver(&l->server, &l->client, l->chunk) || moved;
    }
}

void loop_connect(struct loop *l)
{
    loop_start(l);
    loop_run(l);
    ck_assert_int_eq(l->server.transport.phase, PHASE_AUTH);
    ck_assert_int_eq(l->client.transport.phase, PHASE_AUTH);
    loop_end_log_in(&l->server);
    loop_end_log_in(&l->client);
}

void loop_close(struct loop *l)
{
    loop_end_clear(&l->server);
    loop_end_clear(&l->client);
}

void loop_occupy(struct transport *t, struct buffer *b, size_t len)
{
    size_t more = len - buffer_len(b);

    ck_assert_ptr_nonnull(buffer_make_room(b, t->pool, more));
    buffer_added(b, more);
}
