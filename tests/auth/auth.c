/* Authentication, each side against a script. RFC 4252; numbers in brackets are requirement ids. */
#include "auth/auth.h"
#include "tests/support/scripted.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHODS "publickey,password"
#define BOUND "publickey-hostbound-v00@openssh.com" /* what our client uses with our server */

static struct scripted s;

static void note_attempt(void *context, const char *user, const char *method, bool granted)
{
    end_note(context, "%s %s %s;", granted ? "granted" : "refused", user, method);
}

static void server_start(void)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = note_attempt;
    scripted_start(&s);
}

static void client_start(void)
{
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.keys = s.pair.user_keys;
    s.pair.client_config.key_count = 1;
    scripted_start(&s);
}

static void expect_ended(enum nacre_cause cause, uint32_t code)
{
    ck_assert(s.real->ended);
    ck_assert_int_eq(s.real->why.cause, cause);
    ck_assert_uint_eq(s.real->why.code, code);
}

static void send_password(const char *user, const char *password)
{
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?s", user, "ssh-connection", "password", 0,
                  password);
}

static void send_none(void)
{
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss", "alice", "ssh-connection", "none");
}

static void send_query(const struct nacre_key *key)
{
    struct bytes blob = private_key_blob(key);

    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice", "ssh-connection", "publickey", 0,
                  "ssh-ed25519", blob.at, blob.len);
}

/* ---- a proof, of which each part can be wrong ---- */

struct proof {
    const char *user, *service, *algorithm; /* in the request */
    const char *signed_user, *signed_service, *signed_method, *signed_algorithm;
    int signed_number, signed_bool;
    const struct nacre_key *key, *signed_key, *signing_key;
    const char *signature_name;
    bool other_session;
    int flip;                                           /* bit of the signature, or -1 */
    const struct nacre_key *host_key, *signed_host_key; /* of the host-bound form, or NULL */
};

static struct proof right_proof(void)
{
    const struct nacre_key *key = &s.pair.user_key;

    return (struct proof){
        .user = "alice",
        .service = "ssh-connection",
        .algorithm = "ssh-ed25519",
        .signed_user = "alice",
        .signed_service = "ssh-connection",
        .signed_method = "publickey",
        .signed_algorithm = "ssh-ed25519",
        .signed_number = SSH_MSG_USERAUTH_REQUEST,
        .signed_bool = 1,
        .key = key,
        .signed_key = key,
        .signing_key = key,
        .signature_name = "ssh-ed25519",
        .flip = -1,
    };
}

/* The signature blob of RFC 8709 section 6 over what RFC 4252 section 7 says. */
static size_t sign(const struct proof *p, uint8_t *out, size_t room)
{
    uint8_t data[1024], session_id[SESSION_ID_MAX], blob[256];
    struct bytes id = transport_session_id(&s.t);
    struct writer to_sign = write_to(data, sizeof data);
    struct writer signature = write_to(blob, sizeof blob);
    struct writer w = write_to(out, room);
    struct reader r;
    struct bytes bare;

    memcpy(session_id, id.at, id.len);
    session_id[id.len - 1] ^= p->other_session ? 1 : 0;
    write_string(&to_sign, (struct bytes){session_id, id.len});
    write_u8(&to_sign, (uint8_t)p->signed_number);
    write_text(&to_sign, p->signed_user);
    write_text(&to_sign, p->signed_service);
    write_text(&to_sign, p->signed_method);
    write_bool(&to_sign, p->signed_bool != 0);
    write_text(&to_sign, p->signed_algorithm);
    write_string(&to_sign, private_key_blob(p->signed_key));
    if (p->signed_host_key != NULL)
        write_string(&to_sign, private_key_blob(p->signed_host_key));
    ck_assert(key_sign(p->signing_key, &signature_ed25519, written_bytes(&to_sign), &signature));
    r = read_from(written_bytes(&signature));
    (void)read_string(&r);
    bare = read_string(&r);
    if (p->flip >= 0)
        blob[(size_t)(bare.at - blob) + (size_t)p->flip / 8] ^= (uint8_t)(1 << p->flip % 8);
    write_text(&w, p->signature_name);
    write_string(&w, bare);
    ck_assert(!to_sign.bad && !w.bad);
    return written(&w);
}

static void send_proof(const struct proof *p)
{
    uint8_t signature[256];
    size_t len = sign(p, signature, sizeof signature);
    struct bytes blob = private_key_blob(p->key);

    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sSS", p->user, p->service, "publickey", 1,
                  p->algorithm, blob.at, blob.len, signature, len);
}

/* ---- server: malformed requests ---- */

enum form { NONE, PASSWORD, CHANGE, QUERY, PROOF, FORMS };

static size_t encode(enum form form, uint8_t *out, size_t room)
{
    struct bytes blob = private_key_blob(&s.pair.user_key);
    struct proof proof = right_proof();
    uint8_t signature[256];
    size_t signature_len;

    switch (form) {
    case NONE:
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss", "alice",
                               "ssh-connection", "none");
    case PASSWORD:
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss?s", "alice",
                               "ssh-connection", "password", 0, "secret");
    case CHANGE:
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss?ss", "alice",
                               "ssh-connection", "password", 1, "secret", "new");
    case QUERY:
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice",
                               "ssh-connection", "publickey", 0, "ssh-ed25519", blob.at, blob.len);
    default:
        signature_len = sign(&proof, signature, sizeof signature);
        return scripted_encode(out, room, SSH_MSG_USERAUTH_REQUEST, "sss?sSS", "alice",
                               "ssh-connection", "publickey", 1, "ssh-ed25519", blob.at, blob.len,
                               signature, signature_len);
    }
}

