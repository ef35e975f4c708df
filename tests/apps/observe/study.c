/* The options for study with whole sessions: what is in the files, and when. */
#include "apps/observe/study.h"
#include "tests/support/notes.h"
#include "tests/support/pair.h"
#include "tests/support/scratch.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEX_REPLY = 31, KEXINIT = 20, COOKIE = 16, TEXT_MAX = 4096 };

static bool creates_threads = true, writes = true;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
ssize_t __real_write(int fd, const void *bytes, size_t len);

OWN(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
    void *argument)
{
    return creates_threads ? __real_pthread_create(thread, attributes, run, argument) : EAGAIN;
}

OWN(ssize_t, write, int fd, const void *bytes, size_t len)
{
    if (writes)
        return __real_write(fd, bytes, len);
    errno = EIO;
    return -1;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct pair p;
static char warned[TEXT_MAX];
static int warnings;
static char secrets[TEXT_MAX]; /* of the server, as its lines should be */
static bool was_in_time;
static char cookie[2 * COOKIE + 1];

static void warn(const char *event, const char *sentence)
{
    (void)snprintf(warned, sizeof warned, "%s: %s", event, sentence);
    warnings++;
}

static void describe(void *context, struct observed *connection)
{
    (void)context;
    connection->role = NACRE_SERVER;
}

static void put_hex(char *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        (void)sprintf(out + 2 * i, "%02x", bytes[i]);
}

/* The server's reply is about to leave: are its lines in the file? */
static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    (void)context;
    (void)seq;
    (void)phase;
    (void)len;
    if (direction == NACRE_SENT && payload[0] == KEXINIT)
        put_hex(cookie, payload + 1, COOKIE);
    if (direction == NACRE_SENT && payload[0] == KEX_REPLY) {
        char *content = scratch_read(scratch_path("keys"));

        was_in_time = strstr(content, cookie) != NULL;
        free(content);
    }
}

static void on_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    static char x[TEXT_MAX / 4], k[TEXT_MAX / 4];
    size_t n = strlen(secrets);

    (void)context;
    if (label == 'x')
        put_hex(x, bytes, len);
    if (label != 'K')
        return;
    put_hex(k, bytes + 4, len - 4);
    (void)snprintf(secrets + n, sizeof secrets - n, "%s SHARED_SECRET %s\n%s %s\n", cookie, k,
                   cookie, x);
}

static const struct nacre_observer own = {.message = on_message, .secret = on_secret};
static struct study_options options;

static struct study_settings settings(void)
{
    return study_settings(NULL, NULL, 0);
}

static void begin(void)
{
    const struct study_config config = {.program = "nacre-test",
                                        .options = &options,
                                        .describe = describe,
                                        .own = &own,
                                        .warn = warn};
    char text[TEXT_MAX];
    const struct errbuf errors = {text, sizeof text};

    warnings = 0;
    secrets[0] = 0;
    ck_assert_msg(study_open(&config, &errors), "%s", text);
    study_start();
}

static void on_ended(void *context, const struct nacre_end *why)
{
    struct end *e = context;

    e->ended = true;
    study_ended(context, why);
}

/* The lines are those of the observer, for both exchanges, and each is in time. */
START_TEST(the_key_log_has_both_lines_of_each_exchange_before_the_reply)
{
    char *content;

    options = (struct study_options){.keylog = scratch_path("keys")};
    begin();
    ck_assert_int_eq(warnings, 1);
    assert_says(warned, "keylog: ");
    assert_says(warned, "never use --unsafe-keylog in production");
    ck_assert(settings().kexinit_waits);
    pair_init(&p, 9);
    p.server_config.observer = study_observer();
    p.server_config.ended = on_ended;
    p.server_config.kex = p.client_config.kex = "curve25519-sha256";
    pair_start(&p);
    ck_assert_ptr_nonnull(pair_open(&p));
    ck_assert(was_in_time);
    was_in_time = false;
    nacre_session_rekey(p.client.session);
    pair_run(&p);
    ck_assert(was_in_time);
    nacre_session_disconnect(p.client.session, NACRE_WE_CLOSED, "done");
    pair_run(&p);
    ck_assert_uint_eq(observed_count(), 0);
    study_close();
    content = scratch_read(scratch_path("keys"));
    ck_assert_str_eq(content, secrets);
    free(content);
    pair_clear(&p);
}
END_TEST

START_TEST(without_options_nothing_changes)
{
    options = (struct study_options){0};
    begin();
    ck_assert_int_eq(warnings, 0);
    ck_assert(!settings().kexinit_waits);
    ck_assert_ptr_null(settings().kex);
    ck_assert_uint_eq(settings().packet_max, 0);
    ck_assert_uint_eq(settings().rekey_ms, 0);
    ck_assert(study_observer()->packet == NULL);
    study_close();
}
END_TEST

static void expect_mode(const char *path, unsigned mode)
{
    struct stat status;

    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, mode);
}

START_TEST(a_study_has_three_files_in_a_folder_of_its_own)
{
    static const char *const names[] = {"study/trace.json", "study/keys.log",
                                        "study/session.pcapng"};

    options = (struct study_options){.directory = scratch_path("study")};
    for (int run = 0; run < 2; run++) {
        begin();
        study_close();
    }
    ck_assert_int_eq(warnings, 1);
    assert_says(warned, "study/keys.log gets the keys");
    assert_says(warned, "never use --study in production");
    expect_mode(options.directory, 0700);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        expect_mode(scratch_path(names[i]), 0600);
}
END_TEST

