/* Vulnerabilities of other SSH programs, tried on nacre. Each test begins with the number of the
 * report. Some are tested elsewhere: a user name that changes between two steps of a login and a
 * key that was queried but not proved (tests/auth), biased nonces, CVE-2024-31497
 * (tests/crypto/ecdsa.c), padding and lengths of packets (tests/transport/packet.c). CVE-2024-6387,
 * regreSSHion, does not apply: the login timeout is a timer of the event loop, and the programs'
 * signal handlers only call nacre_server_stop, which sets a flag and writes. */
#include "auth/reply.h"
#include "connection/parts.h"
#include "tests/support/loop_transport.h"
#include "tests/support/script_peer.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <stdlib.h>

static struct scripted s;
static struct loop loop;
static struct loop_end real;
static struct script script;

static void expect_ended(enum nacre_cause cause)
{
    ck_assert(s.real->ended);
    ck_assert_int_eq(s.real->why.cause, cause);
}

/* ---- between the two ---- */

static const uint8_t ignore[] = {0, 0, 0, 12, 6, SSH_MSG_IGNORE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

/* Deliver the output of `from` to `to`. Chunk `at` (counted down) gets an unencrypted message in
 * front, after the identification if it is the first chunk. */
static bool carry(struct loop_end *from, struct loop_end *to, int *at)
{
    struct bytes output = transport_output(&from->transport);
    uint8_t load[8192];
    size_t head = 0, n = 0;

    if (output.len == 0)
        return false;
    ck_assert_uint_lt(output.len, sizeof load - sizeof ignore);
    if (memcmp(output.at, "SSH-", 4) == 0)
        head = (size_t)((const uint8_t *)memchr(output.at, '\n', output.len) - output.at) + 1;
    memcpy(load, output.at, head);
    n = head;
    if ((*at)-- == 0) {
        memcpy(load + n, ignore, sizeof ignore);
        n += sizeof ignore;
    }
    memcpy(load + n, output.at + head, output.len - head);
    n += output.len - head;
    transport_sent(&from->transport, output.len);
    loop_end_receive(to, (struct bytes){load, n}, 0);
    return true;
}

/* CVE-2023-48795, Terrapin: a message inserted before NEWKEYS shifts the sequence numbers, so that
 * the first encrypted message can be removed unnoticed. _i: the victim, and where. */
START_TEST(a_message_inserted_into_the_handshake_ends_the_session)
{
    enum nacre_role victim = _i % 2 == 0 ? NACRE_CLIENT : NACRE_SERVER;
    int never = -1, at = _i / 2;
    bool moved = true;

    loop_open(&loop);
    loop_start(&loop);
    while (moved) {
        moved = carry(&loop.client, &loop.server, victim == NACRE_SERVER ? &at : &never);
        moved = carry(&loop.server, &loop.client, victim == NACRE_CLIENT ? &at : &never) || moved;
    }
    ck_assert_int_lt(at, 0); /* it was inserted */
    ck_assert(
        transport_ended(victim == NACRE_CLIENT ? &loop.client.transport : &loop.server.transport));
    ck_assert(!loop.client.started[SERVICE_AUTH]);
    loop_close(&loop);
}
END_TEST

/* The same without an inserted message: both reach authentication. */
START_TEST(a_handshake_without_an_inserted_message_succeeds)
{
    int never = -1;

    loop_open(&loop);
    loop_start(&loop);
    while (carry(&loop.client, &loop.server, &never) || carry(&loop.server, &loop.client, &never))
        ;
    ck_assert(loop.client.started[SERVICE_AUTH] && loop.server.started[SERVICE_AUTH]);
    loop_close(&loop);
}
END_TEST

/* CVE-2023-46445 and -46446, AsyncSSH: EXT_INFO and USERAUTH_REQUEST were accepted unencrypted.
 * Here also without strict key exchange. */
START_TEST(only_the_key_exchange_is_accepted_unencrypted)
{
    static const uint8_t messages[][2] = {
        {SSH_MSG_EXT_INFO, NACRE_CLIENT},         {SSH_MSG_EXT_INFO, NACRE_SERVER},
        {SSH_MSG_USERAUTH_REQUEST, NACRE_SERVER}, {SSH_MSG_USERAUTH_SUCCESS, NACRE_CLIENT},
        {SSH_MSG_SERVICE_REQUEST, NACRE_SERVER},  {SSH_MSG_SERVICE_ACCEPT, NACRE_CLIENT}};
    enum nacre_role role = (enum nacre_role)messages[_i][1];

    script_meet(&script, &real, role, false);
    script_pump(&script, &real);
    script_kexinit(&script, NULL);
    script_text(&script, messages[_i][0], "ssh-userauth");
    script_pump(&script, &real);
    (void)script_expect(&script, &real, SSH_MSG_KEXINIT);
    if (role == NACRE_CLIENT)
        (void)script_expect(&script, &real, SSH_MSG_KEX_ECDH_INIT);
    script_expect_disconnect(&script, &real, SSH_DISCONNECT_PROTOCOL_ERROR);
    ck_assert(!real.started[SERVICE_AUTH]);
    script_part(&script, &real);
}
END_TEST

/* CVE-2025-26465, OpenSSH: when memory ran out at the right moment, a client accepted a host key
 * that it should have refused. */
START_TEST(a_lack_of_memory_never_makes_a_host_key_known)
{
    bool done = false;

    for (size_t n = 1; !done; n++) {
        loop_open(&loop);
        loop.client.host_key_is_known = false;
        loop.client.fail_at = n;
        ck_assert(loop_end_start(&loop.server));
        if (loop_end_start(&loop.client)) {
            loop_run(&loop);
            ck_assert(transport_ended(&loop.client.transport));
            ck_assert(!loop.client.started[SERVICE_AUTH]);
            ck_assert_uint_eq(loop_end_count(&loop.client, NACRE_SENT, SSH_MSG_NEWKEYS), 0);
            done = loop.client.allocations < n;
        }
        loop_close(&loop);
        ck_assert_uint_lt(n, 1000);
    }
}
END_TEST

/* ---- before the login ---- */

/* CVE-2018-10933, libssh: a client that sent USERAUTH_SUCCESS was logged in. */
START_TEST(a_client_cannot_declare_itself_logged_in)
{
    scripted_init(&s, NACRE_SERVER);
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 0, 1000, 1000);
    scripted_expect(&s, "disconnect 2;");
    expect_ended(NACRE_PROTOCOL_ERROR);
    ck_assert(!s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

/* CVE-2025-32433, Erlang/OTP: clients could open channels and run commands before the login. */
START_TEST(connection_messages_are_refused_before_the_login)
{
    static const uint8_t numbers[] = {80, 81, 82, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100};

    for (size_t i = 0; i < sizeof numbers; i++) {
        scripted_init(&s, NACRE_SERVER);
        scripted_start(&s);
        if (numbers[i] == SSH_MSG_CHANNEL_OPEN)
            scripted_send(&s, numbers[i], "suuu", "session", 0, 1000, 1000);
        else
            scripted_send(&s, numbers[i], "us?s", 0, "exec", 1, "id");
        scripted_expect(&s, "disconnect 2;");
        scripted_told(&s, "");
        scripted_clear(&s);
    }
}
END_TEST

static unsigned asked;

static void count_interactive(void *context, struct nacre_decision *d, const char *user,
                              const char *const *responses, size_t count)
{
    (void)context;
    (void)user;
    (void)responses;
    (void)count;
    asked++;
    nacre_decide(d, false);
}

/* CVE-2015-5600, OpenSSH: one request with a long list of devices allowed as many attempts. */
START_TEST(a_list_of_submethods_is_one_attempt)
{
    char submethods[30000] = "";

    for (size_t at = 0; at + 4 < sizeof submethods; at += 4)
        memcpy(submethods + at, "pam,", 4);
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.interactive = count_interactive;
    scripted_start(&s);
    asked = 0;
    for (int i = 0; i < 100 && !s.real->ended; i++) {
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sssss", "alice", "ssh-connection",
                      "keyboard-interactive", "", submethods);
        scripted_run(&s);
    }
    expect_ended(NACRE_AUTH_FAILED);
    ck_assert_uint_eq(asked, AUTH_FAILURES_MAX);
    scripted_clear(&s);
}
END_TEST

/* CVE-2018-15473, OpenSSH: a malformed request got a different answer if the user existed. Here the
 * answers are the same, and the policy is not asked. */
START_TEST(a_malformed_request_reveals_nothing_about_the_user)
{
    static const char *const users[] = {"alice", "nobody"};

    for (int i = 0; i < 2; i++) {
        struct bytes blob;

        scripted_init(&s, NACRE_SERVER);
        blob = private_key_blob(&s.pair.user_key);
        scripted_start(&s);
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sS", users[i], "ssh-connection",
                      "publickey", 1, "ssh-ed25519", blob.at, blob.len); /* no signature */
        scripted_expect(&s, "disconnect 2;");
        scripted_told(&s, "");
        scripted_clear(&s);
    }
}
END_TEST

