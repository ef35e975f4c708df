/* seeds FOLDER: writes the seed corpora, one folder per fuzzer, from real sessions and small files.
 * They are the same every time. */
#include "tests/fuzz/seeds.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_session.h"
#include "tests/support/pair.h"
#include "transport/algorithms.h"
#include "transport/message.h"
#include "transport/version.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

enum { SEED_MAX = 72 * 1024 };

/* ---- sessions ---- */

/* The messages that one end received in a phase, in the form of fuzz_messages. */
struct recording {
    uint8_t bytes[SEED_MAX];
    size_t len;
};

/* By role, then by where it begins: at KEXINIT, at the login, after it. */
enum { FROM_KEXINIT, FROM_LOGIN, FROM_CONNECTION, BEGINNINGS };
static struct recording recordings[2][BEGINNINGS];

static void put(struct recording *r, uint16_t head, const uint8_t *payload, size_t len)
{
    if (r->len + 2 + len > sizeof r->bytes)
        return;
    r->bytes[r->len++] = (uint8_t)(head >> 8);
    r->bytes[r->len++] = (uint8_t)head;
    if (len > 0)
        memcpy(r->bytes + r->len, payload, len);
    r->len += len;
}

/* A message; before it, the action that it replies to: act in fuzz_session.c. */
static void record(struct recording *r, const uint8_t *payload, size_t len)
{
    static const uint16_t acts[256] = {
        [SSH_MSG_CHANNEL_OPEN_CONFIRMATION] = FUZZ_ACT | 4, /* a channel is opened */
        [SSH_MSG_CHANNEL_SUCCESS] = FUZZ_ACT | 6,           /* a terminal is requested */
        [SSH_MSG_CHANNEL_FAILURE] = FUZZ_ACT | 6,
        [SSH_MSG_REQUEST_SUCCESS] = FUZZ_ACT | 25, /* a forwarded port is requested */
        [SSH_MSG_REQUEST_FAILURE] = FUZZ_ACT | 25,
    };

    if (r->len == 0)
        r->bytes[r->len++] = 0; /* the application's behaviour */
    if (acts[payload[0]] != 0)
        put(r, acts[payload[0]], NULL, 0);
    require(len < FUZZ_ACT);
    put(r, (uint16_t)len, payload, len);
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    const struct end *e = context;
    struct recording *r = recordings[e == &e->pair->server ? NACRE_SERVER : NACRE_CLIENT];

    (void)seq;
    if (direction != NACRE_RECEIVED || e->session == NULL)
        return;
    record(&r[FROM_KEXINIT], payload, len);
    if (strcmp(phase, "auth") == 0)
        record(&r[FROM_LOGIN], payload, len);
    else if (strcmp(phase, "connection") == 0 || strncmp(phase, "rekey", 5) == 0)
        record(&r[FROM_CONNECTION], payload, len);
}

static const struct nacre_observer observer = {.message = on_message};

/* The fuzzed end generates the same random numbers as here, and has the same key. */
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

static void save_recording(const char *corpus, const char *title, const struct recording *r)
{
    if (r->len > 0)
        save(corpus, title, r->bytes, r->len);
}

/* For one method, also a KEXINIT that announces a guessed packet: the fifth byte from its end. */
static void save_kex(const char *corpus, const char *title, struct recording *r)
{
    size_t kexinit_len = (size_t)r->bytes[1] << 8 | r->bytes[2];

    save_recording(corpus, title, r);
    if (strcmp(title, "curve25519-sha256") != 0)
        return;
    r->bytes[3 + kexinit_len - 5] = 1;
    save_recording(corpus, "guess", r);
}

/* Every key exchange method, up to the end of the login. */
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
            save_kex(server ? "server_kex" : "client_kex", a->name,
                     &recordings[role][FROM_KEXINIT]);
            pair_clear(&p);
        }
}

static void save_recordings(const char *title, int beginning)
{
    static const char *const corpora[2][BEGINNINGS] = {
        [NACRE_SERVER] = {NULL, "server_auth", "server_connection"},
        [NACRE_CLIENT] = {NULL, "client_auth", "client_connection"}};

    for (int role = 0; role < 2; role++)
        save_recording(corpora[role][beginning], title, &recordings[role][beginning]);
}

static void change_it(void *context, struct nacre_decision *d, const char *user,
                      const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    nacre_decide_change_password(d, "Change it: ");
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
        nacre_decide_ask_more(d, "Two questions", "Answer both", prompts, 2);
    else
        nacre_decide(d, true);
}

