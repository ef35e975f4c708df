/* A mistake in a configuration is reported when the endpoint is made. Later it would be a crash, or
 * a server that lets nobody in. */
#include "apps/session/check.h"

#include "transport/hostkey.h"

#include <string.h>

/* ---- both roles ---- */

static bool check_memory(const char *member, const struct nacre_memory *memory,
                         const struct errbuf *p)
{
    return memory == NULL || (memory->allocate != NULL && memory->release != NULL) ||
           errbuf_say(p, "%s: needs both allocate and release", member);
}

static bool check_rates(const struct nacre_limits *limits, const struct errbuf *p)
{
    for (int i = 0; limits != NULL && i < NACRE_RATES; i++) {
        const struct nacre_rate *rate = &limits->rates[i];

        if (rate->burst != NACRE_UNLIMITED && (rate->burst != 0) != (rate->per_minute != 0))
            return errbuf_say(p,
                              "limits.rates: '%s' has a burst of %lu and %lu per minute: set both, "
                              "or none for the default",
                              nacre_limit_name((enum nacre_limit)(NACRE_LIMIT_OPENS + i)),
                              (unsigned long)rate->burst, (unsigned long)rate->per_minute);
    }
    return true;
}

/* Each of `count` keys is there, and can sign. */
static bool check_keys(const char *member, const struct nacre_key *const *keys, size_t count,
                       const struct errbuf *p)
{
    if (count > 0 && keys == NULL)
        return errbuf_say(p, "%s is NULL, but there are to be %zu keys", member, count);
    for (size_t i = 0; i < count; i++)
        if (keys[i] == NULL || key_is_public(keys[i]))
            return errbuf_say(p,
                              keys[i] == NULL ? "%s[%zu] is NULL"
                                              : "%s[%zu] is a public key, which cannot sign: use "
                                                "the private key, or nacre_key_external",
                              member, i);
    return true;
}

/* ---- server ---- */

/* The methods that a policy can list. */
struct offer {
    const char *name;
    bool offered;
};

enum { METHODS = 3 };

static void list_offers(struct offer offers[METHODS], const struct nacre_auth_policy *policy)
{
    offers[0] = (struct offer){"publickey", policy->publickey != NULL};
    offers[1] = (struct offer){"password", policy->password != NULL};
    offers[2] = (struct offer){"keyboard-interactive", policy->interactive != NULL};
}

static bool check_required(const struct offer offers[METHODS], struct bytes name,
                           const struct errbuf *p)
{
    for (int i = 0; i < METHODS; i++)
        if (bytes_are(name, offers[i].name))
            return offers[i].offered || errbuf_say(p,
                                                   "auth.require: '%s' must succeed, but the "
                                                   "policy does not offer it: set its function",
                                                   offers[i].name);
    return errbuf_say(p,
                      "auth.require: '%.*s' is not a method: write publickey, password or "
                      "keyboard-interactive, with commas and no spaces between them",
                      (int)(name.len < 64 ? name.len : 64), (const char *)name.at);
}

/* An empty list, and an empty name in it, are mistakes too. */
static bool check_require(const char *require, const struct offer offers[METHODS],
                          const struct errbuf *p)
{
    const char *at = require;

    while (at != NULL) {
        const char *comma = strchr(at, ',');
        size_t len = comma != NULL ? (size_t)(comma - at) : strlen(at);

        if (!check_required(offers, (struct bytes){(const uint8_t *)at, len}, p))
            return false;
        at = comma != NULL ? comma + 1 : NULL;
    }
    return true;
}

static bool check_policy(const struct nacre_auth_policy *policy, const struct errbuf *p)
{
    struct offer offers[METHODS];

    if (policy == NULL)
        return true;
    list_offers(offers, policy);
    if (!offers[0].offered && !offers[1].offered && !offers[2].offered)
        return errbuf_say(p, "auth offers no method, so nobody can log in: set password, publickey "
                             "or interactive");
    if (policy->change_password != NULL && policy->password == NULL)
        return errbuf_say(p, "auth.change_password is set without auth.password");
    if (policy->banner != NULL && strlen(policy->banner) > NACRE_BANNER_MAX)
        return errbuf_say(p, "auth.banner has %zu bytes; a banner has at most %d",
                          strlen(policy->banner), NACRE_BANNER_MAX);
    return check_require(policy->require, offers, p);
}

static bool check_server(const struct nacre_endpoint_config *c, const struct errbuf *p)
{
    if (c->host_key_count == 0)
        return errbuf_say(p, "a server needs a host key");
    return check_keys("host_keys", c->host_keys, c->host_key_count, p) && check_policy(c->auth, p);
}

/* ---- client ---- */

static bool check_client(const struct nacre_endpoint_config *c, const struct errbuf *p)
{
    if (c->user != NULL && strlen(c->user) > NACRE_USER_MAX)
        return errbuf_say(p, "the user name has %zu bytes; at most %d are allowed", strlen(c->user),
                          NACRE_USER_MAX);
    if (c->password != NULL && strlen(c->password) > NACRE_PASSWORD_MAX)
        return errbuf_say(p, "the password has %zu bytes; at most %d are allowed",
                          strlen(c->password), NACRE_PASSWORD_MAX);
    return check_keys("keys", c->keys, c->key_count, p);
}

/* Members that belong to the other role are ignored. */
bool endpoint_check(const struct nacre_endpoint_config *c, const struct errbuf *p)
{
    if (c->role != NACRE_SERVER && c->role != NACRE_CLIENT)
        return errbuf_say(p, "role must be NACRE_SERVER or NACRE_CLIENT");
    return check_memory("memory", c->memory, p) && check_memory("secrets", c->secrets, p) &&
           check_rates(c->limits, p) &&
           (c->role == NACRE_SERVER ? check_server(c, p) : check_client(c, p));
}