/* Sections 5, 5.2, 7 and 8 */
START_TEST(a_request_that_ends_early_or_late_disconnects)
{
    uint8_t message[1024];
    size_t len;

    server_start();
    len = encode((enum form)_i, message, sizeof message - 1);
    scripted_clear(&s);
    for (size_t n = 1; n <= len + 1; n++) {
        if (n == len)
            continue;
        server_start();
        (void)encode((enum form)_i, message, sizeof message - 1); /* signed for this session */
        message[len] = 0;
        scripted_send_bytes(&s, message, n);
        scripted_expect(&s, "disconnect 2;");
        expect_ended(NACRE_PROTOCOL_ERROR, SSH_DISCONNECT_PROTOCOL_ERROR);
        ck_assert(!s.real->authenticated);
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(a_string_longer_than_its_message_disconnects)
{
    static const uint32_t lengths[] = {0x7fffffff, 0x80000000, 0xffffffff, 64};

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        server_start();
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "ux", lengths[i], "alice", (size_t)5);
        scripted_expect(&s, "disconnect 2;");
        scripted_clear(&s);
    }
}
END_TEST

/* ---- server: refusals ---- */

/* [4252/4/1, 4/2] */
START_TEST(none_is_refused_and_never_listed)
{
    server_start();
    send_none();
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, ""); /* it asks what there is; no attempt */
    scripted_clear(&s);
}
END_TEST

/* [4252/5/2, 5/3, 5/5, 7/8, 8/6, 8/7, 9/2] */
START_TEST(a_request_that_cannot_be_granted_is_refused_and_the_session_lives)
{
    static char long_user[NACRE_USER_MAX + 2], long_password[30001];
    const struct {
        const char *user, *service, *method, *password, *told;
        size_t password_len;
    } rows[] = {
        {"alice", "ssh-connection", "password", "wrong", "refused alice password;", 5},
        {"alice", "ssh-connection", "password", "", "refused alice password;", 0},
        {"alice", "ssh-connection", "password", "secret\0", "refused alice password;", 7},
        {"alice", "ssh-connection", "password", long_password, "refused alice password;", 1024},
        {"alice", "ssh-connection", "password", long_password, "refused alice password;", 1025},
        {"alice", "ssh-connection", "password", long_password, "refused alice password;", 30000},
        {"bob", "ssh-connection", "password", "secret", "refused bob password;", 6},
        {"", "ssh-connection", "password", "secret", "refused  password;", 6},
        {long_user, "ssh-connection", "password", "secret", "refused  password;", 6},
        {"alice", "no-such@example.com", "password", "secret", "refused alice password;", 6},
        {"alice", "ssh-userauth", "password", "secret", "refused alice password;", 6},
        {"alice", "", "password", "secret", "refused alice password;", 6},
        {"alice", "ssh-connection", "foo@example.com", "secret", "refused alice unknown;", 6},
        {"alice", "ssh-connection", "", "secret", "refused alice unknown;", 6},
        {"alice", "ssh-connection", "hostbased", "secret", "refused alice unknown;", 6},
        {"alice", "ssh-connection", "PASSWORD", "secret", "refused alice unknown;", 6},
    };

    memset(long_user, 'u', sizeof long_user - 1);
    memset(long_password, 'p', sizeof long_password - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server_start();
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?S", rows[i].user, rows[i].service,
                      rows[i].method, 0, rows[i].password, rows[i].password_len);
        scripted_expect(&s, "auth-failure " METHODS ";");
        scripted_told(&s, rows[i].told);
        send_password("alice", "secret");
        scripted_expect(&s, "auth-success;");
        scripted_told(&s, "granted alice password;");
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(a_user_name_with_a_nul_is_not_cut_short)
{
    server_start();
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "Sss?s", "alice\0x", (size_t)7, "ssh-connection",
                  "password", 0, "secret");
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "refused  password;");
    scripted_clear(&s);
}
END_TEST

START_TEST(the_longest_user_name_and_password_arrive_whole)
{
    static char user[NACRE_USER_MAX + 1], password[NACRE_PASSWORD_MAX + 1];
    char told[400];

    memset(user, 'u', sizeof user - 1);
    memset(password, 'p', sizeof password - 1);
    server_start();
    send_password(user, password);
    scripted_expect(&s, "auth-failure " METHODS ";");
    (void)snprintf(told, sizeof told, "refused %s password;", user);
    scripted_told(&s, told);
    scripted_clear(&s);
}
END_TEST

/* [4252/8/6] */
START_TEST(a_password_change_is_refused)
{
    server_start();
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?ss", "alice", "ssh-connection", "password", 1,
                  "secret", "new");
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "refused alice password;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_method_without_a_decider_is_neither_listed_nor_granted)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = NULL;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "auth-failure publickey;");
    scripted_clear(&s);

    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.publickey = NULL;
    scripted_start(&s);
    send_query(&s.pair.user_key);
    scripted_expect(&s, "auth-failure password;");
    scripted_clear(&s);

    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.auth = NULL;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "auth-failure ;");
    scripted_clear(&s);
}
END_TEST

