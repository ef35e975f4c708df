/* The tables of algorithms and the choice between two name-lists. RFC 4253 section 7.1. */
#include "tests/support/suite.h"
#include "transport/algorithms.h"
#include "transport/cipher.h"
#include "transport/kex_method.h"

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* 4250/4.6.1/1, 4251/6/2, 4251/6/3 */
START_TEST(every_name_is_legal_by_rfc_4251_section_6)
{
    for (enum algorithm_kind kind = 0; kind < ALGORITHM_KINDS; kind++)
        for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++) {
            const char *at = strchr(a->name, '@');

            ck_assert(is_name(bytes_of(a->name)));
            ck_assert_uint_le(strlen(a->name), 64);
            ck_assert_uint_ge(strlen(a->name), 1);
            ck_assert_ptr_null(strchr(a->name, ','));
            ck_assert(at == NULL || strchr(at + 1, '@') == NULL);
        }
}
END_TEST

START_TEST(every_name_is_listed_once_and_has_a_method)
{
    for (enum algorithm_kind kind = 0; kind < ALGORITHM_KINDS; kind++)
        for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++) {
            ck_assert_ptr_nonnull(a->method);
            ck_assert_ptr_eq(algorithm_find(kind, bytes_of(a->name)), a);
        }
}
END_TEST

/* 4253/6.3/3, 4253/6.4/7 */
START_TEST(no_cipher_and_no_mac_is_named_none)
{
    ck_assert_ptr_null(algorithm_find(ALGORITHM_CIPHER, bytes_of("none")));
    ck_assert_ptr_null(algorithm_find(ALGORITHM_MAC, bytes_of("none")));
}
END_TEST

/* gcm/2/1 */
START_TEST(aead_ciphers_are_not_macs)
{
    for (const struct algorithm *a = algorithms_of(ALGORITHM_CIPHER); a->name != NULL; a++)
        ck_assert_ptr_null(algorithm_find(ALGORITHM_MAC, bytes_of(a->name)));
}
END_TEST

/* 8308/2.2/4, strict/3.1/6: a marker is never chosen as a key exchange method. */
START_TEST(markers_are_not_algorithms)
{
    static const char *const names[] = {"ext-info-c",
                                        "ext-info-s",
                                        "kex-strict-c",
                                        "kex-strict-s",
                                        "kex-strict-c-v00@openssh.com",
                                        "kex-strict-s-v00@openssh.com"};

    for (size_t i = 0; i < COUNT(names); i++)
        ck_assert_ptr_null(algorithm_choose(ALGORITHM_KEX, bytes_of(names[i]), bytes_of(names[i])));
}
END_TEST

/* 8731/3/6 */
START_TEST(both_names_of_curve25519_are_the_same_method)
{
    ck_assert_ptr_eq(algorithm_find(ALGORITHM_KEX, bytes_of("curve25519-sha256"))->method,
                     &kex_curve25519);
    ck_assert_ptr_eq(
        algorithm_find(ALGORITHM_KEX, bytes_of("curve25519-sha256@libssh.org"))->method,
        &kex_curve25519);
}
END_TEST

/* RFC 4253 section 6 bounds block and key lengths; packet.c and keys.c rely on it. */
START_TEST(every_cipher_fits_the_bounds_of_packets_and_keys)
{
    for (const struct algorithm *a = algorithms_of(ALGORITHM_CIPHER); a->name != NULL; a++) {
        const struct cipher_method *m = a->method;

        ck_assert(m->block_len == 8 || m->block_len == 16);
        ck_assert_uint_le(m->key_len, 64);
        ck_assert_uint_le(m->iv_len, 16);
        ck_assert_uint_le(m->tag_len, 64);
        ck_assert(m->aead == (m->tag_len > 0));
        ck_assert_uint_gt(m->state_size, 0);
    }
}
END_TEST

/* 4253/7.1/1 */
START_TEST(the_defaults_are_all_names_that_are_not_off_best_first)
{
    for (enum algorithm_kind kind = 0; kind < ALGORITHM_KINDS; kind++) {
        uint8_t out[2048];
        struct writer w = write_to(out, sizeof out);
        struct bytes list, name;

        write_default_names(&w, kind);
        ck_assert(!w.bad);
        list = written_bytes(&w);
        ck_assert_uint_gt(list.len, 0);
        for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++) {
            if (a->off)
                continue;
            ck_assert(next_name(&list, &name));
            assert_bytes(name, bytes_of(a->name));
        }
        ck_assert(!next_name(&list, &name));
    }
}
END_TEST

