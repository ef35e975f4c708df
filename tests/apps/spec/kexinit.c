/* nacre-spec's KEXINIT: lists, the message, and the negotiation of RFC 4253 section 7.1. */
#include "apps/spec/kexinit.h"
#include "tests/support/suite.h"

static struct kexinit client, server; /* too large for a stack */
static struct negotiated n;
static enum kexinit_list failed;

START_TEST(lists_can_be_edited)
{
    char list[NAMES_MAX], name[NAME_MAX_LEN];

    list_set(list, "a,b,c,b");
    list_remove(list, "b");
    ck_assert_str_eq(list, "a,c");
    list_first(list, "c");
    ck_assert_str_eq(list, "c,a");
    list_before(list, "x,y");
    list_after(list, "z");
    ck_assert_str_eq(list, "x,y,c,a,z");
    ck_assert(list_contains(list, "z") && !list_contains(list, "x,y") && !list_contains(list, ""));
    ck_assert(list_item(list, 4, name));
    ck_assert_str_eq(name, "z");
    ck_assert(!list_item(list, 5, name));
    list_common(list, "a,b,c", "c,x,a");
    ck_assert_str_eq(list, "a,c");
    list_remove(list, "a");
    list_remove(list, "c");
    ck_assert_str_eq(list, "");
}
END_TEST

START_TEST(a_kexinit_is_read_as_it_was_written)
{
    static uint8_t payload[KEXINIT_ROOM];
    struct writer w = write_to(payload, sizeof payload);

    kexinit_offer_all(&client, NACRE_CLIENT);
    client.follows = true;
    client.reserved = 7;
    kexinit_write(&client, &w);
    ck_assert(kexinit_read(&server, written_bytes(&w)));
    ck_assert_mem_eq(&client, &server, sizeof client);
    ck_assert(!kexinit_read(&server, (struct bytes){payload, written(&w) - 1}));
    payload[written(&w)] = 0;
    ck_assert(!kexinit_read(&server, (struct bytes){payload, written(&w) + 1}));
}
END_TEST

static void both_offer_all(void)
{
    kexinit_offer_all(&client, NACRE_CLIENT);
    kexinit_offer_all(&server, NACRE_SERVER);
}

START_TEST(the_clients_first_common_name_is_chosen)
{
    both_offer_all();
    list_set(client.list[LIST_KEX], "unknown,ecdh-sha2-nistp256,curve25519-sha256");
    list_set(server.list[LIST_KEX], "curve25519-sha256,ecdh-sha2-nistp256");
    list_set(client.list[LIST_CIPHER_TO_SERVER], "aes128-ctr");
    ck_assert(kexinit_negotiate_both(&client, &server, &n, &failed));
    ck_assert_ptr_eq(n.kex, &kex_nistp256);
    ck_assert(!n.guess_right);
    ck_assert_ptr_eq(n.cipher[NACRE_CLIENT], &cipher_aes128_ctr);
    ck_assert_ptr_eq(n.mac[NACRE_CLIENT], &mac_hmac_sha2_256);
    ck_assert_ptr_eq(n.cipher[NACRE_SERVER], &cipher_chacha20_poly1305);
    ck_assert_ptr_null(n.mac[NACRE_SERVER]);
}
END_TEST

START_TEST(a_marker_is_not_a_method)
{
    both_offer_all();
    list_set(client.list[LIST_KEX], "ext-info-c,kex-strict-c-v00@openssh.com,ext-info-s");
    list_set(server.list[LIST_KEX], "curve25519-sha256,ext-info-s,kex-strict-c-v00@openssh.com");
    ck_assert(!kexinit_negotiate_both(&client, &server, &n, &failed));
    ck_assert_int_eq(failed, LIST_KEX);
}
END_TEST

/* RFC 4253 section 7; markers do not count: RFC 8308 section 2.1 */
START_TEST(a_guess_is_right_if_both_first_names_are_the_same)
{
    both_offer_all();
    list_before(client.list[LIST_KEX], "ext-info-c");
    ck_assert(kexinit_negotiate_both(&client, &server, &n, &failed) && n.guess_right);
    list_first(client.list[LIST_HOST_KEY], "rsa-sha2-256");
    ck_assert(kexinit_negotiate_both(&client, &server, &n, &failed) && !n.guess_right);
}
END_TEST

START_TEST(an_aead_cipher_needs_no_mac)
{
    both_offer_all();
    list_set_both(&client, LIST_MAC_TO_SERVER, "unknown");
    ck_assert(kexinit_negotiate_both(&client, &server, &n, &failed));
    list_set(client.list[LIST_CIPHER_TO_CLIENT], "aes256-ctr");
    ck_assert(!kexinit_negotiate_both(&client, &server, &n, &failed));
    ck_assert_int_eq(failed, LIST_MAC_TO_CLIENT);
}
END_TEST

/* draft-ietf-sshm-strict-kex section 3.1 */
START_TEST(strict_kex_needs_the_same_kind_of_marker)
{
    both_offer_all();
    ck_assert(strict_agreed(&client, &server));
    list_remove(client.list[LIST_KEX], "kex-strict-c");
    ck_assert(strict_agreed(&client, &server));
    list_remove(server.list[LIST_KEX], "kex-strict-s-v00@openssh.com");
    ck_assert(!strict_agreed(&client, &server));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, lists_can_be_edited);
    add_test(suite, a_kexinit_is_read_as_it_was_written);
    add_test(suite, the_clients_first_common_name_is_chosen);
    add_test(suite, a_marker_is_not_a_method);
    add_test(suite, a_guess_is_right_if_both_first_names_are_the_same);
    add_test(suite, an_aead_cipher_needs_no_mac);
    add_test(suite, strict_kex_needs_the_same_kind_of_marker);
}
