/* The exchange hash and the six keys. RFC 4253 sections 7.2 and 8. */
#include "tests/support/suite.h"
#include "tests/support/json.h"
#include "tests/support/vectors.h"
#include "tests/support/wiped.h"
#include "transport/kex_state.h"
#include "transport/keys.h"
#include "transport/parts.h"
#include "transport/version.h"

#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { LETTERS = 6, IV = 12, KEY = 64, MAC_KEY = 64 };

/* A cipher that requires the largest IV and keys, and does nothing with them. */
static bool start(void *state, const struct cipher_keys *keys, bool seal)
{
    (void)state;
    (void)keys;
    (void)seal;
    return true;
}

static void stop(void *state)
{
    (void)state;
}

static const struct mac_method greedy_mac = {.hash = &hash_sha512, .len = MAC_KEY};
static const struct cipher_method greedy_cipher = {
    .key_len = KEY, .iv_len = IV, .block_len = 8, .state_size = 1, .start = start, .stop = stop};
static const struct algorithm cipher = {.name = "cipher", .method = &greedy_cipher};
static const struct algorithm mac = {.name = "mac", .method = &greedy_mac};

/* A transport during an exchange, and what its observer saw. */
struct fixture {
    struct transport transport;
    struct transport_config config;
    struct nacre_observer observer;
    struct pool pool;
    struct kex kex;
    struct kex_method method;
    struct algorithm algorithm;
    uint8_t seen[LETTERS][KEY];
    size_t seen_len[LETTERS];
    struct bytes secret;
};

static void note(void *context, char label, const uint8_t *bytes, size_t len)
{
    struct fixture *f = context;

    if (label == 'K') {
        assert_bytes((struct bytes){bytes, len}, f->secret);
        return;
    }
    if (label == 'H') {
        assert_bytes((struct bytes){bytes, len}, (struct bytes){f->kex.hash, f->method.hash->len});
        return;
    }
    ck_assert(label >= 'A' && label <= 'F' && len <= KEY);
    memcpy(f->seen[label - 'A'], bytes, len);
    f->seen_len[label - 'A'] = len;
}

static const struct hash_method *hash_named(const char *name)
{
    static const struct hash_method *const all[] = {&hash_sha1, &hash_sha256, &hash_sha384,
                                                    &hash_sha512};

    for (size_t i = 0; i < COUNT(all); i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    ck_abort_msg("no hash %s", name);
    return NULL;
}

static void set_up(struct fixture *f, enum nacre_role role, const struct hash_method *hash)
{
    memset(f, 0, sizeof *f);
    pool_init(&f->pool, NULL);
    f->observer.secret = note;
    f->config = (struct transport_config){.role = role, .observer = &f->observer};
    f->method.hash = hash;
    f->algorithm = (struct algorithm){.name = "kex", .method = &f->method};
    f->kex.chosen = (struct kex_choice){
        .kex = &f->algorithm, .cipher = {&cipher, &cipher}, .mac = {&mac, &mac}};
    f->transport =
        (struct transport){.config = &f->config, .context = f, .pool = &f->pool, .kex = &f->kex};
    direction_init(&f->transport.sending);
    direction_init(&f->transport.receiving);
}

static void tear_down(struct fixture *f)
{
    direction_clear(&f->transport.sending, &f->pool);
    direction_clear(&f->transport.receiving, &f->pool);
    ck_assert_uint_eq(f->pool.in_use, 0);
    pool_clear(&f->pool);
}

/* The inputs of the derivation: K, H and the session identifier. */
static void agreed(struct fixture *f, struct bytes secret, struct bytes h, struct bytes id)
{
    f->secret = secret;
    memcpy(f->kex.secret, secret.at, secret.len);
    f->kex.secret_len = secret.len;
    memcpy(f->kex.hash, h.at, h.len);
    memcpy(f->transport.session_id, id.at, id.len);
    f->transport.session_id_len = (uint8_t)id.len;
}

static void expect_letter(const struct fixture *f, char letter, struct bytes expected)
{
    size_t len = f->seen_len[letter - 'A'];

    ck_assert_uint_gt(len, 0);
    if (expected.len > len)
        expected.len = len; /* a shorter key is the beginning of a longer one */
    assert_bytes((struct bytes){f->seen[letter - 'A'], expected.len}, expected);
}

/* 4253/7.2/1, 4253/7.2/3: the first exchange and a later one, keys as long as the hash, shorter and
 * longer. */
START_TEST(known_answers_of_the_key_derivation)
{
    struct vectors *v = vectors_open("keys.txt");
    static const char *const letters[LETTERS] = {"A", "B", "C", "D", "E", "F"};

    ck_assert_uint_ge(vectors_count(v, "hash"), 8);
    for (size_t i = 0; i < vectors_count(v, "hash"); i++) {
        struct fixture f;

        set_up(&f, NACRE_CLIENT, hash_named(vectors_text(v, "hash", i)));
        agreed(&f, vectors_nth(v, "secret", i), vectors_nth(v, "exchange_hash", i),
               vectors_nth(v, "session_id", i));
        ck_assert(keys_take(&f.transport, true));
        ck_assert(keys_take(&f.transport, false));
        for (size_t l = 0; l < LETTERS; l++)
            expect_letter(&f, letters[l][0], vectors_nth(v, letters[l], i));
        tear_down(&f);
    }
    vectors_close(v);
}
END_TEST

START_TEST(more_known_answers_of_the_key_derivation)
{
    struct json *root = json_open_shared("ssh/kdf.json");
    size_t cases = 0;

    for (struct json *t = json_first(json_get(root, "tests")); t != NULL; t = json_next(t)) {
        struct fixture f;
        struct bytes output = json_hex(t, "output");

        set_up(&f, NACRE_SERVER, hash_named(json_text(json_get(t, "hash"))));
        agreed(&f, json_hex(t, "K"), json_hex(t, "H"), json_hex(t, "session_id"));
        ck_assert(keys_take(&f.transport, true));
        ck_assert(keys_take(&f.transport, false));
        expect_letter(&f, json_text(json_get(t, "letter"))[0], output);
        tear_down(&f);
        cases++;
    }
    json_free(root);
    vectors_report("ssh/kdf.json", cases);
}
END_TEST

/* RFC 4253 section 7.2: A, C, E are client to server; B, D, F server to client. */
START_TEST(each_role_sends_with_its_own_letters)
{
    static const uint8_t some[32] = {1};

    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++)
        for (int sending = 0; sending < 2; sending++) {
            bool client_to_server = (role == NACRE_CLIENT) == (sending == 1);
            struct fixture f;

            set_up(&f, role, &hash_sha256);
            agreed(&f, BYTES_OF_ARRAY(some), BYTES_OF_ARRAY(some), BYTES_OF_ARRAY(some));
            ck_assert(keys_take(&f.transport, sending == 1));
            for (size_t l = 0; l < LETTERS; l++)
                ck_assert_msg((f.seen_len[l] > 0) == ((l % 2 == 0) == client_to_server),
                              "letter %c", (char)('A' + l));
            tear_down(&f);
        }
}
END_TEST

