/* The JSON and the text of messages: print.c, print_json.c, print_text.c. */
#include "apps/observe/print.h"

#include "tests/support/suite.h"
#include "transport/message.h"

#include <stdio.h>

static char buffer[8192];
static uint8_t out[2048];
static struct message_context context;
static struct print_options options;
static struct print_choice chosen[KEXINIT_LISTS];

static enum nacre_direction direction = NACRE_RECEIVED;

static void print(void (*how)(struct line *, const struct print_message *,
                              const struct print_options *, struct print_summary *),
                  struct bytes payload, size_t size)
{
    const struct print_message m = {.us = 7000003,
                                    .conn = 3,
                                    .direction = direction,
                                    .seq = 9,
                                    .phase = "auth",
                                    .payload = payload,
                                    .context = &context,
                                    .chosen = chosen};
    struct line l = line_in(buffer, size);
    struct print_summary s;

    memset(buffer, 0, sizeof buffer);
    how(&l, &m, &options, &s);
    ck_assert(!l.full);
}

static struct bytes password_request(void)
{
    struct writer w = write_to(out, sizeof out);

    write_u8(&w, SSH_MSG_USERAUTH_REQUEST);
    write_text(&w, "al");
    write_text(&w, "x");
    write_text(&w, "password");
    write_bool(&w, false);
    write_text(&w, "hunter2");
    return written_bytes(&w);
}

static struct bytes data(size_t len)
{
    struct writer w = write_to(out, sizeof out);

    write_u8(&w, SSH_MSG_CHANNEL_DATA);
    write_u32(&w, 0);
    write_u32(&w, (uint32_t)len);
    for (size_t i = 0; i < len; i++)
        write_u8(&w, 'd');
    return written_bytes(&w);
}

static struct bytes kexinit(void)
{
    struct writer w = write_to(out, sizeof out);

    write_u8(&w, SSH_MSG_KEXINIT);
    write_u64(&w, 0);
    write_u64(&w, 1);
    write_text(&w, "a,b");
    for (int i = 1; i < KEXINIT_LISTS; i++)
        write_text(&w, i == 1 ? ",x,," : "");
    write_bool(&w, false);
    write_u32(&w, 0);
    return written_bytes(&w);
}

START_TEST(json_has_every_field_with_its_place)
{
    struct writer w = write_to(out, sizeof out);

    write_u8(&w, SSH_MSG_CHANNEL_OPEN_FAILURE);
    write_u32(&w, 7);
    write_u32(&w, 2);
    write_text(&w, "no\n");
    write_text(&w, "\xff");
    print(print_json, written_bytes(&w), sizeof buffer);
    ck_assert_str_eq(buffer,
                     "{\"us\":7000003,\"conn\":3,\"event\":\"message\",\"dir\":\"in\",\"seq\":9,"
                     "\"phase\":\"auth\",\"number\":92,\"name\":\"SSH_MSG_CHANNEL_OPEN_FAILURE\","
                     "\"section\":\"RFC 4254 5.1\",\"length\":21,\"fields\":["
                     "{\"name\":\"recipient channel\",\"type\":\"uint32\",\"at\":1,\"len\":4,"
                     "\"value\":7},"
                     "{\"name\":\"reason code\",\"type\":\"uint32\",\"at\":5,\"len\":4,\"value\":2,"
                     "\"code\":\"SSH_OPEN_CONNECT_FAILED\"},"
                     "{\"name\":\"description\",\"type\":\"string\",\"at\":9,\"len\":7,"
                     "\"text\":\"no\\n\"},"
                     "{\"name\":\"language tag\",\"type\":\"string\",\"at\":16,\"len\":5,"
                     "\"hex\":\"ff\"}],"
                     "\"payload\":\"5c0000000700000002000000036e6f0a00000001ff\",\"cut\":0");
}
END_TEST

