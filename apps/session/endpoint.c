/* What many sessions share: the configuration, turned into that of each layer. */
#include "apps/session/errbuf.h"
#include "apps/session/parts.h"
#include "crypto/crypto.h"
#include "transport/rate.h"

#include <stdlib.h>

static struct transport_config transport_config(const struct nacre_endpoint *e)
{
    const struct nacre_endpoint_config *c = &e->config;

    return (struct transport_config){
        .role = c->role,
        .random = &e->random,
        .padding = &e->padding,
        .host_keys = c->host_keys,
        .host_key_count = c->host_key_count,
        .host_key_accepted = c->host_key_accepted,
        .rekey_bytes = c->rekey_bytes,
        .rekey_ms = c->rekey_ms,
        .limits = c->limits,
        .observer = c->observer,
    };
}

/* The lists of algorithms as name-lists of our own. False: one of them makes no sense. */
static bool take_algorithms(struct nacre_endpoint *e, char *errbuf, size_t size)
{
    const struct {
        enum nacre_algorithm_kind kind;
        enum algorithm_kind inner;
        const char *list;
    } given[] = {
        {NACRE_KEX, ALGORITHM_KEX, e->config.kex},
        {NACRE_HOST_KEY, ALGORITHM_HOST_KEY, e->config.host_key},
        {NACRE_PUBLIC_KEY, ALGORITHM_PUBLIC_KEY, e->config.public_key},
        {NACRE_CIPHER, ALGORITHM_CIPHER, e->config.ciphers},
        {NACRE_MAC, ALGORITHM_MAC, e->config.macs},
    };

    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        if (given[i].list == NULL)
            continue;
        if (!nacre_algorithms_apply(given[i].kind, given[i].list, e->lists[i], errbuf, size))
            return false;
        e->transport.algorithms[given[i].inner] = e->lists[i];
    }
    return true;
}

struct nacre_endpoint *nacre_endpoint_new(const struct nacre_endpoint_config *config, char *errbuf,
                                          size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_endpoint *e = crypto_init() ? calloc(1, sizeof *e) : NULL;

    if (e == NULL) {
        errbuf_say(&p, "cannot start: no memory, or the cryptographic library does not work");
        return NULL;
    }
    if (config->role == NACRE_SERVER && config->host_key_count == 0) {
        errbuf_say(&p, "a server needs a host key");
        free(e);
        return NULL;
    }
    e->config = *config;
    e->random = random_system;
    e->padding =
        random_stream_from(&e->padding_stream, &random_system); /* no system call a packet */
    if (config->random != NULL)
        e->random = e->padding = (struct random_source){
            config->random, config->random_context}; /* all from one source */
    if (config->auth != NULL)
        e->policy = *config->auth;
    limits_resolve(&e->config.limits, config->role);
    e->transport = transport_config(e);
    if (!take_algorithms(e, errbuf, size)) {
        free(e);
        return NULL;
    }
    e->auth = (struct auth_config){.policy = &e->policy,
                                   .user = config->user,
                                   .keys = config->keys,
                                   .key_count = config->key_count,
                                   .password = config->password,
                                   .ask = config->ask,
                                   .banner = config->banner,
                                   .authenticated = config->authenticated};
    e->connection = (struct connection_config){.session = config->session,
                                               .lookup = config->lookup,
                                               .channels_max = config->channels_max,
                                               .global_request = config->global_request,
                                               .global_replied = config->global_replied};
    pool_init(&e->pool, config->memory);
    if (config->secrets != NULL)
        e->pool.secrets = *config->secrets;
    return e;
}

static void destroy(struct pool *pool)
{
    struct nacre_endpoint *e = container_of(pool, struct nacre_endpoint, pool);

    pool_clear(pool);
    wipe(&e->padding_stream, sizeof e->padding_stream);
    free(e);
}

void nacre_endpoint_free(struct nacre_endpoint *e)
{
    if (e == NULL)
        return;
    if (e->pool.in_use == 0)
        destroy(&e->pool);
    else
        e->pool.unused = destroy; /* a session or a decision is alive */
}

size_t nacre_endpoint_memory(const struct nacre_endpoint *e)
{
    return e->pool.in_use;
}