/* [4252/6/3] RFC 4250 section 4.1.2: 60 to 79 belong to the method under way */
START_TEST(messages_that_a_server_sends_do_not_log_in_a_client)
{
    static const struct {
        uint8_t number;
        const char *answer;
    } rows[] = {
        {SSH_MSG_USERAUTH_FAILURE, "disconnect 2;"},
        {SSH_MSG_USERAUTH_SUCCESS, "disconnect 2;"},
        {SSH_MSG_USERAUTH_BANNER, "disconnect 2;"},
        {SSH_MSG_USERAUTH_PK_OK, "disconnect 2;"},
        {SSH_MSG_USERAUTH_INFO_RESPONSE, "disconnect 2;"},
        {79, "unimplemented;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server_start();
        scripted_send(&s, rows[i].number, "");
        scripted_expect(&s, rows[i].answer);
        ck_assert(!s.real->authenticated);
        scripted_clear(&s);
    }
}
END_TEST

/* [4252/6/1] */
START_TEST(connection_messages_before_the_login_disconnect)
{
    static const struct {
        uint8_t number;
        const char *fields, *text;
    } rows[] = {
        {SSH_MSG_GLOBAL_REQUEST, "s?", "keepalive@openssh.com"},
        {SSH_MSG_CHANNEL_OPEN, "suuu", "session"},
        {SSH_MSG_CHANNEL_DATA, "us", ""},
        {SSH_MSG_CHANNEL_REQUEST, "us?", ""},
        {SSH_MSG_CHANNEL_CLOSE, "u", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        server_start();
        if (rows[i].fields[0] == 's')
            scripted_send(&s, rows[i].number, rows[i].fields, rows[i].text, 1, 1, 1);
        else
            scripted_send(&s, rows[i].number, rows[i].fields, 0, "x", 1);
        scripted_expect(&s, "disconnect 2;");
        scripted_told(&s, "");
        scripted_clear(&s);
    }
}
END_TEST

/* [4252/7/4] */
START_TEST(a_query_that_is_answered_well_has_not_logged_in)
{
    server_start();
    send_query(&s.pair.user_key);
    scripted_expect(&s, "pk-ok;");
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 0, 1000, 1000);
    scripted_expect(&s, "disconnect 2;");
    scripted_told(&s, "");
    scripted_clear(&s);
}
END_TEST

/* ---- server: keys ---- */

/* [4252/7/3] */
START_TEST(a_query_is_answered_with_the_algorithm_and_blob_as_they_came)
{
    uint8_t expected[256];
    struct bytes blob;
    size_t len;

    server_start();
    blob = private_key_blob(&s.pair.user_key);
    send_query(&s.pair.user_key);
    scripted_expect(&s, "pk-ok;");
    len = scripted_encode(expected, sizeof expected, SSH_MSG_USERAUTH_PK_OK, "sS", "ssh-ed25519",
                          blob.at, blob.len);
    ck_assert_uint_eq(s.last_len, len);
    ck_assert_mem_eq(s.last, expected, len);
    ck_assert(!s.real->authenticated);
    scripted_told(&s, "");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_key_of_an_algorithm_that_is_not_taken_is_refused)
{
    struct proof p;

    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.public_key = "rsa-sha2-512,ecdsa-sha2-nistp256";
    scripted_start(&s);
    send_query(&s.pair.user_key);
    scripted_expect(&s, "auth-failure " METHODS ";");
    p = right_proof();
    send_proof(&p);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_query_for_a_key_that_is_not_authorised_is_refused)
{
    server_start();
    send_query(&s.pair.other_key);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_clear(&s);
}
END_TEST

/* [4252/7/1, 7/7] */
START_TEST(a_proof_logs_in_with_and_without_a_query_before)
{
    struct proof p;

    server_start();
    if (_i == 1) {
        send_query(&s.pair.user_key);
        scripted_expect(&s, "pk-ok;");
    }
    p = right_proof();
    send_proof(&p);
    scripted_expect(&s, "auth-success;");
    ck_assert(s.real->authenticated);
    ck_assert_str_eq(nacre_session_user(s.real->session), "alice");
    scripted_told(&s, "granted alice publickey;");
    scripted_clear(&s);
}
END_TEST

static struct proof spoil(int how)
{
    struct proof p = right_proof();

    switch (how) {
    case 0:
        p.other_session = true;
        break;
    case 1:
        p.signed_user = "bob";
        break;
    case 2:
        p.signed_service = "ssh-userauth";
        break;
    case 3:
        p.signed_method = "password";
        break;
    case 4:
        p.signed_algorithm = "ssh-rsa";
        break;
    case 5:
        p.signed_number = 51;
        break;
    case 6:
        p.signed_bool = 0;
        break;
    case 7:
        p.signed_key = &s.pair.other_key;
        break;
    case 8:
        p.signing_key = &s.pair.other_key;
        break;
    case 9: /* rightly signed, but not a key of alice [4252/7/6] */
        p.key = p.signed_key = p.signing_key = &s.pair.other_key;
        break;
    case 10: /* [4252/7/10] */
        p.signature_name = "ssh-rsa";
        break;
    case 11:
        p.signature_name = "";
        break;
    case 12:
        p.algorithm = p.signed_algorithm = "ssh-foo@example.com";
        break;
    case 13: /* another kind of key than the blob is of */
        p.algorithm = p.signed_algorithm = "ecdsa-sha2-nistp256";
        break;
    case 14: /* her key, for a user that has none [4252/5/3] */
        p.user = p.signed_user = "bob";
        break;
    default:
        p.service = p.signed_service = "no-such@example.com";
        break;
    }
    return p;
}

/* [4252/7/5] */
START_TEST(a_proof_with_one_part_wrong_is_refused_and_the_right_one_is_still_taken)
{
    struct proof p;

    server_start();
    p = spoil(_i);
    send_proof(&p);
    scripted_expect(&s, "auth-failure " METHODS ";");
    ck_assert(!s.real->authenticated);
    p = right_proof();
    send_proof(&p);
    scripted_expect(&s, "auth-success;");
    scripted_clear(&s);
}
END_TEST

START_TEST(no_flipped_bit_in_the_signature_is_accepted)
{
    for (int bit = 0; bit < 512;) {
        server_start();
        for (int i = 0; i < 5 && bit < 512; i++, bit++) {
            struct proof p = right_proof();

            p.flip = bit;
            send_proof(&p);
            scripted_expect(&s, "auth-failure " METHODS ";");
        }
        ck_assert(!s.real->authenticated);
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(a_signature_blob_that_is_malformed_is_refused)
{
    uint8_t signature[256];
    size_t len;

    server_start();
    for (size_t n = 0; n < 120; n++) {
        struct proof p = right_proof();
        struct bytes blob = private_key_blob(p.key);

        len = sign(&p, signature, sizeof signature);
        signature[len] = 0;
        if (n == len || n > len + 1)
            continue;
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sSS", "alice", "ssh-connection",
                      "publickey", 1, "ssh-ed25519", blob.at, blob.len, signature, n);
        scripted_run(&s);
        ck_assert(!s.real->authenticated);
        if (!s.real->ended)
            continue;
        scripted_clear(&s);
        server_start();
    }
    scripted_clear(&s);
}
END_TEST

/* No length of blob reaches the policy as the right key, none crashes. */
START_TEST(a_key_blob_that_is_malformed_is_refused)
{
    for (size_t n = 0; n <= 52;) {
        server_start();
        for (int i = 0; i < 10 && n <= 52; i++, n++) {
            uint8_t blob[64] = {0};
            struct bytes right = private_key_blob(&s.pair.user_key);

            memcpy(blob, right.at, right.len);
            if (n == right.len)
                continue;
            scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice", "ssh-connection",
                          "publickey", 0, "ssh-ed25519", blob, n);
            scripted_expect(&s, "auth-failure " METHODS ";");
        }
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(a_key_blob_that_is_too_long_is_refused)
{
    static uint8_t blob[KEY_BLOB_MAX + 1] = {0,   0,   0,   11,  's', 's', 'h', '-',
                                             'e', 'd', '2', '5', '5', '1', '9'};

    server_start();
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice", "ssh-connection", "publickey", 0,
                  "ssh-ed25519", blob, sizeof blob);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_clear(&s);
}
END_TEST

/* [ossh/3.1/1] PROTOCOL section 3.1 */
START_TEST(a_host_bound_proof_logs_in_only_with_the_key_of_this_host)
{
    uint8_t signature[256];
    const struct nacre_key *keys[] = {&s.pair.host_key, &s.pair.other_key};

    for (int i = 0; i < 4; i++) {
        struct proof p;
        struct bytes blob, host;
        size_t len;

        server_start();
        p = right_proof();
        p.signed_method = BOUND;
        p.host_key = keys[i / 2];
        p.signed_host_key = keys[i % 2];
        len = sign(&p, signature, sizeof signature);
        blob = private_key_blob(p.key);
        host = private_key_blob(p.host_key);
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sSSS", "alice", "ssh-connection", BOUND, 1,
                      "ssh-ed25519", blob.at, blob.len, host.at, host.len, signature, len);
        scripted_expect(&s, i == 0 ? "auth-success;" : "auth-failure " METHODS ";");
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(a_host_bound_query_names_the_host)
{
    struct bytes blob, host;

    server_start();
    blob = private_key_blob(&s.pair.user_key);
    host = private_key_blob(_i == 0 ? &s.pair.host_key : &s.pair.other_key);
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sSS", "alice", "ssh-connection", BOUND, 0,
                  "ssh-ed25519", blob.at, blob.len, host.at, host.len);
    scripted_expect(&s, _i == 0 ? "pk-ok;" : "auth-failure " METHODS ";");
    ck_assert(!s.real->authenticated);
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice", "ssh-connection", BOUND, 0,
                  "ssh-ed25519", blob.at, blob.len);
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

/* [4252/7/11] */
START_TEST(a_proof_after_a_key_exchange_is_over_the_first_session_identifier)
{
    struct proof p;

    server_start();
    nacre_session_rekey(s.real->session);
    scripted_expect(&s, "");
    p = right_proof();
    send_proof(&p);
    scripted_expect(&s, "auth-success;");
    scripted_clear(&s);
}
END_TEST

/* ---- server: limits ---- */

static void send_bad_proof(void)
{
    struct proof p = right_proof();

    p.flip = 7;
    send_proof(&p);
}

static void send_bad_password(void)
{
    send_password("alice", "wrong");
}

static void send_unknown(void)
{
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss", "alice", "ssh-connection", "foo");
}

static void send_bad_query(void)
{
    send_query(&s.pair.other_key);
}

static void send_good_query(void)
{
    send_query(&s.pair.user_key);
}

/* [4252/4/4] */
START_TEST(too_many_requests_of_a_kind_end_the_session)
{
    static const struct {
        void (*send)(void);
        int last;
        const char *answer;
    } rows[] = {
        {send_bad_password, AUTH_FAILURES_MAX, "auth-failure " METHODS ";"},
        {send_bad_proof, AUTH_FAILURES_MAX, "auth-failure " METHODS ";"},
        {send_bad_query, AUTH_QUERIES_MAX, "auth-failure " METHODS ";"},
        {send_good_query, AUTH_QUERIES_MAX, "pk-ok;"},
        {send_none, AUTH_OTHERS_MAX, "auth-failure " METHODS ";"},
        {send_unknown, AUTH_OTHERS_MAX, "auth-failure " METHODS ";"},
    };

    ck_assert_int_eq(AUTH_QUERIES_MAX, 20);
    server_start();
    for (int i = 1; i < rows[_i].last; i++) {
        rows[_i].send();
        scripted_expect(&s, rows[_i].answer);
    }
    rows[_i].send();
    scripted_expect(&s, "disconnect 14;");
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    scripted_clear(&s);
}
END_TEST

START_TEST(failures_and_queries_are_counted_apart)
{
    server_start();
    for (int i = 1; i < AUTH_FAILURES_MAX; i++) {
        if (i % 2 == 0)
            send_bad_password();
        else
            send_bad_proof();
        scripted_expect(&s, "auth-failure " METHODS ";");
    }
    for (int i = 1; i < AUTH_QUERIES_MAX; i++)
        send_bad_query();
    for (int i = 1; i < AUTH_OTHERS_MAX; i++)
        send_none();
    scripted_run(&s);
    ck_assert(!s.real->ended);
    send_password("alice", "secret");
    scripted_run(&s);
    ck_assert(s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

START_TEST(the_last_failure_that_ends_it_may_be_of_either_kind)
{
    server_start();
    for (int i = 1; i < AUTH_FAILURES_MAX; i++)
        send_bad_password();
    send_bad_proof();
    send_password("alice", "secret"); /* too late */
    scripted_run(&s);
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    ck_assert(!s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

/* ---- server: order ---- */

/* [4252/5.1/4] */
START_TEST(requests_sent_ahead_are_answered_in_order)
{
    server_start();
    s.chunk = _i == 0 ? 0 : 1; /* whole, and a byte at a time */
    send_none();
    send_good_query();
    send_bad_password();
    send_bad_query();
    send_good_query();
    send_password("alice", "secret");
    scripted_expect(&s, "auth-failure " METHODS ";pk-ok;auth-failure " METHODS
                        ";auth-failure " METHODS ";pk-ok;auth-success;");
    scripted_clear(&s);
}
END_TEST

static struct nacre_decision *open_decision;
static int asked;

static void password_later(void *context, struct nacre_decision *d, const char *user,
                           const char *password)
{
    end_note(context, "asked %s %s;", user, password);
    ck_assert_ptr_null(open_decision); /* one at a time */
    open_decision = d;
    asked++;
}

static void publickey_later(void *context, struct nacre_decision *d, const char *user,
                            const char *algorithm, const uint8_t *key, size_t len)
{
    ck_assert_uint_gt(len, 0);
    ck_assert_ptr_nonnull(key);
    password_later(context, d, user, algorithm);
}

static void late_start(void)
{
    open_decision = NULL;
    asked = 0;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = password_later;
    s.pair.policy.publickey = publickey_later;
    scripted_start(&s);
}

/* What an owner does when it is woken. */
static void decide(bool granted)
{
    struct nacre_decision *d = open_decision;
    unsigned wakes = s.real->wakes;

    ck_assert_ptr_nonnull(d);
    open_decision = NULL;
    nacre_decide(d, granted);
    ck_assert_uint_gt(s.real->wakes, wakes);
    nacre_session_tick(s.real->session, s.pair.now_ms);
}

START_TEST(requests_wait_for_a_late_decision_and_are_answered_in_order)
{
    late_start();
    send_bad_password();
    send_none();
    send_good_query();
    send_none();
    send_good_query();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    scripted_told(&s, "asked alice wrong;");
    decide(false);
    scripted_expect(&s, "auth-failure " METHODS ";auth-failure " METHODS ";");
    scripted_told(&s, "asked alice ssh-ed25519;");
    decide(true);
    scripted_expect(&s, "pk-ok;auth-failure " METHODS ";");
    scripted_told(&s, "asked alice ssh-ed25519;");
    decide(false);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "asked alice secret;");
    decide(true);
    scripted_expect(&s, "auth-success;");
    ck_assert(s.real->authenticated);
    ck_assert_int_eq(asked, 4);
    scripted_clear(&s);
}
END_TEST

START_TEST(no_memory_piles_up_behind_a_late_decision)
{
    static const char zeros[1000];
    size_t before;

    late_start();
    send_bad_password();
    scripted_expect(&s, "");
    before = nacre_endpoint_memory(s.real->endpoint);
    for (int i = 0; i < 1000 && transport_output(&s.t).len < 60000; i++) {
        scripted_send(&s, SSH_MSG_IGNORE, "S", zeros, sizeof zeros);
        scripted_run(&s);
    }
    ck_assert_uint_lt(nacre_endpoint_memory(s.real->endpoint), before + 2 * BLOCK_LARGE);
    ck_assert(!s.real->ended);
    decide(false);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_decision_that_comes_after_the_end_changes_nothing)
{
    late_start();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    nacre_session_disconnect(s.real->session, NACRE_SHUTTING_DOWN, "over");
    ck_assert(s.real->ended);
    nacre_decide(open_decision, true);
    scripted_expect(&s, "disconnect 11;");
    ck_assert(!s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

START_TEST(the_time_for_a_login_runs_while_a_decision_is_open)
{
    late_start();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    ck_assert_uint_le(nacre_session_deadline(s.real->session), 120 * 1000);
    nacre_session_tick(s.real->session, 120 * 1000);
    expect_ended(NACRE_TIMED_OUT, SSH_DISCONNECT_BY_APPLICATION);
    scripted_expect(&s, "disconnect 11;");
    nacre_decide(open_decision, true);
    scripted_clear(&s);
}
END_TEST

/* [4252/5.1/6, 5.1/7, 5.1/8, 5.3/1] */
START_TEST(success_is_said_once_and_later_requests_are_ignored)
{
    server_start();
    send_password("alice", "secret");
    send_password("alice", "secret");
    send_good_query();
    send_bad_password();
    scripted_send_bytes(&s, (const uint8_t[]){SSH_MSG_USERAUTH_REQUEST}, 1); /* nobody reads it */
    scripted_send_bytes(&s, (const uint8_t[]){SSH_MSG_USERAUTH_PK_OK}, 1);
    scripted_send_bytes(&s, (const uint8_t[]){61}, 1);
    transport_set_phase(&s.t, PHASE_CONNECTION);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    transport_set_phase(&s.t, PHASE_AUTH);
    scripted_expect(&s, "auth-success;confirmation 7;");
    scripted_told(&s, "granted alice password;open;");
    scripted_clear(&s);
}
END_TEST

static void note_authenticated(void *context, const char *user)
{
    end_note(context, "authenticated %s;", user);
    ((struct end *)context)->authenticated = true;
}

static void password_unable(void *context, struct nacre_decision *d, const char *user,
                            const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    nacre_decide_unable(d);
}

static unsigned undecided;

static void count_undecided(void *context, enum nacre_limit limit)
{
    (void)context;
    undecided += limit == NACRE_LIMIT_DECISIONS;
}

START_TEST(a_login_that_cannot_be_decided_is_no_guess)
{
    static const struct nacre_observer observer = {.limited = count_undecided};

    undecided = 0;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = note_attempt;
    s.pair.policy.password = password_unable;
    s.pair.server_config.observer = &observer;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "disconnect 11;");
    scripted_told(&s, "");
    ck_assert_int_eq(s.real->why.cause, NACRE_OUT_OF_RESOURCES);
    ck_assert_uint_eq(undecided, 1);
    scripted_clear(&s);
}
END_TEST

START_TEST(the_owner_hears_of_the_login_before_the_first_channel)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.authenticated = note_authenticated;
    scripted_start(&s);
    send_password("alice", "secret");
    transport_set_phase(&s.t, PHASE_CONNECTION);
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    transport_set_phase(&s.t, PHASE_AUTH);
    scripted_expect(&s, "auth-success;confirmation 7;");
    scripted_told(&s, "authenticated alice;open;");
    scripted_clear(&s);
}
END_TEST

static void attempted_calls(void *context, const char *user, const char *method, bool granted)
{
    struct end *e = context;

    note_attempt(context, user, method, granted);
    nacre_session_rekey(e->session);
}

static unsigned refusals_told(void)
{
    unsigned count = 0;

    for (const char *at = s.real->log; (at = strstr(at, "refused")) != NULL; at++)
        count++;
    return count;
}

/* Many proofs in one piece: one is looked at in a turn, and the next is due at once. */
START_TEST(each_proof_takes_a_turn_of_its_own)
{
    struct proof wrong;

    server_start();
    wrong = right_proof();
    wrong.flip = 0;
    for (int i = 0; i < 3; i++)
        send_proof(&wrong);
    while (transport_output(&s.t).len > 0) {
        size_t room, len = transport_output(&s.t).len;
        uint8_t *in = nacre_session_input(s.real->session, &room);

        len = len < room ? len : room;
        memcpy(in, transport_output(&s.t).at, len);
        transport_sent(&s.t, len);
        nacre_session_received(s.real->session, len, s.pair.now_ms);
    }
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert_uint_eq(refusals_told(), i);
        ck_assert_int_eq(nacre_session_deadline(s.real->session) <= s.pair.now_ms, i < 3);
        nacre_session_tick(s.real->session, s.pair.now_ms);
    }
    scripted_clear(&s);
}
END_TEST

START_TEST(a_key_exchange_may_be_begun_when_an_attempt_is_told)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = attempted_calls;
    scripted_start(&s);
    send_password("alice", _i == 0 ? "wrong" : "secret");
    scripted_expect(&s, _i == 0 ? "auth-failure " METHODS ";" : "auth-success;");
    ck_assert(!s.real->ended);
    scripted_clear(&s);
}
END_TEST

static void attempted_ends(void *context, const char *user, const char *method, bool granted)
{
    struct end *e = context;

    note_attempt(context, user, method, granted);
    nacre_session_disconnect(e->session, NACRE_SHUTTING_DOWN, "no");
}

START_TEST(the_session_may_be_ended_when_an_attempt_is_told)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = attempted_ends;
    scripted_start(&s);
    send_password("alice", _i == 0 ? "wrong" : "secret");
    scripted_expect(&s, "disconnect 11;");
    ck_assert(!s.real->authenticated);
    expect_ended(NACRE_SHUTTING_DOWN, SSH_DISCONNECT_BY_APPLICATION);
    scripted_clear(&s);
}
END_TEST

/* ---- client ---- */

START_TEST(a_client_tries_its_keys_and_then_its_password)
{
    client_start();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_expect(&s, "auth password;");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_expect(&s, "disconnect 14;");
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    scripted_clear(&s);
}
END_TEST

/* [4252/5.1/9, 5.1/10] */
START_TEST(a_client_with_nothing_left_to_try_ends_with_an_authentication_error)
{
    static const char *const lists[] = {"", "foo@example.com,bar", "none", "keyboard", "passwor"};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        client_start();
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", lists[i], 0);
        scripted_expect(&s, "disconnect 14;");
        expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
        scripted_clear(&s);
    }
}
END_TEST

/* [4252/5.1/11] */
START_TEST(partial_success_is_progress_and_not_a_login)
{
    client_start();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 1);
    scripted_expect(&s, "auth password;");
    ck_assert(!s.real->authenticated);
    ck_assert_ptr_null(
        nacre_session_open(s.real->session, "session", &s.pair.client_app, NULL, NULL, 0));
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_expect(&s, "");
    ck_assert(s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

/* [4252/5.1/12] */
START_TEST(a_client_takes_success_in_answer_to_anything_it_asked)
{
    client_start();
    if (_i >= 1) {
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
        scripted_expect(&s, "auth " BOUND ";");
    }
    if (_i >= 2) {
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
        scripted_expect(&s, "auth password;");
    }
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_expect(&s, "");
    ck_assert(s.real->authenticated);
    transport_set_phase(&s.t, PHASE_CONNECTION);
    ck_assert_ptr_nonnull(scripted_opened(&s, 1, 100, 100));
    scripted_clear(&s);
}
END_TEST

static void send_pk_ok(const char *algorithm, const struct nacre_key *key)
{
    struct bytes blob = private_key_blob(key);

    scripted_send(&s, SSH_MSG_USERAUTH_PK_OK, "sS", algorithm, blob.at, blob.len);
}

/* [4252/7/2, 8332/3.2/1] */
START_TEST(a_client_signs_for_the_key_that_is_found_good)
{
    struct reader r;
    struct bytes text, blob;

    client_start();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
    scripted_expect(&s, "auth " BOUND ";");
    send_pk_ok("ssh-ed25519", &s.pair.user_key);
    scripted_expect(&s, "auth " BOUND ";");
    r = read_from((struct bytes){s.last + 1, s.last_len - 1});
    text = read_string(&r);
    ck_assert(bytes_are(text, "alice"));
    text = read_string(&r);
    ck_assert(bytes_are(text, "ssh-connection"));
    (void)read_string(&r);
    ck_assert(read_bool(&r));
    text = read_string(&r);
    ck_assert(bytes_are(text, "ssh-ed25519"));
    blob = read_string(&r);
    ck_assert(bytes_equal(blob, private_key_blob(&s.pair.user_key)));
    blob = read_string(&r);
    ck_assert(bytes_equal(blob, private_key_blob(&s.pair.host_key)));
    (void)read_string(&r);
    ck_assert(read_done(&r));
    scripted_clear(&s);
}
END_TEST

/* RFC 8308 section 2.4, PROTOCOL section 1.10 */
START_TEST(a_list_of_algorithms_that_changes_after_the_query_does_not_confuse_the_client)
{
    client_start();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_EXT_INFO, "uss", 1, "server-sig-algs", "ssh-rsa");
    send_pk_ok("ssh-ed25519", &s.pair.user_key);
    scripted_expect(&s, "auth " BOUND ";"); /* the server knows what it said yes to */
    scripted_clear(&s);
}
END_TEST

/* [4252/7/13] */
START_TEST(a_client_does_not_sign_for_what_it_did_not_ask_about)
{
    client_start();
    if (_i < 3) {
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
        scripted_expect(&s, "auth " BOUND ";");
    }
    switch (_i) {
    case 0:
        send_pk_ok("ssh-ed25519", &s.pair.other_key);
        break;
    case 1:
        send_pk_ok("ssh-rsa", &s.pair.user_key);
        break;
    case 2: /* twice */
        send_pk_ok("ssh-ed25519", &s.pair.user_key);
        scripted_expect(&s, "auth " BOUND ";");
        send_pk_ok("ssh-ed25519", &s.pair.user_key);
        break;
    case 3: /* in answer to none */
        send_pk_ok("ssh-ed25519", &s.pair.user_key);
        break;
    default: /* in answer to a password */
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
        scripted_expect(&s, "auth password;");
        send_pk_ok("ssh-ed25519", &s.pair.user_key);
        break;
    }
    scripted_run(&s);
    ck_assert(s.real->ended);
    ck_assert_ptr_null(strstr(s.log, "auth"));
    scripted_clear(&s);
}
END_TEST

/* [4252/8/5]: byte SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, string prompt, string language tag */
START_TEST(a_client_that_is_asked_for_a_new_password_ends_with_an_authentication_error)
{
    client_start();
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    scripted_expect(&s, "auth password;");
    scripted_send(&s, 60, "ss", "Your password has expired", "en");
    scripted_expect(&s, "disconnect 14;");
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    scripted_clear(&s);
}
END_TEST

/* [4252/5.4/1, 5.4/4] */
START_TEST(a_banner_may_come_at_any_time_before_success)
{
    static char text[30000];

    memset(text, 'x', sizeof text);
    client_start();
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "ss", "hello\r\n\x1b[2J", "en-GB");
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", METHODS, 0);
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "ss", "", "");
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "Ss", text, sizeof text, "en");
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "ss", "again", "");
    send_pk_ok("ssh-ed25519", &s.pair.user_key);
    scripted_expect(&s, "auth " BOUND ";");
    scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "ss", "last", "");
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_expect(&s, "");
    ck_assert(s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

START_TEST(a_message_to_the_client_that_ends_early_or_late_disconnects)
{
    static const struct {
        uint8_t number;
        const char *fields;
    } rows[] = {
        {SSH_MSG_USERAUTH_FAILURE, "s?"},
        {SSH_MSG_USERAUTH_SUCCESS, ""},
        {SSH_MSG_USERAUTH_BANNER, "ss"},
        {SSH_MSG_USERAUTH_PK_OK, "sS"},
    };
    uint8_t message[512] = {0};
    struct bytes blob;
    size_t len;

    for (size_t n = 1;; n++) {
        client_start();
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "publickey", 0);
        scripted_expect(&s, "auth " BOUND ";");
        memset(message, 0, sizeof message);
        blob = private_key_blob(&s.pair.user_key);
        if (rows[_i].number == SSH_MSG_USERAUTH_FAILURE)
            len = scripted_encode(message, sizeof message, rows[_i].number, "s?", "password", 0);
        else if (rows[_i].number == SSH_MSG_USERAUTH_PK_OK)
            len = scripted_encode(message, sizeof message, rows[_i].number, "sS", "ssh-ed25519",
                                  blob.at, blob.len);
        else
            len = scripted_encode(message, sizeof message, rows[_i].number, rows[_i].fields, "text",
                                  "en");
        if (n != len && n <= len + 1) {
            scripted_send_bytes(&s, message, n);
            scripted_expect(&s, "disconnect 2;");
            expect_ended(NACRE_PROTOCOL_ERROR, SSH_DISCONNECT_PROTOCOL_ERROR);
        }
        scripted_clear(&s);
        if (n > len)
            break;
    }
}
END_TEST

