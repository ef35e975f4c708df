/* Every allocation fails in turn, in sessions that use every feature: all login methods, several
 * key exchange methods, channels in both directions, forwarding, proofs of host keys. Each time the
 * session continues or ends cleanly, the other end sees a clean end, and nothing leaks. */
#include "apps/files/key_format.h"
#include "tests/support/key_texts.h"
#include "tests/support/pair.h"
#include "tests/support/scarce.h"
#include "tests/support/suite.h"
#include "tests/support/vectors.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pair p;
static struct scarce libcrypto;

/* ---- the stories ---- */

enum login { PASSWORD, KEY, INTERACTIVE, CHANGE, TWO_STEPS };
enum key { ED25519, NISTP256, NISTP384, NISTP521, RSA_2048, KEYS };

static const struct story {
    const char *kex, *cipher, *mac;
    enum login login;
    enum key key;     /* for host and user */
    bool login_alone; /* the rest is tested by others, and this one is slow */
} stories[] = {
    {"curve25519-sha256", "chacha20-poly1305@openssh.com", NULL, PASSWORD, ED25519, false},
    {"mlkem768x25519-sha256", "aes256-gcm@openssh.com", NULL, KEY, ED25519, false}, /* host-bound */
    {"ecdh-sha2-nistp256", "aes128-ctr", "hmac-sha2-256-etm@openssh.com", INTERACTIVE, NISTP256,
     false},
    {"curve25519-sha256", "aes256-ctr", "hmac-sha2-512", CHANGE, NISTP256, false},
    {"curve25519-sha256", "aes128-gcm@openssh.com", NULL, TWO_STEPS, NISTP256, false},
    {"diffie-hellman-group-exchange-sha256", "aes192-ctr", "hmac-sha2-512", KEY, RSA_2048, true},
    {"diffie-hellman-group14-sha256", "aes128-ctr", "hmac-sha2-256", PASSWORD, NISTP384, true},
    {"sntrup761x25519-sha512", "aes256-gcm@openssh.com", NULL, PASSWORD, ED25519, true},
    {"ecdh-sha2-nistp521", "aes256-ctr", "hmac-sha2-512-etm@openssh.com", KEY, NISTP521, true},
};

enum { STORIES = sizeof stories / sizeof stories[0] };

static void decide_change(void *context, struct nacre_decision *d, const char *user,
                          const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    nacre_decide_change_password(d, "Pick another: ");
}

static void change_password(void *context, struct nacre_decision *d, const char *user,
                            const char *old, const char *fresh)
{
    (void)context;
    (void)user;
    nacre_decide(d, strcmp(old, "secret") == 0 && strcmp(fresh, "secret") == 0);
}

static void interactive(void *context, struct nacre_decision *d, const char *user,
                        const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompts[] = {{"Password: ", false}, {"Colour: ", true}};

    (void)context;
    (void)user;
    if (responses == NULL)
        nacre_decide_ask_more(d, "name", "instruction", prompts, 2);
    else
        nacre_decide(d, count == 2 && strcmp(responses[0], "secret") == 0);
}

static void any_key(void *context, struct nacre_decision *d, const char *user,
                    const struct nacre_key_offer *offer)
{
    (void)context;
    (void)user;
    nacre_decide(d, offer->key_len > 0);
}

static void ask(void *context, const struct nacre_ask *a)
{
    static const char *const answers[] = {"secret", "secret"};
    struct end *e = context;

    nacre_session_respond(e->session, answers, a->count);
}

static void on_banner(void *context, const char *text)
{
    (void)context;
    ck_assert_str_eq(text, "welcome\r\n");
}

static enum nacre_answer any_host_key(void *context, const char *algorithm, const uint8_t *key,
                                      size_t len)
{
    (void)context;
    (void)algorithm;
    (void)key;
    return len > 0;
}

static enum nacre_answer on_global(void *context, const struct nacre_global_request *request,
                                   uint32_t *port)
{
    end_note(context, "global %s;", request->name);
    *port = 2222;
    return NACRE_GRANT;
}

