#include "apps/client/probe.h"

#include "apps/client/client.h"
#include "apps/client/explain.h"
#include "apps/client/probe_read.h"
#include "apps/client/study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bool is_missing(const struct probe *p, const char *algorithm)
{
    for (size_t i = 0; i < p->missing_count; i++)
        if (strcmp(p->missing[i].algorithm, algorithm) == 0)
            return true;
    return p->missing_count == PROBE_KEYS_MAX;
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
    char algorithm[PROBE_NAME_MAX];

    (void)kexinit_read(&p->kexinit, lists);
    while (p->key_count < PROBE_KEYS_MAX && field_name(&lists[KEXINIT_HOST_KEY], &name)) {
        field_text(algorithm, sizeof algorithm, &name);
        if (is_known(algorithm) && !is_missing(p, algorithm) && !has_type(p, key_type(algorithm)))
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

static void report(const struct probe *p)
{
    if (p->options->json)
        probe_report_json(p);
    else
        probe_report(p);
    if (p->problem[0] != 0)
        client_say("%s%s", p->problem, explain_connecting(p->problem));
}

int probe_run(const struct client_options *o)
{
    struct probe *p = calloc(1, sizeof *p);
    int status = CLIENT_FAILED;

    if (p == NULL)
        return status;
    p->options = o;
    if (client_study_begin(o, &probe_observer)) {
        probe_learn(p);
        if (p->key_count > 0)
            learn_other_keys(p);
        report(p);
        status = p->problem[0] != 0 ? CLIENT_FAILED : 0;
    }
    study_close();
    forget(p);
    return status;
}
