/* Memory runs out at every place in turn, outside of the sessions too: a server with its login and
 * its application, a client, and whoever reads or writes a file. (tests/whole/memory.c is about
 * sessions alone.) */
#include "apps/files/authorized_keys.h"
#include "apps/connect/client.h"
#include "apps/echo/echo.h"
#include "apps/files/key_file.h"
#include "apps/files/known_hosts.h"
#include "apps/daemon/log.h"
#include "apps/daemon/login.h"
#include "apps/files/password_edit.h"
#include "apps/daemon/events.h"
#include "tests/support/key_texts.h"
#include "tests/support/scarce.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char errbuf[8192];

/* ---- what the library and the programs call instead of the C library's (Makefile: SCARCE_TESTS)
 * ---- */

void *scarce_malloc(size_t size);
void *scarce_calloc(size_t n, size_t size);
void *scarce_realloc(void *block, size_t size);
char *scarce_strdup(const char *text);

static _Thread_local struct scarce *everywhere; /* asked before each; NULL: nobody is */

static void scarce_everywhere(struct scarce *s)
{
    everywhere = s;
}

static bool grants(void)
{
    if (everywhere == NULL || scarce_grants(everywhere))
        return true;
    errno = ENOMEM;
    return false;
}

void *scarce_malloc(size_t size)
{
    return grants() ? malloc(size) : NULL;
}

void *scarce_calloc(size_t n, size_t size)
{
    return grants() ? calloc(n, size) : NULL;
}

void *scarce_realloc(void *block, size_t size)
{
    return grants() ? realloc(block, size) : NULL;
}

char *scarce_strdup(const char *text)
{
    return grants() ? strdup(text) : NULL;
}

/* ---- a server to talk to ---- */

static void on_peer_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    (void)why;
    login_forget(peer);
}

static const struct nacre_server_events events = {.ended = on_peer_ended};

struct served {
    struct login login;
    struct nacre_auth_policy policy;
    struct nacre_server_config config;
    struct nacre_server *server;
    char key_file[256], keys_file[256], passwords_file[256];
};

static void keep(char out[256], const char *path)
{
    (void)snprintf(out, 256, "%s", path);
}

static void prepare_server(struct served *s)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL};
    char line[1024];

    log_threshold(LOG_ERROR);
    echo_set_events(&channel_log);
    keep(s->key_file, scratch_write("host_key", openssh_ed25519, 0600));
    keep(s->passwords_file, scratch_write("passwords", "alice:secret\n", 0600));
    (void)snprintf(line, sizeof line, "environment=\"A=1\",permitopen=\"h:1\" %s\n",
                   openssh_ed25519_public);
    keep(s->keys_file, scratch_write("keys", line, 0600));
    s->login = (struct login){.authorized_keys = nacre_authorized_keys_open(s->keys_file)};
    ck_assert_ptr_nonnull(s->login.authorized_keys);
    s->login.passwords = nacre_password_file_open(s->passwords_file, errbuf, sizeof errbuf);
    ck_assert_msg(s->login.passwords != NULL, "%s", errbuf);
    s->policy = login_policy(&s->login);
    s->config = (struct nacre_server_config){.listen = listen,
                                             .host_key_file = s->key_file,
                                             .auth = &s->policy,
                                             .session = &echo_app,
                                             .events = &events,
                                             .admission = {.penalties = {.off = true}},
                                             .context = &s->login,
                                             .drain_ms = 100};
}

static void open_server(struct served *s)
{
    s->server = nacre_server_new(&s->config, errbuf, sizeof errbuf);
}

static void close_server(struct served *s)
{
    nacre_server_free(s->server);
    nacre_password_file_close(s->login.passwords);
    nacre_authorized_keys_close(s->login.authorized_keys);
}

/* ---- a client that sends a line to `cat`, and reads it back ---- */

struct story {
    unsigned ready, ended, opened, closed;
    size_t got;
    char text[1024];
};

static struct story *story_of(const struct nacre_channel *ch)
{
    return nacre_client_context(nacre_channel_context(ch));
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    story_of(ch)->opened++;
    (void)nacre_channel_exec(ch, "cat");
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    if (granted)
        (void)nacre_channel_write(ch, "hello\n", 6);
    nacre_channel_eof(ch);
    if (!granted)
        nacre_channel_close(ch);
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    story_of(ch)->got += len;
    return len;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)why;
    story_of(ch)->closed++;
    nacre_client_close(nacre_channel_context(ch), "done");
}

static const struct nacre_channel_app cat = {
    .open = on_open, .replied = on_replied, .data = on_data, .closed = on_closed};

static void on_ready(struct nacre_client *client)
{
    struct story *s = nacre_client_context(client);

    s->ready++;
    if (nacre_session_open(nacre_client_session(client), "session", &cat, NULL, NULL, 0) == NULL)
        nacre_client_close(client, "no channel");
}

