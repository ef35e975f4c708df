/* seeds FOLDER: writes the seed corpora, one folder a fuzzer, from real sessions and small files.
 * The same every time. */
#include "tests/fuzz/fuzz.h"
#include "tests/key_texts.h"
#include "tests/pair.h"
#include "transport/algorithms.h"
#include "transport/version.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SEED_MAX = 32 * 1024 };

static const char *folder;

static void save(const char *corpus, const char *title, const void *data, size_t len)
{
    char path[512];
    FILE *f;

    (void)snprintf(path, sizeof path, "%s/%s", folder, corpus);
    (void)mkdir(path, 0777);
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, corpus, title);
    f = fopen(path, "wb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    require(fwrite(data, 1, len, f) == len && fclose(f) == 0);
}

static void save_text(const char *corpus, const char *title, const char *text)
{
    save(corpus, title, text, strlen(text));
}

/* ---- sessions ---- */

/* The messages that one end got in a phase, as fuzz_messages wants them. */
struct recording {
    uint8_t bytes[SEED_MAX];
    size_t len;
};

static struct recording recordings[2][2]; /* by role, then by phase: logging in, logged in */

static void record(struct recording *r, const uint8_t *payload, size_t len)
{
    if (r->len == 0)
        r->bytes[r->len++] = 0; /* the application's options */
    if (r->len + 2 + len > sizeof r->bytes)
        return;
    r->bytes[r->len++] = (uint8_t)(len >> 8);
    r->bytes[r->len++] = (uint8_t)len;
    memcpy(r->bytes + r->len, payload, len);
    r->len += len;
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    const struct end *e = context;
    bool server = e == &e->pair->server;
    bool login = strcmp(phase, "auth") == 0;

    (void)seq;
    if (direction == NACRE_RECEIVED && e->session != NULL &&
        (login || strcmp(phase, "connection") == 0 || strncmp(phase, "rekey", 5) == 0))
        record(&recordings[server ? NACRE_SERVER : NACRE_CLIENT][!login], payload, len);
}

static const struct nacre_observer observer = {.message = on_message};

/* The end that will be fuzzed draws the same numbers there as here, and has the same key. */
static void prepare(struct pair *p, enum nacre_role fuzzed)
{
    const uint8_t key[32] = {1}, seed[32] = {2};
    struct end *e = fuzzed == NACRE_SERVER ? &p->server : &p->client;

    memset(recordings, 0, sizeof recordings);
    pair_init(p, 1);
    require(private_key_ed25519(&p->host_key, key) && private_key_ed25519(&p->user_key, key));
    e->random = random_from_seed(&e->seed, seed);
    p->records = true;
    p->server_config.observer = p->client_config.observer = &observer;
}

static void save_stream(const char *corpus, const char *title, const struct end *from)
{
    size_t len = from->sent < 6000 ? (size_t)from->sent : 6000;

    save(corpus, title, from->record, len);
}

/* Every key exchange, up to the login's end. */
static void save_exchanges(void)
{
    for (const struct algorithm *a = algorithms_of(ALGORITHM_KEX); a->name != NULL; a++)
        for (int role = 0; role < 2; role++) {
            bool server = role == NACRE_SERVER;
            struct pair p;

            prepare(&p, (enum nacre_role)role);
            (server ? &p.client_config : &p.server_config)->kex = a->name;
            pair_start(&p);
            pair_run(&p);
            save_stream(server ? "server_stream" : "client_stream", a->name,
                        server ? &p.client : &p.server);
            pair_clear(&p);
        }
}

static void save_recordings(const char *title, bool connected)
{
    static const char *const corpora[2][2] = {
        [NACRE_SERVER] = {"server_auth", "server_connection"},
        [NACRE_CLIENT] = {"client_auth", "client_connection"}};

    for (int role = 0; role < 2; role++) {
        const struct recording *r = &recordings[role][connected];

        if (r->len > 0)
            save(corpora[role][connected], title, r->bytes, r->len);
    }
}

static void change_it(void *context, struct nacre_decision *d, const char *user,
                      const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    nacre_decide_change(d, "Change it: ");
}

static void changed(void *context, struct nacre_decision *d, const char *user, const char *old,
                    const char *new)
{
    (void)context;
    (void)user;
    (void)old;
    (void)new;
    nacre_decide(d, true);
}

static void ask_two(void *context, struct nacre_decision *d, const char *user,
                    const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompts[] = {{"Password: ", false}, {"Code: ", true}};

    (void)context;
    (void)user;
    (void)responses;
    if (count == 0)
        nacre_decide_ask(d, "Two questions", "Answer both", prompts, 2);
    else
        nacre_decide(d, true);
}