static void count_password(void *context, struct nacre_decision *d, const char *user,
                           const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    asked++;
    nacre_decide(d, false);
}

/* CVE-2016-6210 and CVE-2016-6515, OpenSSH: hashing a very long password took long, and was done
 * only if the user existed. */
START_TEST(a_very_long_password_is_never_hashed)
{
    static const char *const users[] = {"alice", "nobody"};
    static char password[25000];

    memset(password, 'a', sizeof password - 1);
    for (int i = 0; i < 2; i++) {
        scripted_init(&s, NACRE_SERVER);
        s.pair.policy.password = count_password;
        scripted_start(&s);
        asked = 0;
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?s", users[i], "ssh-connection", "password",
                      0, password);
        scripted_expect(&s, "auth-failure publickey,password;");
        ck_assert_uint_eq(asked, 0);
        scripted_clear(&s);
    }
}
END_TEST

/* The last key that the policy was asked about. */
static uint8_t last_key[KEY_BLOB_MAX];
static size_t last_key_len;
static bool right_key;

static void remember_key(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    (void)context;
    (void)user;
    memcpy(last_key, offer->key, offer->key_len);
    last_key_len = offer->key_len;
    nacre_decide(d, true);
}

static void look_at_key(void *context, const char *user, const char *method, bool granted)
{
    const struct end *e = context;
    struct bytes blob = private_key_blob(&e->pair->user_key);

    (void)user;
    ck_assert_str_eq(method, "publickey");
    ck_assert(granted);
    right_key = bytes_equal((struct bytes){last_key, last_key_len}, blob);
}

