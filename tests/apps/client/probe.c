/* What --probe learns and returns; the connections and the report are not there. */
#include "apps/client/probe.h"
#include "apps/client/client.h"
#include "apps/client/study.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct client_options options;
static bool studies;
static const char *algorithms;       /* of the server's host keys */
static const char *key_types[20];    /* that the first connection shows; NULL ends them */
static const char *problem, *misses; /* the algorithm for which the server has no key */
static size_t missing_at_first;

static struct probe_bytes copy_of(const void *bytes, size_t len)
{
    struct probe_bytes b = {malloc(len), len};

    memcpy(b.at, bytes, len);
    return b;
}

static void show_key(struct probe *p, const char *type)
{
    uint8_t key[64] = {0, 0, 0, (uint8_t)strlen(type)};

    memcpy(key + 4, type, strlen(type));
    p->keys[p->key_count++] = copy_of(key, 4 + strlen(type) + 1);
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __wrap_client_study_begin(const struct client_options *o, const struct nacre_observer *own);
void __wrap_study_close(void);
void __wrap_probe_learn(struct probe *p);
void __wrap_probe_learn_key(struct probe *p, const char *algorithm);
void __wrap_probe_report(const struct probe *p);
void __wrap_probe_report_json(const struct probe *p);

bool __wrap_client_study_begin(const struct client_options *o, const struct nacre_observer *own)
{
    ck_assert(o == &options && own == &probe_observer);
    return studies;
}

void __wrap_study_close(void)
{
    note("closed;");
}

/* A KEXINIT up to the algorithms of host keys, and the other messages */
void __wrap_probe_learn(struct probe *p)
{
    uint8_t kexinit[1024] = {20};
    size_t len = strlen(algorithms);

    ck_assert_ptr_eq(p->options, &options);
    note("learn;");
    kexinit[17 + 4 + 2] = (uint8_t)(len >> 8);
    kexinit[17 + 4 + 3] = (uint8_t)len;
    memcpy(kexinit + 17 + 8, algorithms, len);
    p->kexinit = copy_of(kexinit, 17 + 8 + len);
    p->extensions = copy_of("x", 1);
    p->failure = copy_of("x", 1);
    for (size_t i = 0; key_types[i] != NULL; i++)
        show_key(p, key_types[i]);
    p->missing_count = missing_at_first;
    (void)snprintf(p->problem, sizeof p->problem, "%s", problem);
}

void __wrap_probe_learn_key(struct probe *p, const char *algorithm)
{
    note("key %s;", algorithm);
    if (misses != NULL && strcmp(misses, algorithm) == 0)
        (void)snprintf(p->missing[p->missing_count++].algorithm, PROBE_NAME_MAX, "%s", algorithm);
    else
        show_key(p, strncmp(algorithm, "rsa-", 4) == 0 ? "ssh-rsa" : algorithm);
}

void __wrap_probe_report(const struct probe *p)
{
    note("text %zu;", p->key_count);
}

void __wrap_probe_report_json(const struct probe *p)
{
    note("json %zu;", p->key_count);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void begin(const char *list)
{
    options = (struct client_options){.user = "al"};
    studies = true;
    algorithms = list;
    memset(key_types, 0, sizeof key_types);
    key_types[0] = "ssh-ed25519";
    problem = "";
    misses = NULL;
    missing_at_first = 0;
}

static void expect(int status, const char *calls)
{
    ck_assert_int_eq(probe_run(&options), status);
    expect_notes(calls);
}

START_TEST(each_type_of_key_is_learnt_once)
{
    begin("rsa-sha2-512,rsa-sha2-256,ssh-ed25519,ecdsa-sha2-nistp256,unknown,rsa-sha2-,ssh-ed2551");
    expect(0, "learn;key rsa-sha2-512;key ecdsa-sha2-nistp256;text 3;closed;");
    key_types[1] = "ssh-rsa";
    expect(0, "learn;key ecdsa-sha2-nistp256;text 3;closed;");
    key_types[1] = "ssh-rs";
    expect(0, "learn;key rsa-sha2-512;key ecdsa-sha2-nistp256;text 4;closed;");
}
END_TEST

START_TEST(a_key_that_is_missing_is_not_asked_for_again)
{
    begin("rsa-sha2-512,ssh-ed25519,rsa-sha2-512,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256");
    misses = "rsa-sha2-512";
    expect(0, "learn;key rsa-sha2-512;key ecdsa-sha2-nistp256;key rsa-sha2-256;text 3;closed;");
    missing_at_first = PROBE_KEYS_MAX; /* it would have no place */
    expect(0, "learn;text 1;closed;");
    missing_at_first = PROBE_KEYS_MAX - 1;
    expect(0, "learn;key rsa-sha2-512;text 1;closed;");
}
END_TEST

START_TEST(there_is_place_for_16_keys)
{
    begin("ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,rsa-sha2-512");
    for (size_t i = 0; i < PROBE_KEYS_MAX - 1; i++)
        key_types[i] = "t";
    expect(0, "learn;key ecdsa-sha2-nistp256;text 16;closed;");
}
END_TEST

START_TEST(a_problem_gives_status_255)
{
    begin("rsa-sha2-512");
    problem = "Connection refused";
    key_types[0] = NULL; /* without a key there was no key exchange */
    expect(255, "learn;text 0;say Connection refused. Nothing listens on that port: is the server "
                "running, and is -p right?;closed;");
    options.json = true;
    problem = "";
    expect(0, "learn;json 0;closed;");
    studies = false;
    expect(255, "closed;");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_type_of_key_is_learnt_once);
    add_test(suite, a_key_that_is_missing_is_not_asked_for_again);
    add_test(suite, there_is_place_for_16_keys);
    add_test(suite, a_problem_gives_status_255);
}