static void on_ended(struct nacre_client *client, const struct nacre_end *why)
{
    struct story *s = nacre_client_context(client);

    s->ended++;
    (void)snprintf(s->text, sizeof s->text, "%s", why->text);
}

static bool on_host_key(struct nacre_client *client, const struct nacre_host_key *shown,
                        enum nacre_host_verdict verdict, const char *sentence)
{
    (void)client;
    (void)verdict;
    return shown->len > 0 && sentence[0] != 0;
}

static const struct nacre_client_config with_password = {.user = "alice",
                                                         .password = "secret",
                                                         .host_key = on_host_key,
                                                         .ready = on_ready,
                                                         .ended = on_ended};

/* One client from its beginning to its end. False: it could not even begin. */
static bool live(const struct nacre_client_config *config, const char *where, struct story *s)
{
    struct nacre_clients *clients;

    *s = (struct story){.ready = 0};
    errbuf[0] = 0;
    clients = nacre_clients_new(config, errbuf, sizeof errbuf);
    if (clients == NULL || nacre_client_connect(clients, where, s, errbuf, sizeof errbuf) == NULL) {
        ck_assert_str_ne(errbuf, "");
        ck_assert_uint_eq(s->ended, 0);
        nacre_clients_free(clients);
        return false;
    }
    nacre_clients_run(clients);
    nacre_clients_free(clients);
    ck_assert_uint_eq(s->ended, 1);
    ck_assert_str_ne(s->text, "");
    ck_assert_uint_le(s->opened, s->closed);
    ck_assert_uint_le(s->closed, 1);
    return true;
}

static bool is_whole(const struct story *s)
{
    return s->ready == 1 && s->opened == 1 && s->closed == 1 && s->got == 6;
}

/* ---- the server has no memory ---- */

struct visitor {
    struct served *served;
    struct nacre_client_config config;
    struct story first, second;
};

/* Whatever became of the first, the second finds the server as it was. */
static void *visit(void *at)
{
    struct visitor *v = at;
    const char *where = nacre_server_address(v->served->server, 0);

    ck_assert(live(&v->config, where, &v->first));
    ck_assert(live(&v->config, where, &v->second));
    nacre_server_stop(v->served->server);
    return NULL;
}

static bool serve_without(unsigned refuse_at, const struct nacre_client_config *config)
{
    struct served served;
    struct visitor visitor = {.served = &served, .config = *config};
    struct scarce scarce;
    pthread_t thread;

    scarce_init(&scarce, refuse_at, false);
    prepare_server(&served);
    open_server(&served);
    ck_assert_msg(served.server != NULL, "%s", errbuf);
    ck_assert_int_eq(pthread_create(&thread, NULL, visit, &visitor), 0);
    scarce_everywhere(&scarce);
    nacre_server_run(served.server);
    scarce_everywhere(NULL);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close_server(&served);
    ck_assert_msg(is_whole(&visitor.second) || is_whole(&visitor.first),
                  "allocation %u: first: %s, second: %s", refuse_at, visitor.first.text,
                  visitor.second.text);
    if (!scarce.refused)
        ck_assert(is_whole(&visitor.first) && is_whole(&visitor.second));
    return scarce.refused;
}

static void serve_wherever_it_runs_out(const struct nacre_client_config *config)
{
    unsigned n = 1;

    while (serve_without(n, config))
        n++;
    ck_assert_uint_gt(n, 20);
}

START_TEST(a_server_loses_one_session_at_most)
{
    serve_wherever_it_runs_out(&with_password);
}
END_TEST

START_TEST(a_server_loses_one_login_by_key_at_most)
{
    struct nacre_key *key =
        nacre_key_read(scratch_write("user_key", openssh_ed25519, 0600), errbuf, sizeof errbuf);
    struct nacre_client_config config = with_password;

    ck_assert_msg(key != NULL, "%s", errbuf);
    config.password = NULL;
    config.keys = (const struct nacre_key *const *)&key;
    config.key_count = 1;
    serve_wherever_it_runs_out(&config);
    nacre_key_free(key);
}
END_TEST

START_TEST(a_server_that_cannot_start_says_so)
{
    struct served served;
    struct scarce scarce;
    unsigned n = 0;

    prepare_server(&served);
    do {
        scarce_init(&scarce, ++n, false);
        errbuf[0] = 0;
        scarce_everywhere(&scarce);
        open_server(&served);
        scarce_everywhere(NULL);
        if (served.server == NULL)
            ck_assert_str_ne(errbuf, "");
        if (scarce.refused)
            nacre_server_free(served.server);
    } while (scarce.refused);
    ck_assert_ptr_nonnull(served.server);
    ck_assert_uint_gt(n, 5);
    close_server(&served);
}
END_TEST

