/* The public key method of a server. RFC 4252 section 7. */
#include "tests/support/auth_script.h"

#include <string.h>

/* [4252/7/4] */
START_TEST(a_granted_query_does_not_log_in)
{
    start_server();
    send_query(&s.pair.user_key);
    scripted_expect(&s, "pk-ok;");
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 0, 1000, 1000);
    scripted_expect(&s, "disconnect 2;");
    scripted_told(&s, "");
    scripted_clear(&s);
}
END_TEST

/* [4252/7/3] */
START_TEST(pk_ok_repeats_the_algorithm_and_blob_of_the_query)
{
    uint8_t expected[256];
    struct bytes blob;
    size_t len;

    start_server();
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

START_TEST(a_key_whose_algorithm_is_not_accepted_is_refused)
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
    start_server();
    send_query(&s.pair.other_key);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_clear(&s);
}
END_TEST

/* [4252/7/1, 7/7] */
START_TEST(a_proof_logs_in_with_and_without_a_query_before)
{
    struct proof p;

    start_server();
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
    case 9: /* a valid signature, but not alice's key [4252/7/6] */
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
    case 13: /* the blob is of another key type */
        p.algorithm = p.signed_algorithm = "ecdsa-sha2-nistp256";
        break;
    case 14: /* her key, for a user who has none [4252/5/3] */
        p.user = p.signed_user = "bob";
        break;
    default:
        p.service = p.signed_service = "no-such@example.com";
        break;
    }
    return p;
}

/* [4252/7/5] */
START_TEST(a_proof_with_one_part_wrong_is_refused_and_the_right_one_is_still_accepted)
{
    struct proof p;

    start_server();
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

/* A stranger's key costs the policy's answer and nothing more: no signature is verified, which
 * would end the turn. */
START_TEST(a_proof_of_a_key_that_is_not_authorised_is_not_verified)
{
    struct proof p;

    start_server();
    p = spoil(9);
    for (int i = 0; i < 3; i++)
        send_proof(&p);
    deliver_without_ticks();
    scripted_told(&s, "refused alice publickey;refused alice publickey;refused alice publickey;");
    ck_assert_uint_gt(nacre_session_deadline(s.real->session), s.pair.now_ms);
    scripted_clear(&s);
}
END_TEST

/* [ossh/3.1/1] PROTOCOL section 3.1 */
static void send_bound_proof(const struct proof *p)
{
    uint8_t signature[256];
    size_t len = sign(p, signature, sizeof signature);
    struct bytes blob = private_key_blob(p->key), host = private_key_blob(p->host_key);

    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sSSS", "alice", "ssh-connection", BOUND, 1,
                  "ssh-ed25519", blob.at, blob.len, host.at, host.len, signature, len);
}

static struct nacre_decision *open_decision;

static void decide_later(void *context, struct nacre_decision *d, const char *user,
                         const struct nacre_key_offer *offer)
{
    (void)context;
    (void)user;
    ck_assert(offer->is_proof);
    open_decision = d;
}

/* The policy is asked first, whatever the signature is; its yes alone logs nobody in. */
START_TEST(a_proof_is_verified_once_the_policy_has_granted_the_key)
{
    for (int right = 0; right < 2; right++)
        for (int bound = 0; bound < 2; bound++) {
            struct proof p;

            scripted_init(&s, NACRE_SERVER);
            s.pair.policy.publickey = decide_later;
            s.pair.policy.attempted = note_attempt;
            scripted_start(&s);
            p = right_proof();
            if (!right)
                p.flip = 7;
            p.host_key = &s.pair.host_key;
            if (bound) {
                p.signed_host_key = p.host_key;
                p.signed_method = BOUND;
            }
            open_decision = NULL;
            (bound ? send_bound_proof : send_proof)(&p);
            scripted_expect(&s, "");
            ck_assert_ptr_nonnull(open_decision);
            scripted_told(&s, "");
            nacre_decide(open_decision, true);
            nacre_session_tick(s.real->session, s.pair.now_ms);
            scripted_expect(&s, right ? "auth-success;" : "auth-failure " METHODS ";");
            ck_assert(s.real->authenticated == right);
            scripted_clear(&s);
        }
}
END_TEST