static const struct nacre_channel_app *lookup(void *context, const char *type)
{
    struct end *e = context;

    (void)type;
    return e == &p.server ? &p.server_app : &p.client_app;
}

/* The key from RFC 6979 appendix A.2.7. */
static void make_nistp521(struct nacre_key *key)
{
    struct vectors *v = vectors_open("ecdsa.txt");

    ck_assert(private_key_ecdsa(key, &ec_nistp521, vectors_get(v, "nistp521 private"),
                                vectors_get(v, "nistp521 public")));
    vectors_close(v);
}

/* Keys that the pair lacks; each is generated once. */
static const struct nacre_key *key_of(enum key which)
{
    static struct nacre_key keys[KEYS];
    struct nacre_key *key = &keys[which];
    uint8_t binary[KEY_BINARY_MAX];
    enum key_result result = KEY_GOOD;

    if (key->type != NULL)
        return key;
    if (which == NISTP256)
        result = key_parse_openssh(key, key_binary(openssh_nistp256, binary));
    else if (which == NISTP384)
        result = key_parse_sec1(key, key_binary(sec1_nistp384, binary));
    else if (which == NISTP521)
        make_nistp521(key);
    else
        result = key_parse_pkcs1(key, key_binary(pkcs1_rsa, binary));
    ck_assert_int_eq(result, KEY_GOOD);
    return key;
}

static void set_login(enum login login)
{
    struct nacre_auth_policy *policy = &p.policy;

    policy->banner = "welcome\r\n";
    p.client_config.banner = on_banner;
    if (login == PASSWORD)
        return;
    if (login == KEY || login == TWO_STEPS) {
        policy->publickey = any_key;
        p.client_config.keys = p.user_keys;
        p.client_config.key_count = 1;
    }
    if (login == TWO_STEPS)
        policy->require = "publickey,keyboard-interactive";
    if (login == INTERACTIVE || login == TWO_STEPS)
        policy->interactive = interactive;
    if (login == CHANGE) {
        policy->password = decide_change;
        policy->change_password = change_password;
    } else {
        policy->password = NULL;
        p.client_config.password = NULL;
    }
    p.client_config.ask = ask;
}

static void begin(const struct story *story)
{
    pair_init(&p, 5);
    set_login(story->login);
    if (story->key != ED25519)
        p.host_keys[0] = p.user_keys[0] = key_of(story->key);
    p.client_config.kex = p.server_config.kex = story->kex;
    p.client_config.ciphers = story->cipher;
    p.client_config.macs = story->mac;
    p.client_config.host_key_accepted = any_host_key;
    p.client_config.lookup = p.server_config.lookup = lookup;
    p.server_config.global_request = on_global;
}

/* ---- what happens in all of them, as far as it gets ---- */

static struct {
    struct nacre_channel *channel[2]; /* the client's; NULL: not open, or closed */
    int asked;
} now;

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    end_note(nacre_channel_context(ch), "open;");
    if (nacre_channel_app_data(ch) != NULL)
        *(struct nacre_channel **)nacre_channel_app_data(ch) = ch;
    return NACRE_GRANT;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    end_note(nacre_channel_context(ch), "closed %s;", nacre_cause_text(why->cause));
    if (nacre_channel_app_data(ch) != NULL)
        *(struct nacre_channel **)nacre_channel_app_data(ch) = NULL;
}

static void open_with_target(struct end *e, const char *type, struct nacre_channel **slot)
{
    uint8_t data[NACRE_TARGET_MAX];
    size_t len = nacre_target_write(type, "host.example", 80, "192.0.2.1", 0, data);

    (void)nacre_session_open_channel(
        e->session, type, e == &p.server ? &p.server_app : &p.client_app, slot, data, len);
    pair_run(&p);
}

static void request(bool made)
{
    now.asked += made;
    pair_run(&p);
}