START_TEST(a_secret_is_only_a_length)
{
    print(print_json, password_request(), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "{\"name\":\"plaintext password\",\"type\":\"string\","
                                         "\"at\":25,\"len\":11,\"secret\":true}],"
                                         "\"kind\":\"password\",\"kind_section\":\"RFC 4252 8\","
                                         "\"payload\":\""));
    ck_assert_ptr_nonnull(strstr(buffer, "776f72640000000007--------------\",\"cut\":0"));
    ck_assert_ptr_null(strstr(buffer, "hunter2"));
    print(print_text, password_request(), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "    plaintext password: not shown (7 bytes)\n"));
}
END_TEST

START_TEST(secrets_are_shown_on_request)
{
    options.secrets = true;
    print(print_json, password_request(), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "\"len\":11,\"text\":\"hunter2\"}],"));
    ck_assert_ptr_nonnull(strstr(buffer, "0000000768756e74657232\",\"cut\":0"));
    print(print_text, password_request(), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "    plaintext password: 'hunter2'\n"));
}
END_TEST

START_TEST(data_is_cut_unless_all_is_wanted)
{
    print(print_json, data(PRINT_DATA), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "ddd\"}],\"payload\":"));
    ck_assert_ptr_nonnull(strstr(buffer, "\"cut\":0"));
    print(print_json, data(PRINT_DATA + 10), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "\"len\":78,\"text\":\""));
    ck_assert_ptr_nonnull(strstr(buffer, "6464\",\"cut\":10"));
    print(print_text, data(PRINT_DATA + 10), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "ddd'... (74 bytes)\n"));
    options.data = true;
    print(print_json, data(PRINT_DATA + 10), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "\"cut\":0"));
}
END_TEST

START_TEST(a_name_list_shows_what_was_chosen_and_why)
{
    chosen[0] = (struct print_choice){bytes_of("b"), "because"};
    chosen[2] = (struct print_choice){{NULL, 0}, "the cipher needs none"};
    print(print_json, kexinit(), sizeof buffer);
    ck_assert_ptr_nonnull(
        strstr(buffer, "\"list\":[\"a\",\"b\"],\"chosen\":\"b\",\"why\":\"because\"}"));
    ck_assert_ptr_nonnull(strstr(buffer, "\"list\":[\"\",\"x\",\"\",\"\"]}"));
    ck_assert_ptr_nonnull(strstr(buffer, "\"list\":[],\"why\":\"the cipher needs none\"}"));
    print(print_text, kexinit(), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "\n    kex_algorithms: a, *b* [because]\n"));
    ck_assert_ptr_nonnull(strstr(buffer,
                                 "\n    encryption_algorithms_client_to_server: [the cipher "
                                 "needs none]\n"
                                 "    encryption_algorithms_server_to_client:\n"));
    ck_assert_ptr_nonnull(
        strstr(buffer, "\n    cookie: 00000000000000000000000000000001 (16 bytes)\n"));
}
END_TEST

START_TEST(text_has_a_line_for_the_message_and_one_for_each_field)
{
    static const uint8_t message[] = {96, 0, 0, 0, 5}, malformed[] = {96, 0, 5};

    print(print_text, BYTES_OF_ARRAY(message), sizeof buffer);
    ck_assert_str_eq(buffer, "7.000003 #3 <- 9  auth  CHANNEL_EOF (96)  RFC 4254 5.3  5 bytes\n"
                             "    recipient channel: 5\n");
    print(print_text, BYTES_OF_ARRAY(malformed), sizeof buffer);
    ck_assert_str_eq(buffer, "7.000003 #3 <- 9  auth  CHANNEL_EOF (96)  RFC 4254 5.3  3 bytes, "
                             "malformed\n    rest: 0005 (2 bytes)\n");
    print(print_text, password_request(), sizeof buffer);
    ck_assert_msg(strstr(buffer, "  USERAUTH_REQUEST (50) password  RFC 4252 8  ") != NULL, "%s",
                  buffer);
}
END_TEST