START_TEST(no_flipped_bit_in_the_signature_is_accepted)
{
    for (int bit = 0; bit < 512;) {
        start_server();
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

    start_server();
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
        start_server();
    }
    scripted_clear(&s);
}
END_TEST

/* Cut to any length, the blob of the right key is refused. */
START_TEST(a_key_blob_that_is_malformed_is_refused)
{
    for (size_t n = 0; n <= 52;) {
        start_server();
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

    start_server();
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice", "ssh-connection", "publickey", 0,
                  "ssh-ed25519", blob, sizeof blob);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_clear(&s);
}
END_TEST

static void note_refused_key(void *context, const char *user, const char *algorithm,
                             const char *reason)
{
    end_note(context, "%s %s: %s;", user, algorithm, reason);
}

static void assert_reason(const char *algorithm, struct bytes blob, const char *told)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.key_refused = note_refused_key;
    s.pair.server_config.public_key = "ssh-ed25519,rsa-sha2-512";
    scripted_start(&s);
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sS", "alice", "ssh-connection", "publickey", 0,
                  algorithm, blob.at, blob.len);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, told);
    scripted_clear(&s);
}

/* string ssh-ed25519-cert-v01@openssh.com, and what follows */
START_TEST(the_policy_is_told_why_a_key_is_of_no_use)
{
    static const char certificate[] = "\0\0\0\x20ssh-ed25519-cert-v01@openssh.com\0\0\0\0";
    const struct bytes blob = {(const uint8_t *)certificate, sizeof certificate - 1};
    const struct bytes none = {NULL, 0};
    struct proof p;

    assert_reason("ssh-ed25519-cert-v01@openssh.com", blob,
                  "alice ssh-ed25519-cert-v01@openssh.com: certificates are not supported; the "
                  "client must offer the key itself;");
    assert_reason("ssh-ed25519", blob,
                  "alice ssh-ed25519: certificates are not supported; the client must offer the "
                  "key itself;");
    assert_reason("rsa-sha2-512-cert-v01@openssh.com", none,
                  "alice rsa-sha2-512-cert-v01@openssh.com: certificates are not supported; the "
                  "client must offer the key itself;");
    assert_reason("a-cert-v01@openssh.com", none,
                  "alice a-cert-v01@openssh.com: certificates are not supported; the client must "
                  "offer the key itself;");
    assert_reason("-cert-v01@openssh.com", none, /* nothing is certified */
                  "alice -cert-v01@openssh.com: unknown signature algorithm;");
    assert_reason("x@example.com", none, "alice x@example.com: unknown signature algorithm;");
    assert_reason("a b\n", none, "alice ?: unknown signature algorithm;");
    assert_reason("", none, "alice : unknown signature algorithm;");
    assert_reason("ecdsa-sha2-nistp256", none,
                  "alice ecdsa-sha2-nistp256: signature algorithm is off;");
    assert_reason("rsa-sha2-512", private_key_blob(&s.pair.user_key),
                  "alice rsa-sha2-512: key too long or of another type than its algorithm;");
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.key_refused = note_refused_key;
    scripted_start(&s);
    p = right_proof();
    p.signed_user = "bob";
    send_proof(&p);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "alice ssh-ed25519: wrong signature;");
    scripted_clear(&s);
}
END_TEST

/* [ossh/3.1/1] PROTOCOL section 3.1 */
START_TEST(a_host_bound_proof_logs_in_only_with_the_key_of_this_host)
{
    const struct nacre_key *keys[] = {&s.pair.host_key, &s.pair.other_key};

    for (int i = 0; i < 4; i++) {
        struct proof p;

        start_server();
        p = right_proof();
        p.signed_method = BOUND;
        p.host_key = keys[i / 2];
        p.signed_host_key = keys[i % 2];
        send_bound_proof(&p);
        scripted_expect(&s, i == 0 ? "auth-success;" : "auth-failure " METHODS ";");
        scripted_clear(&s);
    }
}
END_TEST

