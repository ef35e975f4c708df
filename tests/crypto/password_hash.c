#include "crypto/password_hash.h"

#include "apps/confine/confine.h"
#include "tests/support/suite.h"

#include <sys/resource.h>

/* The known answer in the tests of Argon2's reference implementation for version 19, 2 passes over
 * 64 MiB, 1 lane, password "password", salt "somesalt". */
static const char known[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
                            "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

static bool verifies(const char *hash, struct bytes password)
{
    bool no_memory = true, right = password_hash_verify(hash, password, &no_memory);

    ck_assert(!no_memory);
    return right;
}

START_TEST(a_known_hash_verifies_its_password_only)
{
    ck_assert(verifies(known, bytes_of("password")));
    ck_assert(!verifies(known, bytes_of("Password")));
    ck_assert(!verifies(known, bytes_of("")));
}
END_TEST

START_TEST(a_new_hash_verifies_its_password_only)
{
    char hash[PASSWORD_HASH_MAX], other[PASSWORD_HASH_MAX];
    const struct bytes with_nul = {(const uint8_t *)"a\0b", 3};

    ck_assert(password_hash_create(hash, with_nul));
    ck_assert(password_hash_is(hash));
    ck_assert_msg(strstr(hash, "$m=65536,t=2,p=1$") != NULL, "%s", hash);
    ck_assert(verifies(hash, with_nul));
    ck_assert(!verifies(hash, bytes_of("a")));
    ck_assert(password_hash_create(other, with_nul));
    ck_assert_str_ne(hash, other);
}
END_TEST

START_TEST(only_argon2id_texts_are_hashes)
{
    char too_long[PASSWORD_HASH_MAX + 1];

    memset(too_long, 'x', sizeof too_long);
    memcpy(too_long, "$argon2id$", 10);
    too_long[PASSWORD_HASH_MAX] = '\0';
    ck_assert(password_hash_is(known));
    ck_assert(password_hash_is("$argon2id$"));
    ck_assert(!password_hash_is(""));
    ck_assert(!password_hash_is("argon2id$"));
    ck_assert(!password_hash_is("$argon2i$v=19$m=65536,t=2,p=1$"));
    ck_assert(!password_hash_is("$2b$12$abc"));
    ck_assert(!password_hash_is(too_long));
}
END_TEST

START_TEST(malformed_hashes_verify_nothing)
{
    static const char *const bad[] = {
        "",
        "$argon2id$",
        "$argon2id$v=19$m=65536,t=2,p=1$",
        "$argon2id$v=19$m=65536,t=2,p=1$$",
        "$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=x,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPP!",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPcA",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!verifies(bad[i], bytes_of("password")), "%s", bad[i]);
}
END_TEST

START_TEST(a_dummy_costs_as_much_as_its_model_and_verifies_nothing)
{
    static const char model[] = "$argon2id$v=19$m=8192,t=3,p=1$c29tZXNhbHQ$AAAA";
    char dummy[PASSWORD_HASH_MAX];

    password_hash_dummy(dummy, model);
    ck_assert(strncmp(dummy, "$argon2id$v=19$m=8192,t=3,p=1$", 30) == 0);
    ck_assert(!verifies(dummy, bytes_of("password")));
    ck_assert(!verifies(dummy, bytes_of("")));
    password_hash_dummy(dummy, NULL);
    ck_assert(strncmp(dummy, known, strlen("$argon2id$v=19$m=65536,t=2,p=1$")) == 0);
    password_hash_dummy(dummy, "plain text");
    ck_assert(strncmp(dummy, known, strlen("$argon2id$v=19$m=65536,t=2,p=1$")) == 0);
    password_hash_dummy(dummy, "$argon2id$v=19");
    ck_assert(strncmp(dummy, known, strlen("$argon2id$v=19$m=65536,t=2,p=1$")) == 0);
}
END_TEST

/* If the dummy were malformed, verification would stop early and take less time. So the same text
 * with the tag of a real password must verify. */
START_TEST(a_dummy_is_well_formed)
{
    char dummy[PASSWORD_HASH_MAX];

    password_hash_dummy(dummy, known);
    ck_assert_uint_eq(strlen(dummy), strlen("$argon2id$v=19$m=65536,t=2,p=1$") + 22 + 1 + 43);
    memcpy(dummy, known, sizeof known);
    ck_assert(verifies(dummy, bytes_of("password")));
}
END_TEST

/* The process may have no more than it has now. _i: 0 has a salt of 8 bytes, 1 one of 16. */
START_TEST(a_lack_of_memory_is_no_wrong_password)
{
    char new_hash[PASSWORD_HASH_MAX];
    const char *hash = _i == 0 ? known : new_hash;
    struct rlimit before, none;
    bool no_memory = false;

    if (CONFINE_SANITIZED)
        return;
    ck_assert(password_hash_create(new_hash, bytes_of("password")));
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
    ck_assert(!password_hash_verify(hash, bytes_of("password"), &no_memory));
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
    ck_assert(no_memory);
    ck_assert(verifies(hash, bytes_of("password")));
    ck_assert(!verifies(hash, bytes_of("wrong")));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_lack_of_memory_is_no_wrong_password, 0, 2);
    add_test(suite, a_known_hash_verifies_its_password_only);
    add_test(suite, a_new_hash_verifies_its_password_only);
    add_test(suite, only_argon2id_texts_are_hashes);
    add_test(suite, malformed_hashes_verify_nothing);
    add_test(suite, a_dummy_costs_as_much_as_its_model_and_verifies_nothing);
    add_test(suite, a_dummy_is_well_formed);
}