/* Each needs a channel, which an earlier step may have lost. */
static void use_channel(struct nacre_channel **ch)
{
    static const uint8_t bulk[40000];

    if (*ch != NULL)
        request(nacre_channel_pty(*ch, "xterm", 80, 24));
    if (*ch != NULL)
        request(nacre_channel_env(*ch, "A", "1"));
    if (*ch != NULL)
        request(nacre_channel_shell(*ch));
    if (*ch != NULL)
        (void)nacre_channel_write(*ch, bulk, sizeof bulk);
    nacre_session_rekey(p.client.session);
    pair_run(&p);
    if (*ch != NULL)
        (void)nacre_channel_write_extended(*ch, "error", 5);
    if (*ch != NULL)
        (void)nacre_channel_signal(*ch, "INT");
    nacre_session_rekey(p.server.session);
    pair_run(&p);
}

static void prove_host_keys(void)
{
    struct bytes blob = private_key_blob(p.host_keys[0]);
    uint8_t data[4 + 512];
    struct writer w = write_to(data, sizeof data);

    write_string(&w, blob);
    ck_assert(!w.bad);
    (void)nacre_session_global_request(p.client.session, "hostkeys-prove-00@openssh.com", true,
                                       data, written(&w));
    pair_run(&p);
}

static void whole_story(const struct story *story)
{
    memset(&now, 0, sizeof now);
    p.server_app.open = p.client_app.open = on_open;
    p.server_app.closed = p.client_app.closed = on_closed;
    pair_run(&p);
    if (story->login_alone)
        return;
    (void)nacre_session_open_channel(p.client.session, "session", &p.client_app, &now.channel[0],
                                     NULL, 0);
    pair_run(&p);
    use_channel(&now.channel[0]);
    open_with_target(&p.client, "direct-tcpip", &now.channel[1]);
    if (now.channel[1] != NULL)
        (void)nacre_channel_write(now.channel[1], "ping", 4);
    (void)nacre_session_forward(p.client.session, "", 0, false);
    pair_run(&p);
    open_with_target(&p.server, "forwarded-tcpip", NULL);
    prove_host_keys();
    for (int i = 0; i < 2; i++)
        if (now.channel[i] != NULL)
            nacre_channel_eof(now.channel[i]);
    pair_run(&p);
    pair_pass(&p, 1000);
}

/* ---- what is so afterwards ---- */