static void answer(void *context, const struct nacre_ask *ask)
{
    static const char *const said[NACRE_PROMPTS_MAX] = {"one", "two"};
    const struct end *e = context;

    nacre_session_respond(e->session, said, ask->count < 2 ? ask->count : 2);
}

static void with_password(struct pair *p)
{
    p->policy.banner = "Welcome\r\n";
}

static void with_wrong_password(struct pair *p)
{
    p->client_config.password = "wrong";
}

static void with_key(struct pair *p)
{
    p->client_config.password = NULL;
    p->client_config.keys = p->user_keys;
    p->client_config.key_count = 1;
}

static void with_changed_password(struct pair *p)
{
    p->policy.password = change_it;
    p->policy.change_password = changed;
    p->client_config.ask = answer;
}

static void with_questions(struct pair *p)
{
    p->policy.password = NULL;
    p->policy.interactive = ask_two;
    p->client_config.ask = answer;
}

static void with_both(struct pair *p)
{
    with_key(p);
    p->client_config.password = "secret";
    p->policy.require = "publickey,password";
}

static const struct {
    const char *title;
    void (*configure)(struct pair *p);
} logins[] = {
    {"password", with_password},   {"wrong-password", with_wrong_password},
    {"publickey", with_key},       {"changed-password", with_changed_password},
    {"questions", with_questions}, {"both", with_both},
};

static void save_logins(void)
{
    for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++) {
        struct pair p;

        prepare(&p, NACRE_SERVER);
        logins[i].configure(&p);
        pair_start(&p);
        pair_run(&p);
        save_recordings(logins[i].title, false);
        pair_clear(&p);
    }
}

static void use_shell(struct pair *p, struct nacre_channel *ch)
{
    require(nacre_channel_pty(ch, "xterm", 80, 24) && nacre_channel_env(ch, "LANG", "C"));
    require(nacre_channel_shell(ch));
    pair_run(p);
    require(nacre_channel_write(ch, "hello", 5) == 5);
    require(nacre_channel_window_change(ch, 100, 30) && nacre_channel_signal(ch, "INT"));
    pair_run(p);
    nacre_channel_eof(ch);
}

static void use_rekey(struct pair *p, struct nacre_channel *ch)
{
    require(nacre_channel_exec(ch, "cat"));
    nacre_session_rekey(p->server.session);
    pair_run(p);
    require(nacre_channel_write(ch, "after", 5) == 5);
    pair_run(p);
    nacre_session_rekey(p->client.session);
    pair_run(p);
    nacre_channel_close(ch);
}

static void use_forwards(struct pair *p, struct nacre_channel *ch)
{
    const struct nacre_target target = {"localhost", 22, "localhost", 1234};
    uint8_t data[NACRE_TARGET_MAX];
    size_t len = nacre_target_write(&target, "direct-tcpip", data);

    require(nacre_channel_subsystem(ch, "sftp"));
    require(nacre_session_forward(p->client.session, "localhost", 0, false));
    require(nacre_session_forward_socket(p->client.session, "/tmp/socket", true));
    require(nacre_session_global_request(p->client.session, "no-more-sessions@openssh.com", true,
                                         NULL, 0));
    (void)nacre_session_open(p->client.session, "direct-tcpip", &p->client_app, NULL, data, len);
    pair_run(p);
    nacre_session_disconnect(p->client.session, NACRE_SHUTTING_DOWN, "bye");
}

static const struct {
    const char *title;
    void (*use)(struct pair *p, struct nacre_channel *ch);
} uses[] = {{"shell", use_shell}, {"rekey", use_rekey}, {"forwards", use_forwards}};

static void save_uses(void)
{
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        struct pair p;

        prepare(&p, NACRE_SERVER);
        pair_start(&p);
        uses[i].use(&p, pair_open(&p));
        pair_run(&p);
        save_recordings(uses[i].title, true);
        pair_clear(&p);
    }
}

/* ---- files and fields ---- */