/* ---- the client has no memory ---- */

static void *run_server(void *at)
{
    nacre_server_run(at);
    return NULL;
}

START_TEST(a_client_ends_and_says_so)
{
    struct served served;
    struct nacre_client_config config = with_password;
    struct nacre_known_hosts hosts = {.file = scratch_write("known", "other ssh-dss AAAA\n", 0600)};
    struct scarce scarce;
    struct story story;
    pthread_t thread;
    unsigned n = 0;

    prepare_server(&served);
    open_server(&served);
    ck_assert_msg(served.server != NULL, "%s", errbuf);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_server, served.server), 0);
    config.known_hosts = &hosts;
    do {
        scarce_init(&scarce, ++n, false);
        scarce_everywhere(&scarce);
        (void)live(&config, nacre_server_address(served.server, 0), &story);
        scarce_everywhere(NULL);
    } while (scarce.refused);
    ck_assert_msg(is_whole(&story), "%s", story.text);
    ck_assert_uint_gt(n, 20);
    nacre_server_stop(served.server);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close_server(&served);
}
END_TEST

/* ---- files ---- */

/* What is done with too little memory. Returns true when it did what it should; when it did not, it
 * has said so, and has done no harm. */
typedef bool deed(const char *file);

static void check_deed(deed *done, const char *file)
{
    struct scarce scarce;
    unsigned n = 0;
    bool good;

    do {
        scarce_init(&scarce, ++n, false);
        errbuf[0] = 0;
        scarce_everywhere(&scarce);
        good = done(file);
        scarce_everywhere(NULL);
        ck_assert_msg(good || errbuf[0] != 0, "allocation %u: nothing was said", n);
    } while (scarce.refused);
    ck_assert_msg(good, "%s", errbuf);
    ck_assert_uint_gt(n, 1);
}

static bool read_key(const char *file)
{
    struct nacre_key *key = nacre_key_read(file, errbuf, sizeof errbuf);
    bool good = key != NULL;

    nacre_key_free(key);
    return good;
}

START_TEST(keys_are_read_or_not)
{
    const char *const texts[] = {openssh_ed25519, openssh_nistp256, pkcs8_ed25519,
                                 pkcs8_nistp256,  sec1_nistp384,    pkcs1_rsa};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_deed(read_key, scratch_write("key", texts[i], 0600));
}
END_TEST

static bool make_key(const char *file)
{
    struct nacre_key *key;
    char public[300];
    bool good;

    (void)snprintf(public, sizeof public, "%s.pub", file);
    (void)unlink(file);
    (void)unlink(public);
    key = nacre_key_make(file, errbuf, sizeof errbuf);
    good = key != NULL;
    ck_assert(good == (access(file, F_OK) == 0)); /* nothing is left half done */
    nacre_key_free(key);
    return good;
}

START_TEST(a_key_is_made_or_not)
{
    check_deed(make_key, scratch_path("made"));
}
END_TEST

/* The blob of openssh_ed25519_public. */
static size_t shown_blob(uint8_t out[KEY_BINARY_MAX])
{
    struct nacre_key *key =
        nacre_key_read(scratch_write("shown", openssh_ed25519, 0600), errbuf, sizeof errbuf);
    size_t len;
    const uint8_t *blob = nacre_key_blob(key, &len);

    memcpy(out, blob, len);
    nacre_key_free(key);
    errbuf[0] = 0;
    return len;
}

static uint8_t blob[KEY_BINARY_MAX];
static size_t blob_len;

static enum nacre_host_verdict right_verdict;

/* It is the right one, or none at all. */
static bool look_host_up(const char *file)
{
    const struct nacre_known_hosts hosts = {.file = file};
    const struct nacre_host_key shown = {"host", 22, blob, blob_len};
    enum nacre_host_verdict verdict =
        nacre_known_hosts_check(&hosts, &shown, errbuf, sizeof errbuf);

    ck_assert_msg(verdict == right_verdict || verdict == NACRE_HOST_UNCHECKED, "verdict %d",
                  verdict);
    return verdict == right_verdict;
}

START_TEST(no_host_is_taken_for_another)
{
    static const struct {
        const char *before;
        enum nacre_host_verdict verdict;
    } cases[] = {{"host", NACRE_HOST_KNOWN},
                 {"other", NACRE_HOST_UNKNOWN},
                 {"@revoked *", NACRE_HOST_REVOKED}};
    char line[1024];

    blob_len = shown_blob(blob);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(line, sizeof line, "# known\n%s %s\n", cases[i].before,
                       openssh_ed25519_public);
        right_verdict = cases[i].verdict;
        check_deed(look_host_up, scratch_write("known_hosts", line, 0600));
    }
}
END_TEST

