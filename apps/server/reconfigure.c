#include "apps/server/reconfigure.h"

#include "apps/server/check.h"
#include "apps/server/worker.h"
#include "apps/session/errbuf.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { DESCRIPTORS_RESERVED = 32 /* of the process, for everything but connections */ };

uint64_t reconfigure_descriptors(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur
                                                                                    : 0;
}

struct nacre_admission reconfigure_admission(const struct nacre_server *server,
                                             const struct nacre_server_config *config)
{
    struct nacre_admission a =
        config->admission != NULL ? *config->admission : (struct nacre_admission){0};
    uint64_t reserved = DESCRIPTORS_RESERVED + 8 * (uint64_t)server->worker_count;
    uint64_t each = a.descriptors_each != 0 ? a.descriptors_each : 1;
    uint64_t limit = server->descriptors, most;
    char text[160];

    if (limit == 0)
        return a;
    most = limit > reserved ? (limit - reserved) / each : 0;
    most = most > 0 ? most : 1;
    if (a.max_connections > most) {
        (void)snprintf(text, sizeof text,
                       "the limit of %llu file descriptors is enough for only %llu connections",
                       (unsigned long long)limit, (unsigned long long)most);
        server_trouble(server, config->context, text);
    }
    if (a.max_connections > most || (a.max_connections == 0 && most < UINT16_MAX))
        a.max_connections = (uint32_t)most;
    return a;
}

struct settings *reconfigure_settings(struct nacre_server *server,
                                      const struct nacre_server_config *config, char *errbuf,
                                      size_t size)
{
    struct settings *s =
        settings_new(config, server->worker_count, server->parts.events.trouble, errbuf, size);

    for (unsigned w = 0; s != NULL && w < server->worker_count; w++) {
        s->endpoints[w] = worker_endpoint(s, &server->workers[w], errbuf, size);
        if (s->endpoints[w] == NULL) {
            settings_release(s);
            return NULL;
        }
    }
    return s;
}

/* The i-th address is the same in both lists. */
static bool same_addresses(const char *const *one, const char *const *other)
{
    if (one == NULL || other == NULL)
        return one == other;
    while (*one != NULL && *other != NULL && strcmp(*one, *other) == 0) {
        one++;
        other++;
    }
    return *one == NULL && *other == NULL;
}

/* The rest of a server cannot change while it runs. */
static bool check_fixed(const struct nacre_server *server, const struct nacre_server_config *config,
                        const struct errbuf *p)
{
    const struct nacre_server_config *now = &server->config;

    if (!same_addresses(now->listen, config->listen))
        return errbuf_say(p, "the addresses cannot change while the server runs: restart it");
    if (now->workers != config->workers)
        return errbuf_say(p,
                          "the number of workers cannot change while the server runs: restart it");
    return true;
}

bool nacre_server_reconfigure(struct nacre_server *server, const struct nacre_server_config *given,
                              char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_server_config c;
    struct complete parts;
    struct nacre_admission admission;
    struct settings *s, *before;

    if (!complete_config(&c, &parts, given, &p) || !server_check(&c, &p) ||
        !check_fixed(server, &c, &p))
        return false;
    s = reconfigure_settings(server, &c, errbuf, size);
    if (s == NULL)
        return false;
    admission = reconfigure_admission(server, &c);
    if (!admission_configure(server->admission, &admission)) {
        settings_release(s);
        return errbuf_say(&p, "out of memory");
    }
    accounts_resize(server->accounts, c.max_memory, c.per_user_max_memory);
    s->accepted = true;
    (void)pthread_mutex_lock(&server->settings_lock);
    before = server->latest;
    server->latest = s;
    (void)pthread_mutex_unlock(&server->settings_lock);
    settings_release(before);
    server_wake(server);
    return true;
}