/* 5656/4/3, 8731/3/5, 4253/7.2/4: an mpint has a zero before a high bit and no other leading zeros.
 */
START_TEST(a_secret_is_encoded_as_an_mpint)
{
    static const struct {
        uint8_t raw[4], encoded[9];
        size_t len;
    } cases[] = {
        {{0x12, 0x34, 0x56, 0x78}, {0, 0, 0, 4, 0x12, 0x34, 0x56, 0x78}, 8},
        {{0x92, 0x34, 0x56, 0x78}, {0, 0, 0, 5, 0, 0x92, 0x34, 0x56, 0x78}, 9},
        {{0x00, 0x34, 0x56, 0x78}, {0, 0, 0, 3, 0x34, 0x56, 0x78}, 7},
        {{0x00, 0x00, 0x80, 0x00}, {0, 0, 0, 3, 0, 0x80, 0}, 7},
    };
    const struct kex_method method = {.hash = &hash_sha256};
    struct kex kex;

    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert(keys_set_secret(&kex, &method, BYTES_OF_ARRAY(cases[i].raw)));
        assert_bytes((struct bytes){kex.secret, kex.secret_len},
                     (struct bytes){cases[i].encoded, cases[i].len});
    }
}
END_TEST

START_TEST(the_secret_of_a_hybrid_is_encoded_as_a_string)
{
    static const uint8_t raw[] = {0, 0x92}, encoded[] = {0, 0, 0, 2, 0, 0x92};
    const struct kex_method method = {.hash = &hash_sha256, .secret_is_string = true};
    struct kex kex;

    ck_assert(keys_set_secret(&kex, &method, BYTES_OF_ARRAY(raw)));
    assert_bytes((struct bytes){kex.secret, kex.secret_len}, BYTES_OF_ARRAY(encoded));
}
END_TEST

START_TEST(a_secret_that_is_too_long_is_refused)
{
    static const uint8_t raw[KEX_SECRET_MAX] = {1};
    const struct kex_method method = {.hash = &hash_sha256};
    struct kex kex;

    ck_assert(!keys_set_secret(&kex, &method, BYTES_OF_ARRAY(raw)));
}
END_TEST

/* H over V_C, V_S, I_C, I_S, K_S, the shares, K: written out here as one text. 4253/8/4,
 * 5656/4/4 */
static void expected_hash(enum nacre_role role, uint8_t out[HASH_MAX])
{
    uint8_t text[512];
    struct writer w = write_to(text, sizeof text);

    write_text(&w, role == NACRE_CLIENT ? version_ours : "SSH-2.0-peer with comment ");
    write_text(&w, role == NACRE_CLIENT ? "SSH-2.0-peer with comment " : version_ours);
    write_text(&w, "\x14the client's KEXINIT");
    write_text(&w, "\x14the server's KEXINIT");
    write_text(&w, "host key");
    write_bytes(&w, bytes_of("shares"));
    write_bytes(&w, bytes_of("secret"));
    ck_assert(!w.bad);
    ck_assert(hash_of(&hash_sha256, written_bytes(&w), out));
}

