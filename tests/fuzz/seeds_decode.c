/* Seeds of fuzz_decode: the messages of a login and of a channel, with each kind of key exchange.
 */
#include "tests/fuzz/seeds.h"

#include "tests/fuzz/fuzz.h"
#include "tests/support/pair.h"

#include <stdio.h>
#include <string.h>

enum { SMALL = 4096 /* bytes; larger messages are data */ };

static unsigned method; /* as in fuzz_decode.c */
static unsigned saved[256];

/* One message of each number for a method, and one of each further number for the first. */
static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    const struct end *e = context;
    uint8_t seed[2 + SMALL];
    char title[64];

    (void)seq;
    (void)phase;
    if (direction != NACRE_SENT || len > SMALL || saved[payload[0]] > 2 ||
        (method > 0 && (payload[0] < 30 || payload[0] > 49)))
        return;
    seed[0] = (uint8_t)method;
    seed[1] = (uint8_t)(e->traced.context.auth == WHEN_PUBLICKEY  ? 1
                        : e->traced.context.auth == WHEN_PASSWORD ? 2
                                                                  : 0);
    memcpy(seed + 2, payload, len);
    (void)snprintf(title, sizeof title, "%u-%u-%u", method, payload[0], saved[payload[0]]++);
    save("decode", title, seed, 2 + len);
}

void save_messages(void)
{
    static const struct nacre_observer observer = {.message = on_message};
    static const char *const methods[] = {"mlkem768x25519-sha256",
                                          "sntrup761x25519-sha512",
                                          "curve25519-sha256",
                                          "ecdh-sha2-nistp256",
                                          "diffie-hellman-group14-sha256",
                                          "diffie-hellman-group-exchange-sha256"};

    for (method = 0; method < sizeof methods / sizeof methods[0]; method++) {
        struct nacre_channel *ch;
        struct pair p;

        memset(saved, 0, sizeof saved);
        pair_init(&p, 1);
        p.server_config.kex = p.client_config.kex = methods[method];
        p.server_config.observer = p.client_config.observer = &observer;
        p.client_config.keys = p.user_keys;
        p.client_config.key_count = 1;
        pair_start(&p);
        ch = pair_open(&p);
        (void)nacre_channel_pty(ch, "xterm", 80, 24);
        (void)nacre_channel_shell(ch);
        (void)nacre_channel_write(ch, (const uint8_t *)"hello", 5);
        pair_run(&p);
        nacre_channel_eof(ch);
        pair_run(&p);
        pair_clear(&p);
    }
}