static size_t count(const char *log, const char *what)
{
    size_t n = 0;

    for (const char *at = log; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

/* The owner closes the connection once the session has ended and its output is sent. */
static void hang_up(void)
{
    for (int i = 0; i < 2; i++) {
        struct end *e = i == 0 ? &p.server : &p.client;
        struct end *other = i == 0 ? &p.client : &p.server;

        if (e->ended && !other->ended) {
            pair_run(&p);
            nacre_session_lost(other->session);
            ck_assert(other->ended);
        }
    }
}

/* One end ran out of memory, or nothing happened; the other receives a DISCONNECT or sees the
 * connection close. */
static void check_causes(const struct end *poor, const struct end *rich)
{
    if (!poor->ended) {
        ck_assert_msg(!rich->ended, "the other end: %s, %s", nacre_cause_text(rich->why.cause),
                      rich->why_text);
        return;
    }
    if (poor->why.cause == NACRE_OUT_OF_RESOURCES) {
        ck_assert_msg(rich->why.cause == NACRE_DISCONNECTED ||
                          rich->why.cause == NACRE_CONNECTION_LOST,
                      "the other end: %s, %s", nacre_cause_text(rich->why.cause), rich->why_text);
        return;
    }
    ck_abort_msg("the end without memory: %s, %s", nacre_cause_text(poor->why.cause),
                 poor->why_text);
}

static void check_channels(const struct end *e)
{
    size_t opened = count(e->log, "open;"), closed = count(e->log, "closed ");

    /* A refused channel gets `closed` without having been open. */
    ck_assert_msg(closed >= opened && closed - opened <= count(e->log, "closed open refused") +
                                                             count(e->log, "closed out of res") +
                                                             count(e->log, "closed connection l") +
                                                             count(e->log, "closed disconnected"),
                  "%zu channels opened, %zu closed: %s", opened, closed, e->log);
}

/* If the session lives, both ends know the user, and every request is answered. */
static void check_alive(void)
{
    if (p.client.ended)
        return;
    ck_assert(p.client.authenticated && p.server.authenticated);
    if (now.channel[0] != NULL)
        ck_assert_int_eq(p.replies_good + p.replies_bad, now.asked);
}

static void finish(void)
{
    for (int i = 0; i < 2; i++) {
        struct end *e = i == 0 ? &p.server : &p.client;

        if (e->session != NULL)
            nacre_session_free(e->session);
        e->session = NULL;
        check_channels(e);
    }
    pair_clear(&p);
}

/* False: the end needed fewer allocations. */
static bool survive(const struct story *story, enum nacre_role role, unsigned refuse_at,
                    bool for_good)
{
    struct end *poor = role == NACRE_SERVER ? &p.server : &p.client;
    struct end *rich = role == NACRE_SERVER ? &p.client : &p.server;
    struct scarce scarce;

    scarce_init(&scarce, refuse_at, for_good);
    begin(story);
    (role == NACRE_SERVER ? &p.server_config : &p.client_config)->memory = &scarce.memory;
    if (!end_start(&p.server, &p.server_config)) {
        ck_assert(role == NACRE_SERVER && scarce.refused);
        end_stop(&p.server);
        pair_free(&p);
        return true;
    }
    if (end_start(&p.client, &p.client_config)) {
        whole_story(story);
        hang_up();
        check_alive();
        check_causes(poor, rich);
        ck_assert(scarce.refused || p.server.authenticated);
        if (!scarce.refused && !story->login_alone) /* nothing failed: nothing was left out */
            ck_assert_msg(strstr(p.server.log, "global tcpip-forward;") != NULL &&
                              count(p.client.log, "open;") == 3,
                          "%s", p.client.log);
    } else {
        ck_assert(role == NACRE_CLIENT && scarce.refused);
        p.client.ended = true;
    }
    finish();
    ck_assert_uint_eq(scarce.in_use, 0);
    return scarce.refused;
}

START_TEST(a_session_continues_or_ends_cleanly_wherever_memory_runs_out)
{
    const struct story *story = &stories[_i / 4];
    enum nacre_role role = _i % 2 == 0 ? NACRE_SERVER : NACRE_CLIENT;
    unsigned n = 1;

    while (survive(story, role, n, _i / 2 % 2 == 1))
        n++;
    ck_assert_uint_gt(n, story->login_alone ? 10 : 30); /* allocations are counted */
}
END_TEST

/* ---- libcrypto's own ---- */

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return scarce_grants(&libcrypto) ? malloc(size) : NULL;
}

static void *crypto_realloc(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return scarce_grants(&libcrypto) ? realloc(block, size) : NULL;
}

static void crypto_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    free(block);
}

static void story_without_libcrypto(const struct story *story, unsigned refuse_at)
{
    begin(story);
    scarce_init(&libcrypto, refuse_at, false);
    if (end_start(&p.server, &p.server_config) && end_start(&p.client, &p.client_config)) {
        whole_story(story);
        hang_up();
        check_alive();
    }
    libcrypto.refuse_at = 0;
    ck_assert(p.server.ended == p.client.ended);
    finish();
}

/* It does not matter at which end the allocation fails; both must end. */
START_TEST(a_session_ends_cleanly_when_libcrypto_has_no_memory)
{
    unsigned n = 1;

    story_without_libcrypto(&stories[_i],
                            0); /* first, so that libcrypto's one-time allocations are done */
    do
        story_without_libcrypto(&stories[_i], n++);
    while (libcrypto.refused);
    ck_assert_uint_gt(n, 5); /* 9 allocations in the shortest story with libcrypto 3.5 */
}
END_TEST

void add_tests(struct suite *suite)
{
    if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1)
        abort(); /* libcrypto has allocated memory already */
    suite_timeout(suite, 240);
    add_loop(suite, a_session_continues_or_ends_cleanly_wherever_memory_runs_out, 0, 4 * STORIES);
    add_loop(suite, a_session_ends_cleanly_when_libcrypto_has_no_memory, 0, STORIES);
}