static void answer(void *context, const struct nacre_ask *ask)
{
    static const char *const said[NACRE_SERVER_PROMPTS_MAX] = {"one", "two"};
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
    for (size_t i = 0; i < 2 * sizeof logins / sizeof logins[0]; i++) {
        enum nacre_role role = (enum nacre_role)(i % 2);
        const char *title = logins[i / 2].title;
        struct pair p;

        prepare(&p, role);
        logins[i / 2].configure(&p);
        pair_start(&p);
        pair_run(&p);
        save_recordings(title, FROM_LOGIN);
        save_recording(role == NACRE_SERVER ? "server_kex" : "client_kex", title,
                       &recordings[role][FROM_KEXINIT]);
        pair_clear(&p);
    }
}

static void use_shell(struct pair *p, struct nacre_channel *ch)
{
    require(nacre_channel_pty(ch, "xterm", 80, 24) && nacre_channel_env(ch, "LANG", "C"));
    require(nacre_channel_shell(ch) == NACRE_SEND_DONE);
    pair_run(p);
    require(nacre_channel_write(ch, "hello", 5) == 5);
    require(nacre_channel_window_change(ch, 100, 30) && nacre_channel_signal(ch, "INT"));
    pair_run(p);
    nacre_channel_eof(ch);
}

static void use_rekey(struct pair *p, struct nacre_channel *ch)
{
    require(nacre_channel_exec(ch, "cat") == NACRE_SEND_DONE);
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
    uint8_t data[NACRE_TARGET_MAX];
    size_t len = nacre_target_write("direct-tcpip", "localhost", 22, "localhost", 1234, data);

    require(nacre_channel_subsystem(ch, "sftp") == NACRE_SEND_DONE);
    require(nacre_session_forward(p->client.session, "localhost", 0, false) == NACRE_SEND_DONE);
    require(nacre_session_forward_socket(p->client.session, "/tmp/socket", true) ==
            NACRE_SEND_DONE);
    require(nacre_session_global_request(p->client.session, "no-more-sessions@openssh.com", true,
                                         NULL, 0) == NACRE_SEND_DONE);
    (void)nacre_session_open_channel(p->client.session, "direct-tcpip", &p->client_app, NULL, data,
                                     len);
    pair_run(p);
    nacre_session_disconnect(p->client.session, NACRE_SHUTTING_DOWN, "bye");
}

static void use_prove(struct pair *p, struct nacre_channel *ch)
{
    uint8_t data[256];
    struct writer w = write_to(data, sizeof data);

    write_string(&w, private_key_blob(&p->host_key));
    require(nacre_session_global_request(p->client.session, "hostkeys-prove-00@openssh.com", true,
                                         w.start, written(&w)) == NACRE_SEND_DONE);
    pair_run(p);
    nacre_channel_close(ch);
}

/* Requests from each end: RFC 4254 sections 6.7 to 6.10, RFC 4335. */
static enum nacre_answer ask_back(struct nacre_channel *ch, const struct nacre_request *request)
{
    static const uint8_t on[] = {1};

    if (request->kind != NACRE_REQUEST_SHELL)
        return NACRE_GRANT;
    (void)nacre_channel_request(ch, "xon-xoff", false, on, sizeof on);
    (void)nacre_channel_request(ch, "eow@openssh.com", false, NULL, 0);
    nacre_channel_exit_signal(ch, "TERM", false);
    return NACRE_GRANT;
}

static void use_requests(struct pair *p, struct nacre_channel *ch)
{
    static const uint8_t length[] = {0, 0, 1, 0};

    p->server_app.request = ask_back;
    require(nacre_channel_request(ch, "break", true, length, sizeof length) == NACRE_SEND_DONE);
    require(nacre_channel_request(ch, "eow@openssh.com", false, NULL, 0) == NACRE_SEND_DONE);
    require(nacre_channel_request(ch, "unheard@of", true, "data", 4) == NACRE_SEND_DONE);
    require(nacre_channel_shell(ch) == NACRE_SEND_DONE);
    pair_run(p);
    nacre_channel_close(ch);
}

static enum nacre_answer end_at_once(struct nacre_channel *ch, const struct nacre_request *request)
{
    (void)request;
    nacre_channel_exit_status(ch, 1);
    nacre_channel_close(ch);
    return NACRE_GRANT;
}

static void use_exec(struct pair *p, struct nacre_channel *ch)
{
    p->server_app.request = end_at_once;
    require(nacre_channel_exec(ch, "false") == NACRE_SEND_DONE);
}

/* Enough data for a window adjust, and for a window that grows. */
static void use_bulk(struct pair *p, struct nacre_channel *ch)
{
    static const uint8_t zeros[22 * 1024];

    for (int i = 0; i < 3; i++) {
        require(nacre_channel_write(ch, zeros, sizeof zeros) == sizeof zeros);
        pair_run(p);
    }
}

static const struct {
    const char *title;
    void (*use)(struct pair *p, struct nacre_channel *ch);
} uses[] = {{"shell", use_shell},      {"rekey", use_rekey}, {"forwards", use_forwards},
            {"prove", use_prove},      {"exec", use_exec},   {"bulk", use_bulk},
            {"requests", use_requests}};

