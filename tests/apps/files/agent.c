#include "apps/files/agent.h"
#include "tests/support/false_agent.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "transport/algorithms.h"
#include "transport/key_pair.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char errbuf[1024];

#define TEXT(text) ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})

static void assert_no_agent(struct bytes answer, const char *says)
{
    struct false_agent a = {.answers = {answer}};

    false_agent_begin(&a);
    ck_assert_ptr_null(nacre_agent_open(a.path, errbuf, sizeof errbuf));
    assert_says(errbuf, says);
    false_agent_finish(&a);
}

START_TEST(malformed_lists_of_keys_are_refused)
{
    static const char none[] = "the agent does not answer", bad[] = "malformed reply";

    assert_no_agent(TEXT(""), none);
    assert_no_agent(TEXT("\0\0"), none);
    assert_no_agent(TEXT("\0\0\0\0"), none);
    assert_no_agent(TEXT("\0\0\1\0\x0c\0\0\0\0"), none);         /* shorter than its length */
    assert_no_agent(TEXT("\x7f\xff\xff\xff\x0c\0\0\0\0"), none); /* longer than allowed */
    assert_no_agent(TEXT("\0\0\0\1\5"), bad);                    /* SSH_AGENT_FAILURE */
    assert_no_agent(TEXT("\0\0\0\1\x0c"), bad);                  /* no number of keys */
    assert_no_agent(TEXT("\0\0\0\5\x0c\0\0\0\1"), bad);          /* one key is missing, */
    assert_no_agent(TEXT("\0\0\0\5\x0c\xff\xff\xff\xff"), bad);  /* ... all keys are */
    assert_no_agent(TEXT("\0\0\0\6\x0c\0\0\0\0x"), bad);         /* trailing bytes */
    assert_no_agent(TEXT("\0\0\0\x09\x0c\0\0\0\1\xff\xff\xff\xff"), bad);   /* key too long */
    assert_no_agent(TEXT("\0\0\0\x0d\x0c\0\0\0\1\0\0\0\0\0\0\0\x09"), bad); /* comment too long */
}
END_TEST

/* The agent's own key: the one of this seed. */
static void make_key(struct nacre_key *key)
{
    static const uint8_t seed[32] = {5};

    *key = (struct nacre_key){0};
    ck_assert(private_key_ed25519(key, seed));
}

/* SSH_AGENT_SIGN_RESPONSE with a signature of `data`. RFC 9987 section 3.6 */
static struct bytes signature_of(const struct nacre_key *key, const char *data, uint8_t *out,
                                 size_t size)
{
    struct writer w = write_to(out, size);
    uint8_t *begin = write_string_begin(&w), *signature;

    write_u8(&w, 14);
    signature = write_string_begin(&w);
    ck_assert(key_sign(key, &signature_ed25519, bytes_of(data), &w));
    write_string_end(&w, signature);
    write_string_end(&w, begin);
    return written_bytes(&w);
}

START_TEST(a_signature_must_be_right_and_by_the_requested_algorithm)
{
    uint8_t out[256], keys[256], good[256], other[256];
    struct nacre_key own;
    struct false_agent a = {.answers = {{NULL, 0},
                                        TEXT("\0\0\0\1\5"),
                                        TEXT("\0\0\0\x15\x0e\0\0\0\x10\0\0\0\7ssh-rsa\0\0\0\1x"),
                                        TEXT("\0\0\0\x19\x0e\0\0\0\x14\0\0\0\x0bssh-ed25519\0\0\0"
                                             "\1x")}};
    size_t count;
    struct nacre_agent *agent;
    const struct nacre_key *key;

    make_key(&own);
    a.answers[0] = false_agent_keys(private_key_blob(&own), 1, keys, sizeof keys);
    a.answers[4] = signature_of(&own, "date", other, sizeof other);
    a.answers[5] = signature_of(&own, "data", good, sizeof good);
    false_agent_begin(&a);
    agent = nacre_agent_open(a.path, errbuf, sizeof errbuf);
    ck_assert_msg(agent != NULL, "%s", errbuf);
    key = nacre_agent_keys(agent, &count)[0];
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(nacre_agent_comment(agent, 0), "a?b?[m?");
    ck_assert_str_eq(nacre_key_type(key), "ssh-ed25519");
    for (int i = 1; i < 6; i++) {
        struct writer w = write_to(out, sizeof out);

        ck_assert_int_eq(key_sign(key, &signature_ed25519, bytes_of("data"), &w), i == 5);
        ck_assert_uint_eq(a.asked[i], 13);
    }
    false_agent_finish(&a);
    nacre_agent_free(agent);
    private_key_clear(&own);
}
END_TEST