START_TEST(a_study_chooses_what_every_wireshark_follows_unless_told_otherwise)
{
    struct study_settings s;

    options = (struct study_options){.directory = scratch_path("study"),
                                     .capture = scratch_path("elsewhere.pcapng")};
    begin();
    s = study_settings(NULL, NULL, 0);
    ck_assert_str_eq(s.kex, "curve25519-sha256");
    ck_assert_str_eq(s.ciphers, "aes256-gcm@openssh.com");
    ck_assert_uint_eq(s.packet_max, 1024);
    ck_assert_uint_eq(s.rekey_ms, UINT64_MAX);
    ck_assert(s.kexinit_waits);
    s = study_settings("kex", "ciphers", 1000);
    ck_assert_str_eq(s.kex, "kex");
    ck_assert_str_eq(s.ciphers, "ciphers");
    ck_assert_uint_eq(s.rekey_ms, 1000);
    study_close();
    expect_mode(scratch_path("elsewhere.pcapng"), 0600);
    ck_assert_int_ne(access(scratch_path("study/session.pcapng"), F_OK), 0);
}
END_TEST

/* The keys of an exchange begin with the KEXINIT, whose packet waits for its lines. */
START_TEST(each_file_is_enough_for_a_study)
{
    const struct study_options each[] = {{.keylog = scratch_path("keys")},
                                         {.capture = scratch_path("capture")},
                                         {.trace = scratch_path("trace")}};

    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
        options = each[i];
        begin();
        ck_assert(study_is_on());
        ck_assert_int_eq(study_settings(NULL, NULL, 0).kexinit_waits, i < 2);
        ck_assert_ptr_null(study_settings(NULL, NULL, 0).kex);
        study_close();
    }
}
END_TEST

START_TEST(trouble_with_a_file_is_a_warning_about_it)
{
    static const uint8_t kexinit[1 + COOKIE] = {KEXINIT}, k[] = {0, 0, 0, 1, 7};
    const struct nacre_end why = {.cause = NACRE_WE_CLOSED};
    const struct nacre_observer *o;

    creates_threads = false;
    options = (struct study_options){.capture = scratch_path("capture")};
    begin();
    ck_assert_int_eq(strncmp(warned, "capture: no thread", 18), 0);
    study_close();
    options = (struct study_options){.trace = scratch_path("trace")};
    begin();
    ck_assert_int_eq(strncmp(warned, "trace: ", 7), 0);
    assert_says(warned, "cannot write the trace: Resource temporarily unavailable");
    study_close();
    options = (struct study_options){.keylog = scratch_path("keys")};
    begin();
    o = study_observer();
    writes = false;
    o->packet(&p, NACRE_SENT, (const uint8_t *)"SSH-2.0-x\r\n", 11);
    o->message(&p, NACRE_SENT, 0, "kexinit", kexinit, sizeof kexinit);
    o->secret(&p, 'K', k, sizeof k);
    writes = true;
    study_ended(&p, &why);
    study_close();
    ck_assert_int_eq(strncmp(warned, "keylog: ", 8), 0);
    assert_says(warned, "keys: cannot write keys: Input/output error");
}
END_TEST

static void expect_failure(const char *directory, const char *why)
{
    const struct study_config config = {
        .program = "nacre-test", .options = &options, .describe = describe, .warn = warn};
    char text[TEXT_MAX];
    const struct errbuf errors = {text, sizeof text};

    options = (struct study_options){.directory = directory};
    ck_assert(!study_open(&config, &errors));
    assert_says(text, why);
    study_close();
}

START_TEST(a_folder_that_cannot_be_made_prevents_the_start)
{
    char name[PATH_MAX + 10];

    expect_failure(scratch_path("missing/study"), "missing/study: No such file");
    expect_failure(scratch_write("file", "", 0600), "is not a folder");
    memset(name, '/', sizeof name);
    memcpy(name, scratch_path("."), strlen(scratch_path(".")));
    name[PATH_MAX - 5] = 0;
    expect_failure(name, "--study: the name of the folder is too long");
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_prevents_the_start)
{
    const char *missing = scratch_path("missing/file");
    const struct study_options each[] = {
        {.keylog = missing}, {.capture = missing}, {.trace = missing}};
    const struct study_config config = {
        .program = "nacre-test", .options = &options, .describe = describe, .warn = warn};
    char text[TEXT_MAX];
    const struct errbuf errors = {text, sizeof text};

    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
        options = each[i];
        ck_assert(!study_open(&config, &errors));
        assert_says(text, "missing/file: No such file");
    }
}
END_TEST

START_TEST(the_environment_names_the_key_log_of_a_client)
{
    struct study_options o = {0};

    (void)unsetenv("NACRE_KEYLOG");
    study_options_from_environment(&o);
    ck_assert_ptr_null(o.keylog);
    (void)setenv("NACRE_KEYLOG", "", 1);
    study_options_from_environment(&o);
    ck_assert_ptr_null(o.keylog);
    (void)setenv("NACRE_KEYLOG", "from-environment", 1);
    study_options_from_environment(&o);
    ck_assert_str_eq(o.keylog, "from-environment");
    o.keylog = "from-option";
    study_options_from_environment(&o);
    ck_assert_str_eq(o.keylog, "from-option");
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_key_log_has_both_lines_of_each_exchange_before_the_reply);
    add_test(suite, without_options_nothing_changes);
    add_test(suite, a_study_has_three_files_in_a_folder_of_its_own);
    add_test(suite, a_study_chooses_what_every_wireshark_follows_unless_told_otherwise);
    add_test(suite, each_file_is_enough_for_a_study);
    add_test(suite, trouble_with_a_file_is_a_warning_about_it);
    add_test(suite, a_folder_that_cannot_be_made_prevents_the_start);
    add_test(suite, a_file_that_cannot_be_opened_prevents_the_start);
    add_test(suite, the_environment_names_the_key_log_of_a_client);
}