static void save_keys(void)
{
    static const struct {
        const char *title, *text;
        uint8_t binary; /* the parser that fuzz_key_file takes for its bytes */
    } keys[] = {
        {"openssh-ed25519", openssh_ed25519, 0},   {"openssh-encrypted", openssh_encrypted, 0},
        {"openssh-nistp256", openssh_nistp256, 0}, {"pkcs8-ed25519", pkcs8_ed25519, 1},
        {"pkcs8-ed25519-v2", pkcs8_ed25519_v2, 1}, {"pkcs8-nistp256", pkcs8_nistp256, 1},
        {"pkcs8-encrypted", pkcs8_encrypted, 1},   {"pkcs8-ed448", pkcs8_ed448, 1},
        {"sec1-nistp384", sec1_nistp384, 3},       {"pkcs1-rsa", pkcs1_rsa, 2},
    };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        uint8_t out[1 + KEY_BINARY_MAX];
        char title[64];
        struct bytes binary = key_binary(keys[i].text, out + 1);

        out[0] = keys[i].binary;
        save_text("key_file", keys[i].title, keys[i].text);
        (void)snprintf(title, sizeof title, "%s-bytes", keys[i].title);
        save("key_file", title, out, 1 + binary.len);
    }
}

/* The public half of the key that the fuzzers look for. */
#define PUBLIC_KEY                                                                                 \
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIM7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8"

static const struct {
    const char *corpus, *title, *text;
} texts[] = {
    {"authorized_keys", "plain", "# comment\n\n" PUBLIC_KEY " alice\n"},
    {"authorized_keys", "options",
     "restrict,pty,command=\"echo \\\"hi\\\"\",from=\"*.example\" " PUBLIC_KEY "\n"
     "no-pty,no-port-forwarding " PUBLIC_KEY "\r\n"},
    {"authorized_keys", "more-options",
     "from=\"192.0.2.0/24,!192.0.2.7\",expiry-time=\"20400101\",environment=\"A=b\" " PUBLIC_KEY
     "\n"
     "permitopen=\"localhost:80\",permitlisten=\"8080\" " PUBLIC_KEY "\n"},
    {"authorized_keys", "bad", "ssh-ed25519\nssh-ed25519 AAAA=\n\"unclosed " PUBLIC_KEY "\n"},
    {"known_hosts", "plain",
     "localhost,192.0.2.1 " PUBLIC_KEY "\n[localhost]:2022 " PUBLIC_KEY "\n"},
    {"known_hosts", "patterns", "*.example,!bad.example,loc?lhost " PUBLIC_KEY " comment\n"},
    {"known_hosts", "marked", "@revoked * " PUBLIC_KEY "\n@cert-authority * " PUBLIC_KEY "\n"},
    {"known_hosts", "hashed",
     "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= " PUBLIC_KEY "\n"},
    {"password_file", "plain", "# comment\nalice:secret\nbob:with:colons\r\n:nobody\nlonely\n"},
    {"password_file", "hashed",
     "alice:$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
     "RdescudvJCsgt3ub+b6dWRWJTmaasQmQ0i7ppYgMhQE\nbob:$6$salt$hash\n"},
    {"algorithm_list", "names", "\x01ssh-ed25519,rsa-sha2-512"},
    {"algorithm_list", "more", "\x02+ssh-rsa"},
    {"algorithm_list", "less", "\x03-*cbc*,aes128-???"},
    {"algorithm_list", "first", "\x04^hmac-sha2-512"},
    {"version", "ours", "SSH-2.0-nacre_0.1\r\n"},
    {"version", "comment", "SSH-2.0-Some_1 with a comment\n"},
    {"version", "lines-before", "Welcome\r\nto this server\r\nSSH-1.99-Old\r\n"},
    {"version", "old", "SSH-1.5-Old\r\n"},
};

static void save_fields(void)
{
    static const uint8_t modes[] = {1, 0, 0, 0, 3, 53, 0, 0, 0, 1, 128, 0, 0, 0x96, 0, 0};
    static const uint8_t wire[] = {7, 0, 1,    2, 3, 4, 5, 6,   9,   0,   0,   0,   1,  0, 0,
                                   0, 0, 0,    0, 0, 2, 0, 0,   0,   2,   'h', 'i', 0,  0, 0,
                                   2, 0, 0x80, 0, 0, 0, 3, 'a', ',', 'b', 'x', 'y', 'z'};

    save("terminal_modes", "three", modes, sizeof modes);
    save("wire", "each", wire, sizeof wire);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        save_text(texts[i].corpus, texts[i].title, texts[i].text);
}

/* tests/pair.c is for tests of Check. */
START_TEST(write_all)
{
    save_exchanges();
    save_logins();
    save_uses();
    save_keys();
    save_fields();
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("seeds");
    TCase *t = tcase_create("seeds");
    SRunner *r;
    int failed;

    if (argc != 2) {
        (void)fputs("usage: seeds FOLDER\n", stderr);
        return 2;
    }
    folder = argv[1];
    (void)mkdir(folder, 0777);
    tcase_add_test(t, write_all);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