static void ask_nobody(void *context, const struct nacre_ask *ask)
{
    (void)ask;
    end_note(context, "asked;");
}

START_TEST(what_a_person_says_after_the_question_is_settled_is_not_sent)
{
    static const char *const typed[] = {"secret"};

    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.password = NULL;
    s.pair.client_config.ask = ask_nobody;
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    scripted_expect(&s, "");
    scripted_told(&s, "asked;");
    if (_i == 0)
        scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    else
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "none", 0);
    scripted_expect(&s, _i == 0 ? "" : "disconnect 14;");
    nacre_session_respond(s.real->session, typed, 1);
    scripted_expect(&s, "");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_name_list_of_methods_that_is_malformed_disconnects)
{
    static const char *const lists[] = {"pass word", "\xff", "a,\n"};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        client_start();
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", lists[i], 0);
        scripted_expect(&s, "disconnect 2;");
        scripted_clear(&s);
    }
}
END_TEST

/* [4252/6/2] */
START_TEST(a_client_disconnects_on_connection_messages_before_success)
{
    client_start();
    if (_i == 0)
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?", "hostkeys-00@openssh.com", 1);
    else if (_i == 1)
        scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 0, 1, 1);
    else
        scripted_send(&s, SSH_MSG_CHANNEL_DATA, "us", 0, "x");
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_client_disconnects_on_an_authentication_request)
{
    client_start();
    send_none();
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_second_success_to_a_client_does_not_start_anything_again)
{
    client_start();
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    scripted_expect(&s, "disconnect 2;");
    scripted_clear(&s);
}
END_TEST