START_TEST(methods_that_cost_a_server_milliseconds_are_off_unless_named)
{
    static const char added[] =
        ",diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,"
        "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256,diffie-hellman-group14-sha1";
    uint8_t defaults[2048], out[2048];
    struct writer d = write_to(defaults, sizeof defaults), w = write_to(out, sizeof out);
    struct bytes list, name, unknown;

    write_default_names(&d, ALGORITHM_KEX);
    list = written_bytes(&d);
    while (next_name(&list, &name))
        ck_assert(!bytes_match(bytes_of("diffie-hellman-*"), name, false) &&
                  !bytes_are(name, "ecdh-sha2-nistp384"));
    ck_assert(algorithm_list_apply(ALGORITHM_KEX, bytes_of("+diffie-hellman-*"), &w, &unknown));
    write_bytes(&d, bytes_of(added));
    assert_bytes(written_bytes(&w), written_bytes(&d));
}
END_TEST

START_TEST(whatever_uses_sha_1_is_off_unless_named)
{
    static const char *const names[ALGORITHM_KINDS] = {
        [ALGORITHM_KEX] = "diffie-hellman-group14-sha1",
        [ALGORITHM_HOST_KEY] = "ssh-rsa",
        [ALGORITHM_PUBLIC_KEY] = "ssh-rsa",
        [ALGORITHM_MAC] = "hmac-sha1",
    };

    for (enum algorithm_kind kind = 0; kind < ALGORITHM_KINDS; kind++) {
        ck_assert(names[kind] == NULL || algorithm_find(kind, bytes_of(names[kind]))->off);
        for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++)
            ck_assert(!bytes_match(bytes_of("*sha1*"), bytes_of(a->name), false) || a->off);
    }
}
END_TEST

/* 4253/7.1/2, 4253/7.1/3, 4253/7.1/4, 4253/7.1/16, 4251/6/1, 4251/6/2 */
START_TEST(the_clients_first_name_that_the_server_has_too_is_chosen)
{
    static const char gcm[] = "aes128-gcm@openssh.com", cha[] = "chacha20-poly1305@openssh.com";
    static const struct {
        const char *client, *server, *chosen;
    } cases[] = {
        {"aes128-gcm@openssh.com,chacha20-poly1305@openssh.com",
         "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com", gcm},
        {"chacha20-poly1305@openssh.com,aes128-gcm@openssh.com",
         "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com", cha},
        {"unknown,x@y,aes128-gcm@openssh.com", "unknown,x@y,aes128-gcm@openssh.com", gcm},
        {"unknown,aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com",
         gcm},
        {"aes128-gcm@openssh.com,aes128-gcm@openssh.com",
         "x,aes128-gcm@openssh.com,aes128-gcm@openssh.com", gcm},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,aes128-gcm@openssh."
         "com",
         "aes128-gcm@openssh.com", gcm},
        {"AES128-GCM@OPENSSH.COM", "aes128-gcm@openssh.com", NULL},
        {"aes128-gcm@openssh.com", "AES128-GCM@OPENSSH.COM", NULL},
        {"aes128-gcm@openssh.co", "aes128-gcm@openssh.com", NULL},
        {"aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", NULL},
        {"unknown", "unknown", NULL}, /* both peers have it, we do not */
        {"", "aes128-gcm@openssh.com", NULL},
        {"aes128-gcm@openssh.com", "", NULL},
        {"", "", NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct algorithm *a = algorithm_choose(ALGORITHM_CIPHER, bytes_of(cases[i].client),
                                                     bytes_of(cases[i].server));

        if (cases[i].chosen == NULL)
            ck_assert_ptr_null(a);
        else
            ck_assert_str_eq(a == NULL ? "none" : a->name, cases[i].chosen);
    }
}
END_TEST

/* 4253/7.1/2: "For every pair of supported kex methods offer both orders." */
START_TEST(the_clients_order_decides_for_every_pair)
{
    for (enum algorithm_kind kind = 0; kind < ALGORITHM_KINDS; kind++)
        for (const struct algorithm *a = algorithms_of(kind); a->name != NULL; a++)
            for (const struct algorithm *b = algorithms_of(kind); b->name != NULL; b++) {
                char client[160], server[160];

                snprintf(client, sizeof client, "%s,%s", a->name, b->name);
                snprintf(server, sizeof server, "%s,%s", b->name, a->name);
                ck_assert_ptr_eq(algorithm_choose(kind, bytes_of(client), bytes_of(server)), a);
            }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, every_name_is_legal_by_rfc_4251_section_6);
    add_test(suite, every_name_is_listed_once_and_has_a_method);
    add_test(suite, no_cipher_and_no_mac_is_named_none);
    add_test(suite, aead_ciphers_are_not_macs);
    add_test(suite, markers_are_not_algorithms);
    add_test(suite, both_names_of_curve25519_are_the_same_method);
    add_test(suite, every_cipher_fits_the_bounds_of_packets_and_keys);
    add_test(suite, the_defaults_are_all_names_that_are_not_off_best_first);
    add_test(suite, methods_that_cost_a_server_milliseconds_are_off_unless_named);
    add_test(suite, whatever_uses_sha_1_is_off_unless_named);
    add_test(suite, the_clients_first_name_that_the_server_has_too_is_chosen);
    add_test(suite, the_clients_order_decides_for_every_pair);
}