/* The agent offers as many as a list holds, and one more. */
START_TEST(an_agent_with_more_than_64_keys_has_64)
{
    static uint8_t list[16 * 1024];

    for (unsigned offered = 63; offered <= 66; offered++) {
        struct nacre_key own;
        struct nacre_agent *agent;
        struct false_agent a = {0};
        size_t count;

        make_key(&own);
        a.answers[0] = false_agent_keys(private_key_blob(&own), offered, list, sizeof list);
        false_agent_begin(&a);
        agent = nacre_agent_open(a.path, errbuf, sizeof errbuf);
        ck_assert_msg(agent != NULL, "%s", errbuf);
        (void)nacre_agent_keys(agent, &count);
        ck_assert_uint_eq(count, offered < 64 ? offered : 64);
        ck_assert_str_eq(nacre_agent_comment(agent, count - 1), "a?b?[m?");
        false_agent_finish(&a);
        nacre_agent_free(agent);
        private_key_clear(&own);
    }
}
END_TEST

START_TEST(a_missing_agent_is_reported)
{
    char longest[400];
    size_t count = 1;

    ck_assert_ptr_null(nacre_agent_keys(NULL, &count));
    ck_assert_uint_eq(count, 0);
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    ck_assert_ptr_null(nacre_agent_open(scratch_path("none"), errbuf, sizeof errbuf));
    assert_says(errbuf, "No such file");
    ck_assert_ptr_null(nacre_agent_open(longest, errbuf, sizeof errbuf));
    assert_says(errbuf, "too long");
    ck_assert_int_eq(unsetenv("SSH_AUTH_SOCK"), 0);
    ck_assert_ptr_null(nacre_agent_open(NULL, errbuf, sizeof errbuf));
    assert_says(errbuf, "SSH_AUTH_SOCK");
}
END_TEST

/* ---- OpenSSH's agent ---- */

static pid_t start_agent(const char *path)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test fails */
        if (freopen("/dev/null", "w", stdout) != NULL)
            (void)execlp("ssh-agent", "ssh-agent", "-D", "-a", path, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_gt(pid, 0);
    for (int i = 0; i < 500 && access(path, F_OK) != 0; i++)
        (void)usleep(10 * 1000);
    ck_assert_int_eq(setenv("SSH_AUTH_SOCK", path, 1), 0);
    return pid;
}

static void run(const char *command)
{
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c): the test chose the names */
}

static void add(const char *type)
{
    const char *file = scratch_path(type);
    char command[1024];

    (void)snprintf(command, sizeof command,
                   "ssh-keygen -q -t %s -N '' -C %s -f '%s' && ssh-add -q '%s'", type, type, file,
                   file);
    run(command);
}

/* Sign with every algorithm of the key's type; returns how many there are. */
static unsigned sign_by_all(const struct nacre_key *key)
{
    static const uint8_t data[9000];
    unsigned signed_by = 0;

    for (const struct algorithm *row = algorithms_of(ALGORITHM_PUBLIC_KEY); row->name != NULL;
         row++) {
        uint8_t out[SIGNATURE_BLOB_MAX];
        struct writer w = write_to(out, sizeof out);

        if (row->off || !key_can_sign(key, row->method))
            continue;
        ck_assert_msg(key_sign(key, row->method, (struct bytes){data, sizeof data}, &w), "%s",
                      row->name);
        ck_assert(key_verify(row->method, private_key_blob(key), written_bytes(&w),
                             (struct bytes){data, sizeof data}));
        signed_by++;
    }
    return signed_by;
}

START_TEST(ssh_agent_signs_with_every_algorithm)
{
    pid_t pid = start_agent(scratch_path("agent"));
    struct nacre_agent *agent;
    const struct nacre_key *const *keys;
    uint8_t out[SIGNATURE_BLOB_MAX];
    struct writer w = write_to(out, sizeof out);
    size_t count;

    add("ed25519");
    add("ecdsa");
    add("rsa");
    agent = nacre_agent_open(NULL, errbuf, sizeof errbuf);
    ck_assert_msg(agent != NULL, "%s", errbuf);
    keys = nacre_agent_keys(agent, &count);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(nacre_key_type(keys[2]), "ssh-rsa");
    ck_assert_str_eq(nacre_agent_comment(agent, 1), "ecdsa");
    ck_assert_uint_eq(sign_by_all(keys[0]), 1);
    ck_assert_uint_eq(sign_by_all(keys[1]), 1);
    ck_assert_uint_eq(sign_by_all(keys[2]), 2);
    run("ssh-add -q -D");
    ck_assert(
        !key_sign(keys[0], &signature_ed25519, TEXT("data"), &w)); /* the agent has lost the key */
    ck_assert_int_eq(kill(pid, SIGTERM), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert(!key_sign(keys[0], &signature_ed25519, TEXT("data"), &w)); /* the agent is gone */
    nacre_agent_free(agent);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, malformed_lists_of_keys_are_refused);
    add_test(suite, a_signature_must_be_right_and_by_the_requested_algorithm);
    add_test(suite, an_agent_with_more_than_64_keys_has_64);
    add_test(suite, a_missing_agent_is_reported);
    add_test(suite, ssh_agent_signs_with_every_algorithm);
}