static void send_key(const struct nacre_key *key, bool proof)
{
    struct bytes blob = private_key_blob(key);
    uint8_t data[1024], signature[256];
    struct writer d = write_to(data, sizeof data), w = write_to(signature, sizeof signature);

    write_string(&d, transport_session_id(&s.t));
    write_u8(&d, SSH_MSG_USERAUTH_REQUEST);
    write_text(&d, "alice");
    write_text(&d, "ssh-connection");
    write_text(&d, "publickey");
    write_bool(&d, true);
    write_text(&d, "ssh-ed25519");
    write_string(&d, blob);
    ck_assert(key_sign(key, &signature_ed25519, written_bytes(&d), &w));
    if (proof)
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sSS", "alice", "ssh-connection",
                      "publickey", 1, "ssh-ed25519", blob.at, blob.len, w.start, written(&w));
    else
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice", "ssh-connection",
                      "publickey", 0, "ssh-ed25519", blob.at, blob.len);
}

/* CVE-2024-45337, Go: applications took the last key that was queried for the one that was proved.
 * Here these two are the same, in whatever order the client queries. */
START_TEST(the_key_that_is_proved_is_the_last_one_the_policy_was_asked_about)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.publickey = remember_key;
    s.pair.policy.attempted = look_at_key;
    scripted_start(&s);
    right_key = false;
    send_key(&s.pair.user_key, false);
    send_key(&s.pair.other_key, false);
    send_key(&s.pair.user_key, true);
    send_key(&s.pair.other_key, false);
    scripted_run(&s);
    ck_assert(s.real->authenticated);
    ck_assert(right_key);
    ck_assert(
        bytes_equal((struct bytes){last_key, last_key_len}, private_key_blob(&s.pair.user_key)));
    scripted_clear(&s);
}
END_TEST

/* CVE-2025-26466, OpenSSH: each PING from a peer that did not read left a PONG in memory, even
 * before the login. _i: 0 before it, 1 after it, where input waits, 2: answers that do not fit end
 * the session. */