/* A share of that many bytes, each 0xaa. */
static void expect_share(size_t len, const char *expected)
{
    struct writer w = write_to(out, sizeof out);
    char value[2 * 128 + 64];
    size_t n = 0;

    write_u8(&w, SSH_MSG_KEX_ECDH_INIT);
    write_u32(&w, (uint32_t)len);
    for (size_t i = 0; i < len; i++)
        write_u8(&w, 0xaa);
    context.kex = context_kex_find("curve25519-sha256");
    print(print_text, written_bytes(&w), sizeof buffer);
    n = (size_t)snprintf(value, sizeof value, "\n    Q_C:%s", len > 0 ? " " : "");
    for (size_t i = 0; i < len && (i < PRINT_HEX_CUT || len <= PRINT_HEX || options.data); i++)
        n += (size_t)snprintf(value + n, sizeof value - n, "aa");
    (void)snprintf(value + n, sizeof value - n, "%s\n", expected);
    ck_assert_msg(strstr(buffer, value) != NULL, "%zu: %s", len, buffer);
}

START_TEST(text_shows_the_beginning_of_long_values)
{
    expect_share(0, " (0 bytes)");
    expect_share(1, " (1 byte)");
    expect_share(64, " (64 bytes)");
    expect_share(65, "... (65 bytes)");
    options.data = true;
    expect_share(65, " (65 bytes)");
}
END_TEST

/* RFC 4251 section 5: every byte but 0 is TRUE, and should not be sent. */
START_TEST(a_boolean_shows_what_it_means_and_what_it_is)
{
    static const char *const json[] = {"\"value\":false}", "\"value\":true}",
                                       "\"value\":true,\"hex\":\"02\"}"};
    static const char *const text[] = {"FALSE\n", "TRUE\n", "TRUE\n"};

    for (uint8_t value = 0; value < 3; value++) {
        struct writer w = write_to(out, sizeof out);
        char expected[128];

        write_u8(&w, SSH_MSG_CHANNEL_REQUEST);
        write_u32(&w, 0);
        write_text(&w, "shell");
        write_u8(&w, value);
        print(print_json, written_bytes(&w), sizeof buffer);
        (void)snprintf(expected, sizeof expected,
                       "{\"name\":\"want reply\",\"type\":\"boolean\",\"at\":14,\"len\":1,%s",
                       json[value]);
        ck_assert_msg(strstr(buffer, expected) != NULL, "%s", buffer);
        print(print_text, written_bytes(&w), sizeof buffer);
        (void)snprintf(expected, sizeof expected, "    want reply: %s", text[value]);
        ck_assert_msg(strstr(buffer, expected) != NULL, "%s", buffer);
    }
}
END_TEST

START_TEST(a_message_may_be_unknown_or_its_own)
{
    static const uint8_t unknown[] = {200, 7};
    struct writer w = write_to(out, sizeof out);

    direction = NACRE_SENT;
    print(print_text, BYTES_OF_ARRAY(unknown), sizeof buffer);
    ck_assert_str_eq(buffer, "7.000003 #3 -> 9  auth  unknown (200)    2 bytes\n"
                             "    rest: 07 (1 byte)\n");
    print(print_json, BYTES_OF_ARRAY(unknown), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "\"dir\":\"out\",\"seq\":9,\"phase\":\"auth\","
                                         "\"number\":200,\"length\":2,\"fields\":["));
    write_u8(&w, SSH_MSG_CHANNEL_OPEN_FAILURE);
    write_u32(&w, 7);
    write_u32(&w, 2);
    write_text(&w, "no");
    write_text(&w, "");
    print(print_text, written_bytes(&w), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "\n    reason code: 2 SSH_OPEN_CONNECT_FAILED\n"
                                         "    description: 'no'\n    language tag: ''\n"));
}
END_TEST

