/* Proofs of host keys: hostkeys-prove-00@openssh.com. OpenSSH PROTOCOL section 2.5. */
#include "connection/request.h"
#include "tests/support/request_script.h"

/* A server with two host keys; user_key is one that it does not have. */
static void prove_start(const struct nacre_key *keys[2])
{
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    keys[0] = &s.pair.host_key;
    keys[1] = &s.pair.other_key;
    s.pair.server_config.host_keys = keys;
    s.pair.server_config.host_key_count = 2;
    scripted_login(&s);
}

/* What is signed, by the draft's list: section 2.2.2. */
static void check_proof(struct bytes key, struct bytes proof)
{
    uint8_t data[1024];
    struct writer w = write_to(data, sizeof data);

    write_text(&w, prove);
    write_string(&w, transport_session_id(&s.t));
    write_string(&w, key);
    ck_assert(!w.bad);
    ck_assert(key_verify(&signature_ed25519, key, proof, written_bytes(&w)));
}

/* draft-ietf-sshm-hostkey-update section 2.2.2: in the order of the request. */
START_TEST(each_requested_host_key_is_proven)
{
    static const int orders[][2] = {{0, 1}, {1, 0}, {0, 0}};
    const struct nacre_key *keys[2];

    prove_start(keys);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct bytes first = private_key_blob(keys[orders[i][0]]);
        struct bytes second = private_key_blob(keys[orders[i][1]]);
        struct reader r;

        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?SS", prove, 1, first.at, first.len, second.at,
                      second.len);
        scripted_expect(&s, "message 81;");
        r = read_from((struct bytes){s.last + 1, s.last_len - 1});
        check_proof(first, read_string(&r));
        check_proof(second, read_string(&r));
        ck_assert(read_done(&r));
    }
    stop();
}
END_TEST

START_TEST(no_proof_is_sent_without_want_reply)
{
    const struct nacre_key *keys[2];
    struct bytes key;

    prove_start(keys);
    key = private_key_blob(keys[0]);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 0, key.at, key.len);
    scripted_expect(&s, "");
    ck_assert(!s.real->ended);
    stop();
}
END_TEST

/* The request is refused as a whole, and the session survives: the next one is answered. */
static void expect_no_proof(struct bytes ours)
{
    scripted_expect(&s, "request-failure;");
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, ours.at, ours.len);
    scripted_expect(&s, "message 81;");
}

START_TEST(a_foreign_host_key_is_not_proven_nor_are_ours_in_the_same_request)
{
    const struct nacre_key *keys[2];
    struct bytes ours, foreign;

    prove_start(keys);
    ours = private_key_blob(keys[0]);
    foreign = private_key_blob(&s.pair.user_key);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, foreign.at, foreign.len);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?SS", prove, 1, ours.at, ours.len, foreign.at,
                  foreign.len);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?SS", prove, 1, foreign.at, foreign.len, ours.at,
                  ours.len);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, "", (size_t)0);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 1, ours.at, ours.len - 1);
    expect_no_proof(ours);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", prove, 0, foreign.at, foreign.len);
    scripted_expect(&s, "");
    stop();
}
END_TEST

START_TEST(a_truncated_request_for_proofs_is_refused)
{
    const struct nacre_key *keys[2];
    struct bytes ours;
    uint8_t list[2 * (4 + 51)]; /* of ed25519 keys */
    struct writer w = write_to(list, sizeof list);

    prove_start(keys);
    ours = private_key_blob(keys[0]);
    write_string(&w, ours);
    write_string(&w, private_key_blob(keys[1]));
    ck_assert(!w.bad && written(&w) == sizeof list);
    for (size_t n = 1; n < sizeof list; n++) {
        if (n == sizeof list / 2)
            continue; /* one whole key */
        scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?x", prove, 1, list, n);
        expect_no_proof(ours);
    }
    stop();
}
END_TEST

START_TEST(more_proofs_than_there_are_host_keys_are_refused)
{
    const struct nacre_key *keys[2];
    struct bytes ours;

    prove_start(keys);
    ours = private_key_blob(keys[0]);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?SSS", prove, 1, ours.at, ours.len, ours.at,
                  ours.len, ours.at, ours.len);
    expect_no_proof(ours);
    stop();
}
END_TEST

static size_t announced; /* bytes of the message; 0: none */

static void see(void *context, enum nacre_direction direction, uint32_t seq, const char *phase,
                const uint8_t *payload, size_t len)
{
    (void)context;
    (void)seq;
    (void)phase;
    if (direction == NACRE_SENT && payload[0] == SSH_MSG_GLOBAL_REQUEST)
        announced = len;
}

/* RFC 4253 section 6.1: no client must accept more than 35,000 bytes. A list that is not complete
 * would make clients forget keys. */
START_TEST(host_keys_are_announced_if_one_message_holds_all_of_them)
{
    enum { KEYS = 640, EACH = 4 + 4 + 11 + 4 + 32, FIXED = 1 + 4 + 23 + 1 };
    static const struct nacre_observer observer = {.message = see};
    static struct nacre_key keys[KEYS];
    static const struct nacre_key *list[KEYS + 1];
    size_t count = (TRANSPORT_MESSAGE_MAX - FIXED) / EACH + (size_t)_i;

    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    for (size_t i = 0; i < count; i++) {
        const uint8_t seed[32] = {1, (uint8_t)i, (uint8_t)(i >> 8)};

        ck_assert(private_key_ed25519(&keys[i], seed));
        list[i] = &keys[i];
    }
    list[count] = list[0]; /* announced once */
    s.pair.server_config.host_keys = list;
    s.pair.server_config.host_key_count = count + 1;
    s.pair.server_config.observer = &observer;
    announced = 0;
    scripted_login(&s);
    ck_assert_uint_eq(announced, _i == 0 ? FIXED + count * EACH : 0);
    stop();
    for (size_t i = 0; i < count; i++)
        private_key_clear(&keys[i]);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_requested_host_key_is_proven);
    add_test(suite, no_proof_is_sent_without_want_reply);
    add_test(suite, a_foreign_host_key_is_not_proven_nor_are_ours_in_the_same_request);
    add_test(suite, a_truncated_request_for_proofs_is_refused);
    add_test(suite, more_proofs_than_there_are_host_keys_are_refused);
    add_loop(suite, host_keys_are_announced_if_one_message_holds_all_of_them, 0, 2);
}
