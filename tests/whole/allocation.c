/* Once keys are in use, packets cost no allocation, neither in the library nor in libcrypto. */
#include "tests/support/pair.h"
#include "tests/support/suite.h"
#include "tests/support/tables.h"

#include <openssl/crypto.h>
#include <stdlib.h>

enum {
    PACKETS = 1000 * 1000, /* in all, in both directions */
    WARM_UP = 200,
    LITTLE = 20,
    MUCH = 32 * 1024,
    MUCH_EVERY = 64, /* rounds */
    MOUTHFUL = 13,   /* bytes of LITTLE that the server's application accepts at a time */
};

static unsigned allocations;
static const uint8_t data[MUCH];
static size_t came;

static void *allocate(void *context, size_t size)
{
    (void)context;
    allocations++;
    return malloc(size);
}

static void release(void *context, void *block, size_t size)
{
    (void)context;
    (void)size;
    free(block);
}

static const struct nacre_memory memory = {allocate, release, NULL};

static void *crypto_allocate(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return malloc(size);
}

static void *crypto_change(void *at, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    allocations++;
    return realloc(at, size);
}

static void crypto_release(void *at, const char *file, int line)
{
    (void)file;
    (void)line;
    free(at);
}

/* It leaves a part of LITTLE, which the connection layer buffers. */
static size_t server_data(struct nacre_channel *ch, const uint8_t *at, size_t len)
{
    return nacre_channel_write(ch, at, len <= LITTLE && len > MOUTHFUL ? MOUTHFUL : len);
}

static size_t client_data(struct nacre_channel *ch, const uint8_t *at, size_t len)
{
    (void)ch;
    (void)at;
    came += len;
    return len;
}

static void exchange(struct pair *p, struct nacre_channel *ch, unsigned round)
{
    size_t len = round % MUCH_EVERY == 0 ? MUCH : LITTLE;

    came = 0;
    ck_assert_uint_eq(nacre_channel_write(ch, data, len), len);
    while (came < len)
        ck_assert(pair_step(p));
}

START_TEST(a_million_packets_cost_no_allocation)
{
    /* one packet to the server, at least one back */
    unsigned rounds = PACKETS / 2 / (unsigned)algorithm_count(ALGORITHM_CIPHER), before;
    struct nacre_channel *ch;
    struct pair p;

    pair_init(&p, 1);
    p.server_app = (struct nacre_channel_app){.data = server_data};
    p.client_app = (struct nacre_channel_app){.data = client_data};
    p.server_config.memory = p.client_config.memory = &memory;
    p.server_config.ciphers = p.client_config.ciphers = algorithms_of(ALGORITHM_CIPHER)[_i].name;
    pair_start(&p);
    ch = pair_open(&p);
    for (unsigned i = 0; i < WARM_UP; i++)
        exchange(&p, ch, i);
    before = allocations;
    ck_assert_uint_gt(before, 0); /* allocations are counted */
    for (unsigned i = 0; i < rounds; i++)
        exchange(&p, ch, i);
    ck_assert_uint_eq(allocations, before);
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    if (CRYPTO_set_mem_functions(crypto_allocate, crypto_change, crypto_release) != 1)
        abort(); /* libcrypto has allocated memory already */
    suite_timeout(suite, 300);
    add_loop(suite, a_million_packets_cost_no_allocation, 0, algorithm_count(ALGORITHM_CIPHER));
}