START_TEST(only_the_first_of_two_equal_names_is_marked)
{
    struct writer w = write_to(out, sizeof out);

    write_u8(&w, SSH_MSG_KEXINIT);
    write_u64(&w, 0);
    write_u64(&w, 1);
    for (int i = 0; i < KEXINIT_LISTS; i++)
        write_text(&w, i == 0 ? "a,b,b" : i == 1 ? "\x01" : "b");
    write_bool(&w, false);
    write_u32(&w, 0);
    for (size_t i = 0; i < KEXINIT_LISTS; i++)
        chosen[i] = (struct print_choice){bytes_of("b"), NULL};
    print(print_text, written_bytes(&w), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "\n    kex_algorithms: a, *b*, b\n"
                                         "    server_host_key_algorithms: 01 (1 byte)\n"));
    ck_assert_ptr_nonnull(strstr(buffer, "\n    languages_server_to_client: *b*\n"));
    print(print_json, written_bytes(&w), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, ",\"len\":5,\"hex\":\"01\"}"));
}
END_TEST

START_TEST(repeated_fields_are_numbered_and_parts_are_inside)
{
    uint8_t *blob;
    struct writer w = write_to(out, sizeof out);

    write_u8(&w, SSH_MSG_USERAUTH_PK_OK);
    write_text(&w, "ssh-ed25519");
    blob = write_string_begin(&w);
    write_text(&w, "ssh-ed25519");
    write_text(&w, "K");
    write_string_end(&w, blob);
    context.auth = WHEN_PUBLICKEY;
    print(print_json, written_bytes(&w), sizeof buffer);
    ck_assert_ptr_nonnull(
        strstr(buffer, "\"hex\":\"0000000b7373682d65643235353139000000014b\",\"fields\":["
                       "{\"name\":\"format identifier\",\"type\":\"string\",\"at\":20,\"len\":15,"
                       "\"text\":\"ssh-ed25519\"},{\"name\":\"key\",\"type\":\"string\",\"at\":35,"
                       "\"len\":5,\"hex\":\"4b\"}]}],\"payload\""));

    w = write_to(out, sizeof out);
    write_u8(&w, SSH_MSG_USERAUTH_INFO_RESPONSE);
    write_u32(&w, 2);
    write_text(&w, "one");
    write_text(&w, "two");
    context.auth = WHEN_INTERACTIVE;
    options.secrets = true;
    print(print_text, written_bytes(&w), sizeof buffer);
    ck_assert_ptr_nonnull(strstr(buffer, "    response[1]: 'one'\n    response[2]: 'two'\n"));
}
END_TEST

START_TEST(a_message_that_is_too_long_for_the_line_loses_its_fields)
{
    print(print_json, data(1000), sizeof buffer);
    options.data = true;
    print(print_json, data(1000), 600);
    ck_assert_ptr_nonnull(strstr(buffer, "\"length\":1009,\"truncated\":true"));
    print(print_text, data(1000), 200);
    ck_assert_ptr_nonnull(strstr(buffer, "1009 bytes\n    ... (too long)\n"));
}
END_TEST

static void forget(void)
{
    memset(chosen, 0, sizeof chosen);
    options = (struct print_options){false, false};
    context = (struct message_context){0};
    direction = NACRE_RECEIVED;
}

void add_tests(struct suite *suite)
{
    suite_fixture(suite, forget, NULL);
    add_test(suite, json_has_every_field_with_its_place);
    add_test(suite, a_secret_is_only_a_length);
    add_test(suite, secrets_are_shown_on_request);
    add_test(suite, data_is_cut_unless_all_is_wanted);
    add_test(suite, a_name_list_shows_what_was_chosen_and_why);
    add_test(suite, text_has_a_line_for_the_message_and_one_for_each_field);
    add_test(suite, text_shows_the_beginning_of_long_values);
    add_test(suite, a_boolean_shows_what_it_means_and_what_it_is);
    add_test(suite, a_message_may_be_unknown_or_its_own);
    add_test(suite, only_the_first_of_two_equal_names_is_marked);
    add_test(suite, repeated_fields_are_numbered_and_parts_are_inside);
    add_test(suite, a_message_that_is_too_long_for_the_line_loses_its_fields);
}