/* [4252/7/12] */
START_TEST(a_client_signs_over_the_first_session_identifier_after_a_key_exchange)
{
    struct pair p;

    pair_init(&p, 1);
    p.policy.password = NULL;
    p.client_config.keys = p.user_keys;
    p.client_config.key_count = 1;
    pair_start(&p);
    while (strcmp(nacre_session_phase(p.client.session), "auth") != 0)
        ck_assert(pair_step(&p));
    nacre_session_rekey(p.client.session);
    pair_run(&p);
    ck_assert(p.server.authenticated);
    pair_clear(&p);
}
END_TEST

START_TEST(a_password_too_long_to_send_fails_the_login_alone)
{
    static char password[NACRE_PASSWORD_MAX + 1000];

    memset(password, 'p', sizeof password - 1);
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.password = password;
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    scripted_expect(&s, "disconnect 14;");
    expect_ended(NACRE_AUTH_FAILED, SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE);
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_request_that_ends_early_or_late_disconnects, 0, FORMS);
    add_test(suite, a_string_longer_than_its_message_disconnects);
    add_test(suite, none_is_refused_and_never_listed);
    add_test(suite, a_request_that_cannot_be_granted_is_refused_and_the_session_lives);
    add_test(suite, a_user_name_with_a_nul_is_not_cut_short);
    add_test(suite, the_longest_user_name_and_password_arrive_whole);
    add_test(suite, a_password_change_is_refused);
    add_test(suite, a_method_without_a_decider_is_neither_listed_nor_granted);
    add_test(suite, messages_that_a_server_sends_do_not_log_in_a_client);
    add_test(suite, connection_messages_before_the_login_disconnect);
    add_test(suite, a_query_that_is_answered_well_has_not_logged_in);
    add_test(suite, a_query_is_answered_with_the_algorithm_and_blob_as_they_came);
    add_test(suite, a_key_of_an_algorithm_that_is_not_taken_is_refused);
    add_test(suite, a_query_for_a_key_that_is_not_authorised_is_refused);
    add_loop(suite, a_proof_logs_in_with_and_without_a_query_before, 0, 2);
    add_loop(suite, a_proof_with_one_part_wrong_is_refused_and_the_right_one_is_still_taken, 0, 16);
    add_test(suite, no_flipped_bit_in_the_signature_is_accepted);
    add_test(suite, a_signature_blob_that_is_malformed_is_refused);
    add_test(suite, a_key_blob_that_is_malformed_is_refused);
    add_test(suite, a_key_blob_that_is_too_long_is_refused);
    add_test(suite, a_host_bound_proof_logs_in_only_with_the_key_of_this_host);
    add_loop(suite, a_host_bound_query_names_the_host, 0, 2);
    add_test(suite, a_proof_after_a_key_exchange_is_over_the_first_session_identifier);
    add_loop(suite, too_many_requests_of_a_kind_end_the_session, 0, 6);
    add_test(suite, failures_and_queries_are_counted_apart);
    add_test(suite, the_last_failure_that_ends_it_may_be_of_either_kind);
    add_loop(suite, requests_sent_ahead_are_answered_in_order, 0, 2);
    add_test(suite, requests_wait_for_a_late_decision_and_are_answered_in_order);
    add_test(suite, no_memory_piles_up_behind_a_late_decision);
    add_test(suite, a_decision_that_comes_after_the_end_changes_nothing);
    add_test(suite, the_time_for_a_login_runs_while_a_decision_is_open);
    add_test(suite, success_is_said_once_and_later_requests_are_ignored);
    add_test(suite, the_owner_hears_of_the_login_before_the_first_channel);
    add_test(suite, a_login_that_cannot_be_decided_is_no_guess);
    add_test(suite, each_proof_takes_a_turn_of_its_own);
    add_loop(suite, a_key_exchange_may_be_begun_when_an_attempt_is_told, 0, 2);
    add_loop(suite, the_session_may_be_ended_when_an_attempt_is_told, 0, 2);
    add_test(suite, a_client_tries_its_keys_and_then_its_password);
    add_test(suite, a_client_with_nothing_left_to_try_ends_with_an_authentication_error);
    add_test(suite, partial_success_is_progress_and_not_a_login);
    add_loop(suite, a_client_takes_success_in_answer_to_anything_it_asked, 0, 3);
    add_test(suite, a_client_signs_for_the_key_that_is_found_good);
    add_test(suite, a_list_of_algorithms_that_changes_after_the_query_does_not_confuse_the_client);
    add_loop(suite, a_client_does_not_sign_for_what_it_did_not_ask_about, 0, 5);
    add_test(suite, a_client_that_is_asked_for_a_new_password_ends_with_an_authentication_error);
    add_test(suite, a_banner_may_come_at_any_time_before_success);
    add_loop(suite, a_message_to_the_client_that_ends_early_or_late_disconnects, 0, 4);
    add_loop(suite, what_a_person_says_after_the_question_is_settled_is_not_sent, 0, 2);
    add_test(suite, a_name_list_of_methods_that_is_malformed_disconnects);
    add_loop(suite, a_client_disconnects_on_connection_messages_before_success, 0, 3);
    add_test(suite, a_client_disconnects_on_an_authentication_request);
    add_test(suite, a_second_success_to_a_client_does_not_start_anything_again);
    add_test(suite, a_client_signs_over_the_first_session_identifier_after_a_key_exchange);
    add_test(suite, a_password_too_long_to_send_fails_the_login_alone);
}
