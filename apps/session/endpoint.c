/* What sessions share: the configuration, turned into each layer's. */
#include "apps/session/endpoint.h"

#include "apps/session/check.h"
#include "apps/session/parts.h"
#include "apps/session/signer.h"
#include "apps/session/version.h"
#include "crypto/crypto.h"
#include "transport/rate.h"

#include <stdlib.h>

static const struct growth endpoint_config_growth = {sizeof(struct nacre_endpoint_config), {{0}}};

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
        .banner = c->banner,
        .require_strict_kex = c->require_strict_kex,
        .rekey_bytes = c->rekey_bytes,
        .rekey_ms = c->rekey_ms,
        .limits = e->limits,
        .observer = c->observer,
        .services = {[SERVICE_AUTH] = &auth_service, [SERVICE_CONNECTION] = &connection_service},
    };
}

/* The lists of algorithms as name-lists. False: one of them is not valid. */
static bool apply_algorithms(struct nacre_endpoint *e, char *errbuf, size_t size)
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

/* A server's key exchanges would all fail. */
static bool check_host_keys(const struct nacre_endpoint *e, const struct errbuf *p)
{
    const char *list = e->transport.algorithms[ALGORITHM_HOST_KEY];

    return e->config.role != NACRE_SERVER || transport_has_host_key(&e->transport) ||
           errbuf_say(p,
                      "no host key is of a type that the host key algorithms use (%s): give "
                      "another key, or another list",
                      list != NULL ? list : "the default");
}

/* Padding comes from a stream, which needs no system call for each packet; a replayed session takes
 * everything from one source. */
static void choose_random(struct nacre_endpoint *e)
{
    e->random = random_system;
    e->padding = random_stream_from(&e->padding_stream, &random_system);
    if (e->config.random != NULL)
        e->random = e->padding = (struct random_source){e->config.random, e->config.random_context};
}

/* The configuration and what it leads to, with all members. */
static void complete(struct nacre_endpoint *e, const struct nacre_endpoint_config *given)
{
    struct nacre_endpoint_config *c = &e->config;
    uint32_t v = given->version;

    growth_copy(&endpoint_config_growth, c, given, v);
    c->auth = growth_keep(&auth_policy_growth, &e->policy, c->auth, v);
    c->observer = growth_keep(&observer_growth, &e->observer, c->observer, v);
    c->memory = growth_keep(&memory_growth, &e->memory, c->memory, v);
    c->secrets = growth_keep(&memory_growth, &e->secrets, c->secrets, v);
    c->limits = growth_keep(&limits_growth, &e->limits, c->limits, v);
}

static void configure(struct nacre_endpoint *e)
{
    const struct nacre_endpoint_config *config = &e->config;

    limits_resolve(&e->limits, config->role);
    choose_random(e);
    e->transport = transport_config(e);
    e->auth = (struct auth_config){.version = config->version,
                                   .policy = &e->policy,
                                   .post = config->post,
                                   .post_context = config->post_context,
                                   .banner = config->banner,
                                   .authenticated = config->authenticated};
    if (config->role == NACRE_CLIENT)
        e->auth.login = (struct nacre_client_login){config->user, config->password, config->keys,
                                                    config->key_count, config->ask};
    e->connection = (struct connection_config){.version = config->version,
                                               .session = config->session,
                                               .lookup = config->lookup,
                                               .channels_max = config->channels_max,
                                               .packet_max = config->packet_max,
                                               .budget = &session_budget,
                                               .global_request = config->global_request,
                                               .global_replied = config->global_replied};
    pool_init(&e->pool, config->memory);
    if (config->secrets != NULL)
        e->pool.secrets = *config->secrets;
}

void endpoint_set_signer(struct nacre_endpoint *e,
                         bool (*sign)(void *context, const struct nacre_key *key,
                                      const struct signature_algorithm *algorithm,
                                      struct bytes data))
{
    e->auth.sign = sign;
}

void endpoint_set_version(struct nacre_endpoint *e, uint32_t version)
{
    e->config.version = e->auth.version = e->connection.version = version;
}

struct nacre_endpoint *nacre_endpoint_new(const struct nacre_endpoint_config *config, char *errbuf,
                                          size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_endpoint *e;

    if (!version_check("struct nacre_endpoint_config", config->version, &p))
        return NULL;
    e = crypto_init() ? calloc(1, sizeof *e) : NULL;
    if (e == NULL) {
        errbuf_say(&p, "cannot start: out of memory, or the cryptographic library does not work");
        return NULL;
    }
    complete(e, config);
    if (!endpoint_check(&e->config, &p)) {
        free(e);
        return NULL;
    }
    configure(e);
    if (apply_algorithms(e, errbuf, size) && check_host_keys(e, &p))
        return e;
    free(e);
    return NULL;
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
        e->pool.unused = destroy; /* a session is alive */
}

size_t nacre_endpoint_memory(const struct nacre_endpoint *e)
{
    return pool_held(&e->pool);
}

size_t nacre_endpoint_memory_in_use(const struct nacre_endpoint *e)
{
    return e->pool.in_use;
}
