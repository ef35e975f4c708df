/* Security keys: PROTOCOL.u2f, "SSH U2F Signatures". Our own keys stand in for the hardware. */
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "transport/key_pair.h"
#include "tests/support/suite.h"

#include <string.h>

enum { PRESENT = 1, VERIFIED = 4 };

/* What may be wrong with a signature. */
struct token {
    const struct signature_algorithm *algorithm;
    const char *type, *application, *signed_application, *name;
    uint8_t flags, signed_flags;
    uint32_t counter, signed_counter;
    bool flip, more_in_key, more_in_signature;
};

static struct nacre_key key; /* in the token */
static uint8_t blob[512], signature[512];
static size_t blob_len, signature_len;
static const char message[] = "what the user authentication signs";

static struct token right(int nist)
{
    const struct signature_algorithm *a = nist ? &signature_sk_nistp256 : &signature_sk_ed25519;

    return (struct token){.algorithm = a,
                          .type = a->key_type,
                          .name = a->name,
                          .application = "ssh:",
                          .signed_application = "ssh:",
                          .flags = PRESENT,
                          .signed_flags = PRESENT,
                          .counter = 7,
                          .signed_counter = 7};
}

static bool is_nist(const struct token *t)
{
    return t->algorithm == &signature_sk_nistp256;
}

static void make_key(const struct token *t)
{
    static const uint8_t secret[32] = {5};

    if (is_nist(t))
        ck_assert(private_key_ecdsa(&key, &ec_nistp256, (struct bytes){secret, 32},
                                    (struct bytes){NULL, 0}));
    else
        ck_assert(private_key_ed25519(&key, secret));
}

/* string type, (string curve,) string public key, string application */
static void make_blob(const struct token *t)
{
    struct reader plain = read_from(private_key_blob(&key));
    struct writer w = write_to(blob, sizeof blob);

    (void)read_string(&plain);
    write_text(&w, t->type);
    write_bytes(&w, read_rest(&plain)); /* the fields of an ordinary key of that type */
    write_text(&w, t->application);
    if (t->more_in_key)
        write_u8(&w, 0);
    blob_len = written(&w);
}

/* byte[32] SHA256(application), byte flags, uint32 counter, byte[32] SHA256(message) */
static struct bytes to_sign(const struct token *t, uint8_t out[69])
{
    struct writer w = write_to(out, 69);
    uint8_t digest[32];

    ck_assert(hash_of(&hash_sha256, bytes_of(t->signed_application), digest));
    write_bytes(&w, (struct bytes){digest, 32});
    write_u8(&w, t->signed_flags);
    write_u32(&w, t->signed_counter);
    ck_assert(hash_of(&hash_sha256, bytes_of(message), digest));
    write_bytes(&w, (struct bytes){digest, 32});
    return written_bytes(&w);
}

/* string name, string signature, byte flags, uint32 counter */
static void make_signature(const struct token *t)
{
    uint8_t data[69], plain_blob[256];
    struct writer plain = write_to(plain_blob, sizeof plain_blob);
    struct writer w = write_to(signature, sizeof signature);
    struct reader r;
    struct bytes bare;

    ck_assert(key_sign(&key, is_nist(t) ? &signature_nistp256 : &signature_ed25519,
                       to_sign(t, data), &plain));
    r = read_from(written_bytes(&plain));
    (void)read_string(&r);
    bare = read_string(&r);
    plain_blob[(size_t)(bare.at - plain_blob) + bare.len - 1] ^= t->flip ? 1 : 0;
    write_text(&w, t->name);
    write_string(&w, bare);
    write_u8(&w, t->flags);
    write_u32(&w, t->counter);
    if (t->more_in_signature)
        write_u8(&w, 0);
    signature_len = written(&w);
}

static bool is_accepted(const struct token *t)
{
    bool accepted;

    make_key(t);
    make_blob(t);
    make_signature(t);
    accepted = key_verify(t->algorithm, (struct bytes){blob, blob_len},
                          (struct bytes){signature, signature_len}, bytes_of(message));
    private_key_clear(&key);
    return accepted;
}

START_TEST(the_signature_of_a_touched_key_verifies)
{
    struct token t = right(_i);

    ck_assert(is_accepted(&t));
    t.flags = t.signed_flags = PRESENT | VERIFIED;
    ck_assert(is_accepted(&t));
    t.application = t.signed_application = "ssh:work";
    ck_assert(is_accepted(&t));
}
END_TEST

START_TEST(a_signature_without_a_touch_is_not_accepted)
{
    struct token t = right(_i);

    t.flags = t.signed_flags = 0;
    ck_assert(!is_accepted(&t));
    t.flags = t.signed_flags = VERIFIED;
    ck_assert(!is_accepted(&t));
}
END_TEST

START_TEST(a_signature_of_other_data_is_not_accepted)
{
    struct token t;

    t = right(_i), t.flags |= VERIFIED;
    ck_assert(!is_accepted(&t));
    t = right(_i), t.counter++;
    ck_assert(!is_accepted(&t));
    t = right(_i), t.application = "ssh:other";
    ck_assert(!is_accepted(&t));
    t = right(_i), t.flip = true;
    ck_assert(!is_accepted(&t));
}
END_TEST

START_TEST(another_name_type_or_length_is_not_accepted)
{
    struct token t;

    t = right(_i), t.name = right(!_i).name;
    ck_assert(!is_accepted(&t));
    t = right(_i), t.type = right(!_i).type;
    ck_assert(!is_accepted(&t));
    t = right(_i), t.more_in_key = true;
    ck_assert(!is_accepted(&t));
    t = right(_i), t.more_in_signature = true;
    ck_assert(!is_accepted(&t));
}
END_TEST

START_TEST(a_signature_that_is_cut_short_is_not_accepted)
{
    struct token t = right(_i);

    make_key(&t);
    make_blob(&t);
    make_signature(&t);
    for (size_t n = 0; n < signature_len; n++)
        ck_assert(!key_verify(t.algorithm, (struct bytes){blob, blob_len},
                              (struct bytes){signature, n}, bytes_of(message)));
    private_key_clear(&key);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, the_signature_of_a_touched_key_verifies, 0, 2);
    add_loop(suite, a_signature_without_a_touch_is_not_accepted, 0, 2);
    add_loop(suite, a_signature_of_other_data_is_not_accepted, 0, 2);
    add_loop(suite, another_name_type_or_length_is_not_accepted, 0, 2);
    add_loop(suite, a_signature_that_is_cut_short_is_not_accepted, 0, 2);
}