START_TEST(a_host_bound_query_names_the_host)
{
    struct bytes blob, host;

    start_server();
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

static void note_offer(void *context, struct nacre_decision *d, const char *user,
                       const struct nacre_key_offer *offer)
{
    end_note(context, "%s %s %s %zu;", offer->is_proof ? "proof" : "query", user, offer->algorithm,
             offer->key_len);
    nacre_decide(d, true);
}

static void send_host_bound(bool proof)
{
    struct proof p = right_proof();
    struct bytes blob = private_key_blob(p.key), host = private_key_blob(&s.pair.host_key);
    uint8_t signature[256];
    size_t len;

    p.signed_method = BOUND;
    p.host_key = p.signed_host_key = &s.pair.host_key;
    len = sign(&p, signature, sizeof signature);
    if (proof)
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sSSS", "alice", "ssh-connection", BOUND, 1,
                      "ssh-ed25519", blob.at, blob.len, host.at, host.len, signature, len);
    else
        scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sSS", "alice", "ssh-connection", BOUND, 0,
                      "ssh-ed25519", blob.at, blob.len, host.at, host.len);
}

/* CVE-2024-45337: a policy must know that a query proves nothing. _i: 1 is host-bound, which is the
 * same method to a policy. */
START_TEST(a_policy_can_tell_a_query_from_a_proof)
{
    struct proof p;

    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.publickey = note_offer;
    s.pair.policy.attempted = note_attempt;
    scripted_start(&s);
    if (_i == 0)
        send_query(&s.pair.user_key);
    else
        send_host_bound(false);
    scripted_expect(&s, "pk-ok;");
    scripted_told(&s, "query alice ssh-ed25519 51;");
    p = right_proof();
    if (_i == 0)
        send_proof(&p);
    else
        send_host_bound(true);
    scripted_expect(&s, "auth-success;");
    scripted_told(&s, "proof alice ssh-ed25519 51;granted alice publickey;");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_refused_host_bound_request_is_reported_as_publickey)
{
    start_server();
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?sss", "alice", "ssh-connection", BOUND, 0,
                  "ssh-ed25519", "no key", "no host");
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "refused alice publickey;");
    scripted_clear(&s);
}
END_TEST

/* [4252/7/11] */
START_TEST(a_proof_after_a_rekey_covers_the_first_session_identifier)
{
    struct proof p;

    start_server();
    nacre_session_rekey(s.real->session);
    scripted_expect(&s, "");
    p = right_proof();
    send_proof(&p);
    scripted_expect(&s, "auth-success;");
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_granted_query_does_not_log_in);
    add_test(suite, pk_ok_repeats_the_algorithm_and_blob_of_the_query);
    add_test(suite, a_key_whose_algorithm_is_not_accepted_is_refused);
    add_test(suite, a_query_for_a_key_that_is_not_authorised_is_refused);
    add_loop(suite, a_proof_logs_in_with_and_without_a_query_before, 0, 2);
    add_loop(suite, a_proof_with_one_part_wrong_is_refused_and_the_right_one_is_still_accepted, 0,
             16);
    add_test(suite, a_proof_of_a_key_that_is_not_authorised_is_not_verified);
    add_test(suite, a_proof_is_verified_once_the_policy_has_granted_the_key);
    add_test(suite, no_flipped_bit_in_the_signature_is_accepted);
    add_test(suite, a_signature_blob_that_is_malformed_is_refused);
    add_test(suite, a_key_blob_that_is_malformed_is_refused);
    add_test(suite, a_key_blob_that_is_too_long_is_refused);
    add_test(suite, the_policy_is_told_why_a_key_is_of_no_use);
    add_test(suite, a_host_bound_proof_logs_in_only_with_the_key_of_this_host);
    add_loop(suite, a_host_bound_query_names_the_host, 0, 2);
    add_loop(suite, a_policy_can_tell_a_query_from_a_proof, 0, 2);
    add_test(suite, a_refused_host_bound_request_is_reported_as_publickey);
    add_test(suite, a_proof_after_a_rekey_covers_the_first_session_identifier);
}
