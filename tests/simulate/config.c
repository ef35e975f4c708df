/* The configuration of both ends, chosen by chance. */
#include "tests/simulate/parts.h"
#include "tests/support/pair.h"

/* The dear ones are rare: every one of them is tested elsewhere. */
static const char *some_kex(struct chance *c)
{
    static const char *const names[] = {"ecdh-sha2-nistp256", "mlkem768x25519-sha256",
                                        "curve25519-sha256,ecdh-sha2-nistp256"};

    if (chance_one_in(c, 300))
        return "sntrup761x25519-sha512,diffie-hellman-group14-sha256";
    return chance_one_in(c, 4) ? names[chance_below(c, 3)] : "curve25519-sha256";
}

static const char *some_cipher(struct chance *c)
{
    static const char *const names[] = {
        "chacha20-poly1305@openssh.com",
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
        "aes256-ctr",
        "aes192-ctr",
        "aes128-ctr",
        NULL,
        NULL,
        "aes128-gcm@openssh.com,aes128-ctr",
    };

    return names[chance_below(c, sizeof names / sizeof names[0])];
}

static const char *some_mac(struct chance *c)
{
    static const char *const names[] = {"hmac-sha2-256-etm@openssh.com",
                                        "hmac-sha2-512",
                                        "hmac-sha2-256",
                                        "hmac-sha2-512-etm@openssh.com",
                                        "hmac-sha1,hmac-sha1-etm@openssh.com",
                                        NULL};

    return names[chance_below(c, sizeof names / sizeof names[0])];
}

void choose_algorithms(struct world *w)
{
    struct nacre_endpoint_config *server = &w->party[NACRE_SERVER].config;
    struct nacre_endpoint_config *client = &w->party[NACRE_CLIENT].config;

    client->kex = server->kex = some_kex(&w->chance);
    client->ciphers = server->ciphers = some_cipher(&w->chance);
    client->macs = server->macs = some_mac(&w->chance);
    if (chance_one_in(&w->chance, 40))
        server->kex = some_kex(&w->chance);
    if (chance_one_in(&w->chance, 40))
        server->ciphers = some_cipher(&w->chance);
    if (chance_one_in(&w->chance, 40))
        server->macs = some_mac(&w->chance);
}

/* Rates that are met: input waits for less than a second each time. */
static void choose_rates(struct party *p)
{
    struct chance *c = &p->world->chance;

    for (int i = 0; i < NACRE_RATES; i++)
        if (chance_one_in(c, 3))
            p->config.limits.rates[i] =
                (struct nacre_rate){chance_size(c, 64), 61 + chance_size(c, 6000)};
}

void choose_limits(struct party *p)
{
    struct chance *c = &p->world->chance;

    p->config.limits = unhurried;
    if (chance_one_in(c, 4))
        choose_rates(p);
    if (p->config.role == NACRE_SERVER && chance_one_in(c, 4))
        p->config.limits.auth_delay_ms = chance_size(c, 2000);
    if (chance_one_in(c, 6))
        p->config.limits.window = 64 * 1024 + chance_size(c, 1 << 20);
    p->config.channels_max = chance_one_in(c, 3) ? chance_size(c, CHANNELS_SEEN) : CHANNELS_SEEN;
    if (chance_one_in(c, 4))
        p->config.rekey_bytes = 4096 + chance_size(c, 1 << 20);
    if (chance_one_in(c, 20)) {
        p->config.rekey_bytes = chance_size(c, 4096);
        p->world->write_most = 1024;
    }
    if (chance_one_in(c, 8))
        p->config.rekey_ms = chance_size(c, 60 * 1000);
    if (chance_one_in(c, 20))
        p->config.login_grace_ms = chance_size(c, 10 * 1000);
    if (chance_one_in(c, 6)) {
        p->config.limits.keepalive_ms = 1000 + chance_size(c, 60 * 1000);
        p->config.limits.keepalive_count = 1 + chance_below(c, 3);
    }
    if (chance_one_in(c, 10))
        p->config.limits.idle_ms = 10 * 1000 + chance_size(c, 600 * 1000);
    scarce_init(&p->scarce, 0, false);
    p->config.memory = &p->scarce.memory;
    if (chance_one_in(c, 12)) {
        p->scarce.refuse_at = chance_size(c, 400);
        p->scarce.for_good = chance_one_in(c, 2);
    }
}