static bool prefer(const char *file)
{
    const struct nacre_known_hosts hosts = {.file = file};
    char out[512];
    bool good =
        nacre_known_hosts_prefer(&hosts, "host", 22, "rsa-sha2-512,ssh-ed25519", out, sizeof out);

    ck_assert(good);
    good = strcmp(out, "ssh-ed25519,rsa-sha2-512") == 0;
    if (!good)
        ck_assert_str_eq(out, "rsa-sha2-512,ssh-ed25519");
    (void)snprintf(errbuf, sizeof errbuf, "%s", out);
    return good;
}

START_TEST(the_order_of_algorithms_is_the_hosts_or_untouched)
{
    char line[1024];

    blob_len = shown_blob(blob);
    (void)snprintf(line, sizeof line, "host %s\n", openssh_ed25519_public);
    check_deed(prefer, scratch_write("known_hosts", line, 0600));
}
END_TEST

/* A grant without what stands before the key would be a larger one. */
static bool ask_for_grant(const char *file)
{
    const struct nacre_key_login login = {"alice", blob, blob_len, "192.0.2.1"};
    struct nacre_authorized_keys *keys = nacre_authorized_keys_open(file);
    struct nacre_key_grant grant = {0};
    bool granted =
        keys != NULL && nacre_authorized_key(keys, &login, &grant, errbuf, sizeof errbuf);

    if (keys == NULL)
        (void)snprintf(errbuf, sizeof errbuf, "out of memory");
    nacre_authorized_keys_close(keys);
    if (granted) {
        ck_assert_str_eq(grant.command, "only \"this\"");
        ck_assert_str_eq(grant.environment[0], "A=1");
        ck_assert_str_eq(grant.environment[1], "B=2");
        ck_assert_str_eq(grant.permit_open[0], "h:1");
        ck_assert_str_eq(grant.permit_listen[0], "22");
        ck_assert(!grant.pty);
    } else {
        ck_assert(grant.command == NULL && grant.environment == NULL && !grant.pty);
    }
    nacre_key_grant_clear(&grant);
    return granted;
}

START_TEST(no_option_of_a_key_is_left_out)
{
    char line[2048];

    blob_len = shown_blob(blob);
    (void)snprintf(line, sizeof line,
                   "command=\"only \\\"this\\\"\",environment=\"A=1\",environment=\"B=2\","
                   "permitopen=\"h:1\",permitlisten=\"22\",from=\"192.0.2.0/24\",no-pty %s\n",
                   openssh_ed25519_public);
    check_deed(ask_for_grant, scratch_write("keys", line, 0600));
}
END_TEST

/* One password; without memory nobody logs in. */
static bool check_password(struct nacre_password_file *passwords, const char *password, bool right)
{
    struct nacre_password_check *check =
        nacre_password_file_lookup(passwords, "alice", password, errbuf, sizeof errbuf);

    bool granted = check != NULL && nacre_password_check_run(check);

    ck_assert(right || !granted);
    nacre_password_check_free(check);
    return check != NULL && granted == right;
}

static bool check_passwords(const char *file)
{
    struct nacre_password_file *passwords = nacre_password_file_open(file, errbuf, sizeof errbuf);
    bool good;

    if (passwords == NULL)
        return false;
    good = check_password(passwords, "secret", true) && check_password(passwords, "wrong", false);
    nacre_password_file_close(passwords);
    return good;
}

START_TEST(passwords_are_checked_or_not)
{
    check_deed(check_passwords, scratch_write("passwords", "bob:x\nalice:secret\n", 0600));
}
END_TEST

static bool delete_user(const char *file)
{
    static const char both[] = "alice:secret\nbob:other\n";
    bool good;
    char *text;

    (void)scratch_write("edited", both, 0600);
    good = nacre_password_file_edit(file, "alice", NULL, errbuf, sizeof errbuf) ==
           NACRE_PASSWORD_DELETED;
    text = scratch_read(file);
    ck_assert_str_eq(text, good ? "bob:other\n" : both);
    free(text);
    return good;
}

START_TEST(a_password_file_is_changed_whole_or_not_at_all)
{
    (void)scratch_write("edited", "", 0600);
    check_deed(delete_user, scratch_path("edited"));
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_server_loses_one_session_at_most);
    add_test(suite, a_server_loses_one_login_by_key_at_most);
    add_test(suite, a_server_that_cannot_start_says_so);
    add_test(suite, a_client_ends_and_says_so);
    add_test(suite, keys_are_read_or_not);
    add_test(suite, a_key_is_made_or_not);
    add_test(suite, no_host_is_taken_for_another);
    add_test(suite, the_order_of_algorithms_is_the_hosts_or_untouched);
    add_test(suite, no_option_of_a_key_is_left_out);
    add_test(suite, passwords_are_checked_or_not);
    add_test(suite, a_password_file_is_changed_whole_or_not_at_all);
}