START_TEST(endless_pings_use_no_memory)
{
    static char data[16 * 1024];
    size_t before;

    memset(data, 'a', _i == 1 ? 4 * 1024 : sizeof data - 1);
    scripted_init(&s, NACRE_SERVER);
    if (_i == 0)
        scripted_start(&s);
    else
        scripted_login(&s);
    before = nacre_endpoint_memory_in_use(s.real->endpoint);
    s.reads = false;
    for (int i = 0; i < (_i == 1 ? 60 : 500) && !s.real->ended; i++) {
        scripted_send(&s, SSH_MSG_PING, "s", data);
        scripted_run(&s);
        ck_assert_uint_lt(nacre_endpoint_memory_in_use(s.real->endpoint), before + 4 * BLOCK_LARGE);
    }
    ck_assert_int_eq(s.real->ended, _i == 2);
    s.reads = true;
    scripted_run(&s);
    if (_i == 0)
        ck_assert_str_eq(s.log, "");
    else if (_i == 2)
        ck_assert_str_eq(s.real->why.text, "PING: too many wait for an answer");
    scripted_clear(&s);
}
END_TEST

/* ---- lengths that are not true, CVE-2019-3855 to -3863 and CVE-2019-17498, libssh2 ---- */

START_TEST(a_false_length_reads_nothing)
{
    struct nacre_channel *ch;

    scripted_init(&s, NACRE_CLIENT);
    scripted_login(&s);
    ch = scripted_opened(&s, 7, 100000, 32768);
    s.real->log[0] = s.log[0] = 0;
    switch (_i) {
    case 0: /* exit-signal of 2^32 - 1 bytes */
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?u", nacre_channel_id(ch), "exit-signal", 0,
                      UINT32_MAX);
        scripted_told(&s, "");
        break;
    case 1: /* exit-status that is missing */
        scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", nacre_channel_id(ch), "exit-status", 0);
        scripted_told(&s, "");
        break;
    case 2:
        scripted_send(&s, SSH_MSG_CHANNEL_DATA, "uux", nacre_channel_id(ch), UINT32_MAX, "abc",
                      (size_t)3);
        scripted_run(&s);
        expect_ended(NACRE_PROTOCOL_ERROR);
        break;
    case 3:
        scripted_send(&s, SSH_MSG_CHANNEL_EXTENDED_DATA, "uuu", nacre_channel_id(ch), 1,
                      UINT32_MAX - 4);
        scripted_run(&s);
        expect_ended(NACRE_PROTOCOL_ERROR);
        break;
    default: /* DISCONNECT with a description of 2^32 - 1 bytes */
        scripted_send(&s, SSH_MSG_DISCONNECT, "uu", 11, UINT32_MAX);
        scripted_run(&s);
        expect_ended(NACRE_DISCONNECTED);
        ck_assert_str_eq(s.real->why_text, "");
    }
    scripted_clear(&s);
}
END_TEST

/* CVE-2016-7406, Dropbear: a user name was used as a format string. */
START_TEST(a_user_name_is_not_a_format_string)
{
    scripted_init(&s, NACRE_SERVER);
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?s", "%n%s%s%n", "ssh-connection", "password",
                  0, "%n%s");
    scripted_expect(&s, "auth-failure publickey,password;");
    ck_assert_str_eq(nacre_session_user(s.real->session), "%n%s%s%n");
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_message_inserted_into_the_handshake_ends_the_session, 0, 6);
    add_test(suite, a_handshake_without_an_inserted_message_succeeds);
    add_loop(suite, only_the_key_exchange_is_accepted_unencrypted, 0, 6);
    add_test(suite, a_lack_of_memory_never_makes_a_host_key_known);
    add_test(suite, a_client_cannot_declare_itself_logged_in);
    add_test(suite, connection_messages_are_refused_before_the_login);
    add_test(suite, a_list_of_submethods_is_one_attempt);
    add_test(suite, a_malformed_request_reveals_nothing_about_the_user);
    add_test(suite, a_very_long_password_is_never_hashed);
    add_test(suite, the_key_that_is_proved_is_the_last_one_the_policy_was_asked_about);
    add_loop(suite, endless_pings_use_no_memory, 0, 3);
    add_loop(suite, a_false_length_reads_nothing, 0, 5);
    add_test(suite, a_user_name_is_not_a_format_string);
}
