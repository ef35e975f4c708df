/* Client: text before the identification. RFC 4253 section 4.2. */
#include "tests/support/script_peer.h"
#include "tests/support/suite.h"

#include <string.h>

static struct script script;
static struct loop_end real;
static char shown[4096];

static void show(void *context, const char *text)
{
    (void)context;
    ck_assert_uint_lt(strlen(shown) + strlen(text), sizeof shown);
    memcpy(shown + strlen(shown), text, strlen(text) + 1);
}

static void begin(void)
{
    shown[0] = 0;
    loop_end_init(&real, NACRE_CLIENT);
    real.config.banner = show;
    script_init(&script, NACRE_SERVER, false);
    ck_assert(loop_end_start(&real));
}

static void send_text(const char *text)
{
    script_raw(&script, bytes_of(text));
    script_pump(&script, &real);
}

static void expect_lost(const char *text)
{
    const struct nacre_end *why = transport_how_ended(&real.transport);

    transport_lost(&real.transport);
    ck_assert_int_eq(why->cause, NACRE_CONNECTION_LOST);
    ck_assert_str_eq(why->text, text);
    script_part(&script, &real);
}

START_TEST(each_line_reaches_the_person_without_control_characters)
{
    begin();
    send_text("Welcome\r\n\n\x1b[2Jto \x9b\x7f J\xc3\xbcrgen\xc2\x9bs\t server\r\n");
    ck_assert_str_eq(shown, "Welcome\r\n\r\n?[2Jto ?? J\xc3\xbcrgen??s? server\r\n");
    script_version(&script);
    script_connect(&script, &real, NULL);
    ck_assert(!transport_ended(&real.transport));
    script_part(&script, &real);
}
END_TEST

START_TEST(without_anybody_to_show_it_to_it_is_skipped)
{
    begin();
    real.config.banner = NULL;
    send_text("Welcome\r\n");
    script_version(&script);
    script_connect(&script, &real, NULL);
    script_part(&script, &real);
}
END_TEST

/* What sshd sends beyond MaxStartups. */
START_TEST(the_end_of_a_connection_without_identification_has_the_first_line)
{
    begin();
    send_text("\r\nExceeded MaxStartups\x1b\r\nGood bye\r\n");
    expect_lost("connection lost; the server had sent: Exceeded MaxStartups?");
}
END_TEST

START_TEST(a_line_that_was_begun_is_in_the_text_too)
{
    begin();
    send_text("Hello\r\nYou may not \x9b");
    expect_lost("connection lost; the server had sent: You may not ?");
    ck_assert_str_eq(shown, "Hello\r\n");
}
END_TEST

START_TEST(a_long_line_is_cut_in_the_text_of_the_end)
{
    char line[1000];

    begin();
    memset(line, 'x', sizeof line);
    memcpy(line + sizeof line - 3, "\r\n", 3);
    send_text(line);
    transport_lost(&real.transport);
    ck_assert_uint_eq(strlen(transport_how_ended(&real.transport)->text), PEER_TEXT_MAX - 1);
    script_part(&script, &real);
}
END_TEST

START_TEST(a_connection_without_text_is_just_lost)
{
    begin();
    expect_lost("connection lost");
    begin();
    send_text("Hello\r\n");
    script_version(&script);
    script_pump(&script, &real);
    expect_lost("connection lost"); /* after the identification */
}
END_TEST

/* A DISCONNECT has its own text. */
START_TEST(a_disconnect_replaces_the_text)
{
    begin();
    send_text("Hello\r\n");
    script_version(&script);
    script_connect(&script, &real, NULL);
    script_text(&script, SSH_MSG_DISCONNECT, "");
    script_pump(&script, &real);
    ck_assert_int_eq(transport_how_ended(&real.transport)->cause, NACRE_DISCONNECTED);
    ck_assert_str_eq(transport_how_ended(&real.transport)->text, "");
    script_part(&script, &real);
}
END_TEST

START_TEST(out_of_memory_ends_the_session)
{
    begin();
    real.fail_at = real.allocations + 1;
    send_text("Hello\r\n");
    if (!transport_ended(&real.transport)) { /* the first block was for the end's text */
        real.fail_at = real.allocations + 1;
        send_text("Hello\r\n");
    }
    ck_assert_int_eq(transport_how_ended(&real.transport)->cause, NACRE_OUT_OF_RESOURCES);
    script_part(&script, &real);
}
END_TEST

/* RFC 4253 section 4.2 allows US-ASCII only; others send UTF-8, and could send C1. */
START_TEST(the_version_is_shown_without_control_characters)
{
    begin();
    script.version = "SSH-2.0-x\x9b\xc2\x9b J\xc3\xbcrgen";
    script_version(&script);
    script_connect(&script, &real, NULL);
    ck_assert_str_eq(transport_peer_version(&real.transport), "SSH-2.0-x??? J\xc3\xbcrgen");
    script_part(&script, &real);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_line_reaches_the_person_without_control_characters);
    add_test(suite, without_anybody_to_show_it_to_it_is_skipped);
    add_test(suite, the_end_of_a_connection_without_identification_has_the_first_line);
    add_test(suite, a_line_that_was_begun_is_in_the_text_too);
    add_test(suite, a_long_line_is_cut_in_the_text_of_the_end);
    add_test(suite, a_connection_without_text_is_just_lost);
    add_test(suite, a_disconnect_replaces_the_text);
    add_test(suite, out_of_memory_ends_the_session);
    add_test(suite, the_version_is_shown_without_control_characters);
}