static void exchange(struct fixture *f, enum nacre_role role, bool first)
{
    static uint8_t client[] = "\x14the client's KEXINIT", server[] = "\x14the server's KEXINIT";
    static char version[] = "SSH-2.0-peer with comment ";

    set_up(f, role, &hash_sha256);
    f->kex.first = first;
    f->kex.kexinit[NACRE_CLIENT] = (struct kex_kept){client, sizeof client - 1};
    f->kex.kexinit[NACRE_SERVER] = (struct kex_kept){server, sizeof server - 1};
    f->transport.peer.version = version;
    f->secret = bytes_of("secret");
    memcpy(f->kex.secret, "secret", 6);
    f->kex.secret_len = 6;
    ck_assert(keys_compute_hash(&f->transport, bytes_of("host key"), bytes_of("shares")));
}

START_TEST(the_exchange_hash_covers_everything_in_the_order_of_the_rfc)
{
    for (enum nacre_role role = NACRE_SERVER; role <= NACRE_CLIENT; role++) {
        struct fixture f;
        uint8_t expected[HASH_MAX];

        exchange(&f, role, true);
        expected_hash(role, expected);
        ck_assert_mem_eq(f.kex.hash, expected, 32);
        tear_down(&f);
    }
}
END_TEST

/* 4253/7.2/2 */
START_TEST(the_first_hash_is_the_session_identifier_and_no_other)
{
    struct fixture f;

    exchange(&f, NACRE_SERVER, true);
    assert_bytes(transport_session_id(&f.transport), (struct bytes){f.kex.hash, 32});
    tear_down(&f);
    exchange(&f, NACRE_SERVER, false);
    ck_assert_uint_eq(transport_session_id(&f.transport).len, 0);
    tear_down(&f);
}
END_TEST

static bool never_starts(void *state, const struct cipher_keys *keys, bool seal)
{
    (void)keys;
    (void)seal;
    memset(state, 1, 8);
    return false;
}

static int stopped;

static void count_stop(void *state)
{
    (void)state;
    stopped++;
}

START_TEST(a_cipher_that_does_not_start_leaves_the_old_keys_and_no_memory)
{
    static const struct cipher_method bad = {
        .aead = true, .state_size = 64, .start = never_starts, .stop = count_stop};
    struct direction d;
    struct pool pool;

    pool_init(&pool, NULL);
    direction_init(&d);
    d.seq = 7;
    stopped = 0;
    ck_assert(!direction_rekey(&d, &pool, &bad, &(struct cipher_keys){0}, true));
    ck_assert_int_eq(stopped, 1);
    ck_assert_uint_eq(pool.in_use, 0);
    ck_assert_ptr_eq(d.cipher, &cipher_none);
    ck_assert_ptr_null(d.state);
    ck_assert_uint_eq(d.seq, 7);
    pool_clear(&pool);
}
END_TEST

/* Each is derived into a buffer for the longest key, and copied from it. */
START_TEST(derived_keys_are_wiped_once_they_are_in_use)
{
    enum { DERIVED = 64 + HASH_MAX, IV_BUFFER = 16 };
    static const uint8_t some[32] = {1};
    struct fixture f;

    set_up(&f, NACRE_CLIENT, &hash_sha256);
    agreed(&f, BYTES_OF_ARRAY(some), BYTES_OF_ARRAY(some), BYTES_OF_ARRAY(some));
    wiped_record();
    ck_assert(keys_take(&f.transport, true));
    assert_wiped(DERIVED, 3);
    assert_wiped(IV_BUFFER, 1);
    assert_wiped(KEY, 2);
    ck_assert(wiped_exactly((struct bytes){f.seen['C' - 'A'], KEY}));
    ck_assert(wiped_exactly((struct bytes){f.seen['E' - 'A'], KEY}));
    tear_down(&f);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, known_answers_of_the_key_derivation);
    add_test(suite, more_known_answers_of_the_key_derivation);
    add_test(suite, each_role_sends_with_its_own_letters);
    add_test(suite, a_secret_is_encoded_as_an_mpint);
    add_test(suite, the_secret_of_a_hybrid_is_encoded_as_a_string);
    add_test(suite, a_secret_that_is_too_long_is_refused);
    add_test(suite, the_exchange_hash_covers_everything_in_the_order_of_the_rfc);
    add_test(suite, the_first_hash_is_the_session_identifier_and_no_other);
    add_test(suite, a_cipher_that_does_not_start_leaves_the_old_keys_and_no_memory);
    add_test(suite, derived_keys_are_wiped_once_they_are_in_use);
}
