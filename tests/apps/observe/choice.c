#include "apps/observe/choice.h"

#include "tests/support/suite.h"
#include "transport/message.h"

static struct bytes client[KEXINIT_LISTS], server[KEXINIT_LISTS];
static struct print_choice chosen[KEXINIT_LISTS];

static void offer(size_t list, const char *of_client, const char *of_server)
{
    client[list] = bytes_of(of_client);
    server[list] = bytes_of(of_server);
}

static void expect(size_t list, const char *name, const char *why)
{
    choice_make(client, server, chosen);
    assert_bytes(chosen[list].name, bytes_of(name));
    ck_assert_str_eq(chosen[list].why, why);
}

START_TEST(the_client_s_order_decides)
{
    offer(0, "a,b", "b,a");
    expect(0, "a", "the client's first, and the server has it too");
    offer(0, "x,b,a", "a,b");
    expect(0, "b", "the first of the client's names that the server has too");
    offer(0, "x", "y");
    expect(0, "", "no name in common");
    offer(0, "", "y");
    expect(0, "", "no name in common");
}
END_TEST

START_TEST(markers_are_never_chosen)
{
    offer(0, "ext-info-c,kex-strict-c-v00@openssh.com,a",
          "a,ext-info-s,kex-strict-s-v00@openssh.com");
    expect(0, "a", "the first of the client's names that the server has too");
}
END_TEST

START_TEST(a_cipher_that_authenticates_needs_no_mac)
{
    offer(2, "aes256-gcm@openssh.com", "aes256-gcm@openssh.com");
    offer(3, "aes256-ctr", "aes256-ctr");
    offer(4, "m", "m");
    offer(5, "m", "m");
    expect(4, "", "the cipher authenticates packets itself");
    expect(5, "m", "the client's first, and the server has it too");
    offer(2, "aes256-ctr", "aes256-ctr");
    offer(3, "aes256-gcm@openssh.com", "aes256-gcm@openssh.com");
    expect(3, "aes256-gcm@openssh.com", "the client's first, and the server has it too");
    expect(4, "m", "the client's first, and the server has it too");
    expect(5, "", "the cipher authenticates packets itself");
}
END_TEST

START_TEST(languages_are_not_negotiated)
{
    offer(8, "en", "en");
    choice_make(client, server, chosen);
    ck_assert_ptr_null(chosen[8].why);
    ck_assert_str_eq(choice_name(8), "languages_client_to_server");
}
END_TEST

START_TEST(lists_are_read_from_a_kexinit_and_empty_where_it_is_cut)
{
    uint8_t out[256];
    struct writer w = write_to(out, sizeof out);
    struct bytes lists[KEXINIT_LISTS];

    write_u8(&w, SSH_MSG_KEXINIT);
    write_u64(&w, 0);
    write_u64(&w, 0);
    write_text(&w, "a,b");
    write_text(&w, "k");
    write_u32(&w, 100);
    choice_read(written_bytes(&w), lists);
    assert_bytes(lists[0], bytes_of("a,b"));
    assert_bytes(lists[1], bytes_of("k"));
    for (size_t i = 2; i < KEXINIT_LISTS; i++)
        ck_assert_uint_eq(lists[i].len, 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_client_s_order_decides);
    add_test(suite, markers_are_never_chosen);
    add_test(suite, a_cipher_that_authenticates_needs_no_mac);
    add_test(suite, languages_are_not_negotiated);
    add_test(suite, lists_are_read_from_a_kexinit_and_empty_where_it_is_cut);
}
