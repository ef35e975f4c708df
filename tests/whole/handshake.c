/* One whole session per key exchange method, from a fixed seed, compared byte for byte with
 * vectors/handshake.txt. tests/interop/test_handshake.py computes hashes, keys and packets of that
 * file again with another library. `NACRE_WRITE=1 build/tests/whole/handshake` writes the file: do
 * that only when the bytes are meant to change. */
#include "tests/support/suite.h"
#include "tests/support/tables.h"
#include "tests/support/vector_session.h"
#include "tests/support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct secrets {
    uint8_t k[2048];
    size_t k_len;
};

static void on_secret(void *context, char label, const uint8_t *bytes, size_t len)
{
    struct end *e = context;

    if (label == 'K' && e == &e->pair->server) {
        struct secrets *s = e->pair->user;

        ck_assert_uint_le(len, sizeof s->k);
        memcpy(s->k, bytes, len);
        s->k_len = len;
    }
}

static const struct nacre_observer observer = {.secret = on_secret};

static void compare(struct vectors *v, const char *name, size_t nth, const uint8_t *at, size_t len)
{
    struct bytes known = vectors_nth(v, name, nth);

    ck_assert_msg(known.len == len, "%s %zu: %zu bytes, known are %zu", name, nth, len, known.len);
    for (size_t i = 0; i < len; i++)
        ck_assert_msg(known.at[i] == at[i], "%s %zu: byte %zu differs", name, nth, i);
}

START_TEST(a_session_with_each_method_has_the_known_bytes)
{
    struct vectors *v = vectors_open("handshake.txt");
    size_t method = (size_t)_i;
    struct secrets s;
    struct pair p;

    ck_assert_uint_eq(vectors_count(v, "kex"), (size_t)algorithm_count(ALGORITHM_KEX));
    ck_assert_str_eq(vectors_text(v, "kex", method), algorithms_of(ALGORITHM_KEX)[method].name);
    vector_session(&p, method, &observer, &s);
    compare(v, "client", method, p.client.record, (size_t)p.client.sent);
    compare(v, "server", method, p.server.record, (size_t)p.server.sent);
    compare(v, "K", method, s.k, s.k_len);
    pair_clear(&p);
    vectors_close(v);
}
END_TEST

static void write_hex(FILE *f, const char *name, const uint8_t *at, size_t len)
{
    (void)fprintf(f, "%s = ", name);
    for (size_t i = 0; i < len; i++)
        (void)fprintf(f, "%02x", at[i]);
    (void)fprintf(f, "\n");
}

START_TEST(write_the_file)
{
    FILE *f = fopen("vectors/handshake.txt", "w");

    ck_assert_ptr_nonnull(f);
    (void)fprintf(
        f, "# Made by tests/whole/handshake.c; hash, signature, keys and packets recomputed by "
           "tests/interop/test_handshake.py\n"
           "# All bytes each side sent, and K as it enters the exchange hash\n");
    for (size_t method = 0; method < (size_t)algorithm_count(ALGORITHM_KEX); method++) {
        struct secrets s;
        struct pair p;

        vector_session(&p, method, &observer, &s);
        (void)fprintf(f, "\nkex = %s\n", algorithms_of(ALGORITHM_KEX)[method].name);
        write_hex(f, "client", p.client.record, (size_t)p.client.sent);
        write_hex(f, "server", p.server.record, (size_t)p.server.sent);
        write_hex(f, "K", s.k, s.k_len);
        pair_clear(&p);
    }
    (void)fclose(f);
}
END_TEST

void add_tests(struct suite *suite)
{
    if (getenv("NACRE_WRITE") != NULL)
        add_test(suite, write_the_file);
    else
        add_loop(suite, a_session_with_each_method_has_the_known_bytes, 0,
                 algorithm_count(ALGORITHM_KEX));
}