static void save_uses(void)
{
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        struct pair p;

        prepare(&p, NACRE_SERVER);
        pair_start(&p);
        uses[i].use(&p, pair_open(&p));
        pair_run(&p);
        save_recordings(uses[i].title, FROM_CONNECTION);
        pair_clear(&p);
    }
}

/* ---- files and fields ---- */

/* The public key that the fuzzers look for. */
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
    {"config", "plain", "# all\nListenAddress [::]:22\nHostKey=\"a key\" # more\nUser 'x'\n"},
    {"config", "words",
     "Command sh -c \"a \\\"b\\\" \\\\\" c\\ d\nPerSourcePenalties authfail:1 noauth:2\n"
     "RekeyLimit\t1G 1h\r\n"},
    {"config", "bad", "Portt 22\nHostKey\nUser a b\nUser \"a\nInclude x\nExec==\n"},
    {"authorized_options", "flags", "restrict,pty,no-X11-forwarding,user-rc,no-touch-required"},
    {"authorized_options", "command",
     "command=\"echo \\\"hi\\\", you\",environment=\"A=b\",environment=\"B=\""},
    {"authorized_options", "addresses",
     "from=\"192.0.2.0/24,!192.0.2.7,2001:db8::/32,*.example,1?.*\""},
    {"authorized_options", "address", "from=\"!2001:0db8::1,192.0.2.1\""},
    {"authorized_options", "until", "expiry-time=\"20400101\""},
    {"authorized_options", "until-utc", "expiry-time=\"204001012359Z\""},
    {"authorized_options", "until-second", "expiry-time=\"20200229235959UTC\""},
    {"authorized_options", "ports",
     "permitopen=\"localhost:80\",permitopen=\"[::1]:*\",permitlisten=\"8080\",permitlisten=\"*:"
     "1\""},
    {"authorized_options", "tunnel", "tunnel=\"0\",no-pty"},
    {"authorized_options", "unsupported", "cert-authority,principals=\"a,b\""},
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
    {"proxy_header", "line", "PROXY TCP4 192.0.2.1 198.51.100.1 51234 22\r\nSSH-2.0-x\r\n"},
    {"proxy_header", "line-ipv6", "PROXY TCP6 2001:db8::1 ::1 51234 22\r\n"},
    {"proxy_header", "unknown", "PROXY UNKNOWN\r\n"},
};

/* Two correct packets and a wrong one for each cipher and MAC: see fuzz_packet.c. */
static void save_packets(void)
{
    enum { CIPHERS = 7, MACS = 6, LEN = 31 + 4 };
    uint8_t out[2 + 3 * (4 + LEN)];

    for (unsigned cipher = 0; cipher < CIPHERS; cipher++)
        for (unsigned mac = 0; mac < MACS; mac++) {
            struct writer w = write_to(out, sizeof out);
            char title[32];

            write_u8(&w, (uint8_t)cipher);
            write_u8(&w, (uint8_t)mac);
            for (uint8_t i = 0; i < 3; i++) {
                bool etm = mac < 2 || mac == 4;
                bool length_sealed = cipher == CIPHERS - 1 || (cipher >= 3 && !etm);
                uint8_t len = length_sealed ? LEN - 8 : LEN - 4; /* whole blocks of 16 bytes */

                write_u8(&w, i == 2 ? 5 : 0);
                write_u8(&w, (uint8_t)(4 + 4 * i));
                write_u8(&w, 0);
                write_u8(&w, len);
                for (uint8_t at = 0; at < len; at++)
                    write_u8(&w, at);
            }
            (void)snprintf(title, sizeof title, "cipher-%u-mac-%u", cipher, mac);
            save("packet", title, w.start, written(&w));
        }
}

static void save_fields(void)
{
    static const uint8_t modes[] = {1, 0, 0, 0, 3, 53, 0, 0, 0, 1, 128, 0, 0, 0x96, 0, 0};
    static const uint8_t wire[] = {7, 0, 1,    2, 3, 4, 5, 6,   9,   0,   0,   0,   1,  0, 0,
                                   0, 0, 0,    0, 0, 2, 0, 0,   0,   2,   'h', 'i', 0,  0, 0,
                                   2, 0, 0x80, 0, 0, 0, 3, 'a', ',', 'b', 'x', 'y', 'z'};

    save("terminal_modes", "three", modes, sizeof modes);
    save("wire", "each", wire, sizeof wire);
    save_packets();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        save_text(texts[i].corpus, texts[i].title, texts[i].text);
}

/* tests/support/pair.c needs Check. */
START_TEST(write_all)
{
    save_exchanges();
    save_logins();
    save_uses();
    save_keys();
    save_messages();
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
    save_below(argv[1]);
    tcase_add_test(t, write_all);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_set_fork_status(r, CK_NOFORK);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
