#include "apps/client/probe.h"

#include "apps/client/client.h"
#include "apps/client/explain.h"
#include "apps/client/probe_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 65 /* bytes of an algorithm's name, NUL included */ };

/* The type of the keys that sign by this algorithm: RFC 8332 section 3. */
static const char *key_type(const char *algorithm)
{
    return strncmp(algorithm, "rsa-sha2-", 9) == 0 ? "ssh-rsa" : algorithm;
}

static bool has_type(const struct probe *p, const char *type)
{
    for (size_t i = 0; i < p->key_count; i++) {
        struct field_reader r = {p->keys[i].at, p->keys[i].len};
        struct field found = field_string(&r);

        if (found.len == strlen(type) && memcmp(found.at, type, found.len) == 0)
            return true;
    }
    return false;
}

static bool is_known(const char *algorithm)
{
    const char *name;
    bool off;

    for (size_t i = 0; (name = nacre_algorithm_name(NACRE_HOST_KEY, i, &off)) != NULL; i++)
        if (strcmp(name, algorithm) == 0)
            return true;
    return false;
}

/* One more connection for each type of key that the first one has not shown. */
static void learn_other_keys(struct probe *p)
{
    struct field lists[KEXINIT_LISTS], name;
    char algorithm[NAME_MAX_LEN];

    (void)kexinit_read(&p->kexinit, lists);
    while (p->key_count < PROBE_KEYS_MAX && field_name(&lists[KEXINIT_HOST_KEY], &name)) {
        field_text(algorithm, sizeof algorithm, &name);
        if (is_known(algorithm) && !has_type(p, key_type(algorithm)))
            probe_learn_key(p, algorithm);
    }
}

static void forget(struct probe *p)
{
    for (size_t i = 0; i < p->key_count; i++)
        free(p->keys[i].at);
    free(p->kexinit.at);
    free(p->extensions.at);
    free(p->failure.at);
    free(p);
}

int probe_run(const struct client_options *o)
{
    struct probe *p = calloc(1, sizeof *p);
    int status;

    if (p == NULL)
        return CLIENT_FAILED;
    p->options = o;
    probe_learn(p);
    if (p->key_count > 0)
        learn_other_keys(p);
    if (o->json)
        probe_report_json(p);
    else
        probe_report(p);
    if (p->problem[0] != 0)
        client_say("%s%s", p->problem, explain_connecting(p->problem));
    status = p->problem[0] != 0 ? CLIENT_FAILED : 0;
    forget(p);
    return status;
}
