#include "apps/files/authorized_options.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOW 1700000000 /* 2023-11-14 22:13:20 UTC */

static struct nacre_key_grant grant;
static struct key_use use = {"192.0.2.77", NOW, false};
static char what[256];

static void clear(void)
{
    key_grant_clear(&grant);
}

/* Read the options into `grant`. */
static bool good(const char *options)
{
    clear();
    authorized_everything(&grant);
    return authorized_options(bytes_of(options), &use, &grant, &(struct errbuf){what, sizeof what});
}

static void assert_good(const char *options)
{
    ck_assert_msg(good(options), "%s: %s", options, what);
}

static void assert_bad(const char *options, const char *says)
{
    ck_assert_msg(!good(options), "%s", options);
    assert_says(what, says);
}

static void assert_flags(const char *options, int pty, int port, int agent, int x11, int rc)
{
    assert_good(options);
    ck_assert_msg(grant.pty == pty && grant.port_forwarding == port &&
                      grant.agent_forwarding == agent && grant.x11_forwarding == x11 &&
                      grant.user_rc == rc,
                  "%s", options);
}

/* The list ends where the next page cannot be read. */
START_TEST(what_follows_the_options_is_not_read)
{
    const char *const all =
        "command=\"a \\\"b\\\" \\\",no-pty\",from=\"192.0.2.77,!10.0.0.0/8\","
        "expiry-time=\"20991231\",environment=\"A=b\",restrict,permitopen=\"h:1\"";
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), len = strlen(all);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(pages, MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t n = 0; n <= len; n++) {
        uint8_t *at = (uint8_t *)pages + page - n;

        memcpy(at, all, n);
        clear();
        authorized_everything(&grant);
        (void)authorized_options((struct bytes){at, n}, &use, &grant,
                                 &(struct errbuf){what, sizeof what});
    }
    (void)munmap(pages, 2 * page);
}
END_TEST

START_TEST(flags_apply_in_order)
{
    assert_flags("", 1, 1, 1, 1, 1);
    assert_flags("restrict", 0, 0, 0, 0, 0);
    assert_flags("restrict,pty", 1, 0, 0, 0, 0);
    assert_flags("RESTRICT,PTY,X11-forwarding", 1, 0, 0, 1, 0);
    assert_flags("pty,restrict", 0, 0, 0, 0, 0);
    assert_flags("no-pty", 0, 1, 1, 1, 1);
    assert_flags("no-port-forwarding", 1, 0, 1, 1, 1);
    assert_flags("no-agent-forwarding,no-x11-forwarding", 1, 1, 0, 0, 1);
    assert_flags("no-user-rc", 1, 1, 1, 1, 0);
    assert_flags("restrict,port-forwarding,agent-forwarding,user-rc", 0, 1, 1, 0, 1);
}
END_TEST

START_TEST(a_command_is_unquoted_and_given_once)
{
    assert_good("command=\"echo \\\"a, b\\\" \\n \\\\ .\",no-pty");
    ck_assert_str_eq(grant.command, "echo \"a, b\" \\n \\\\ .");
    ck_assert(!grant.pty);
    assert_good("Command=\"\"");
    ck_assert_str_eq(grant.command, "");
    assert_good("pty");
    ck_assert_ptr_null(grant.command);
    assert_bad("command=\"a\",command=\"b\"", "more than one command=");
    assert_bad("command", "unsupported option command");
}
END_TEST

START_TEST(an_environment_variable_is_set_once)
{
    assert_good("environment=\"A=b\",environment=\"C_1=d=e \",environment=\"A=second\","
                "environment=\"EMPTY=\"");
    ck_assert_str_eq(grant.environment[0], "A=b");
    ck_assert_str_eq(grant.environment[1], "C_1=d=e ");
    ck_assert_str_eq(grant.environment[2], "EMPTY=");
    ck_assert_ptr_null(grant.environment[3]);
    assert_bad("environment=\"A\"", "not NAME=value");
    assert_bad("environment=\"=x\"", "not NAME=value");
    assert_bad("environment=\"A-B=x\"", "not NAME=value");
    assert_bad("environment=\"A B=x\"", "not NAME=value");
    assert_bad("environment=\"\"", "not NAME=value");
}
END_TEST

START_TEST(an_option_has_at_most_1024_values)
{
    static char options[32768];
    size_t at = 0;

    for (int i = 0; i < 1024; i++)
        at += (size_t)snprintf(options + at, sizeof options - at, "%senvironment=\"V%d=x\"",
                               i > 0 ? "," : "", i);
    assert_good(options);
    ck_assert_str_eq(grant.environment[1023], "V1023=x");
    ck_assert_ptr_null(grant.environment[1024]);
    (void)snprintf(options + at, sizeof options - at, ",environment=\"V=x\"");
    assert_bad(options, "more than 1024 values");
}
END_TEST

START_TEST(from_restricts_the_address)
{
    assert_good("from=\"192.0.2.0/24\"");
    assert_good("from=\"!10.0.0.0/8,*\"");
    assert_bad("from=\"10.0.0.0/8\"", "from= does not allow 192.0.2.77");
    assert_bad("from=\"*,!192.0.2.77\"", "from= does not allow 192.0.2.77");
    assert_bad("from=\"192.0.2.1/24\"", "not a list of addresses");
    assert_bad("from=\"\"", "not a list of addresses");
    assert_bad("from=\"*\",from=\"*\"", "more than one from=");
    clear();
    use.address = NULL;
    ck_assert(!good("from=\"*\""));
    assert_says(what, "address is unknown");
}
END_TEST

START_TEST(a_key_expires_after_its_expiry_time)
{
    assert_good("expiry-time=\"20231115Z\"");
    assert_good("expiry-time=\"202311142214Z\"");
    assert_good("expiry-time=\"20231114221320Z\"");
    assert_good("expiry-time=\"20231114221320UTC\"");
    assert_good("expiry-time=\"20231114221320z\"");
    assert_good("expiry-time=\"20991231\"");
    assert_bad("expiry-time=\"20231114221319Z\"", "has expired");
    assert_bad("expiry-time=\"20231114Z\"", "has expired");
    assert_bad("expiry-time=\"20010101\"", "has expired");
    assert_bad("expiry-time=\"20991231\",expiry-time=\"20010101\"", "has expired");
}
END_TEST

START_TEST(an_expiry_time_without_Z_is_local_time)
{
    setenv("TZ", "XXX-5", 1); /* five hours ahead of UTC */
    tzset();
    assert_good("expiry-time=\"202311150314\"");
    assert_bad("expiry-time=\"202311150313\"", "has expired");
}
END_TEST

/* As strptime and mktime have it, which sshd uses. */
START_TEST(an_expiry_time_may_be_written_as_a_later_day_or_minute)
{
    use.now = 1701388800; /* 2023-12-01 */
    assert_good("expiry-time=\"20231131Z\"");
    use.now++;
    assert_bad("expiry-time=\"20231131Z\"", "has expired");
    use.now = NOW - 19;
    assert_good("expiry-time=\"20231114221261Z\"");
    use.now++;
    assert_bad("expiry-time=\"20231114221261Z\"", "has expired");
}
END_TEST

START_TEST(malformed_expiry_times_are_refused)
{
    static const char *const bad[] = {
        "",          "2023",     "2023111",          "202311151",    "20231132Z", "20231301",
        "20230001",  "20230100", "202301012400",     "202301010060", "20230101T", "20230101000062",
        "20230101y", "2023 1 1", "20230101000000ZZ", "-0230101",     "never",
    };
    char options[64];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(options, sizeof options, "expiry-time=\"%s\"", bad[i]);
        assert_bad(options, "expiry-time= is not YYYYMMDD");
    }
}
END_TEST

START_TEST(permitopen_and_permitlisten_are_lists)
{
    assert_good("permitopen=\"localhost:80\",permitopen=\"[::1]:*\",permitopen=\"*:22\","
                "permitlisten=\"8080\",permitlisten=\"localhost:*\"");
    ck_assert_str_eq(grant.permit_open[0], "localhost:80");
    ck_assert_str_eq(grant.permit_open[1], "[::1]:*");
    ck_assert_str_eq(grant.permit_open[2], "*:22");
    ck_assert_ptr_null(grant.permit_open[3]);
    ck_assert_str_eq(grant.permit_listen[0], "8080");
    ck_assert_str_eq(grant.permit_listen[1], "localhost:*");
    assert_good("permitopen=\":80\",permitopen=\"a/80\",permitlisten=\":80\"");
    ck_assert_str_eq(grant.permit_open[0], ":80");
    ck_assert_str_eq(grant.permit_open[1], "a:80"); /* another way to write it in sshd */
    ck_assert_str_eq(grant.permit_listen[0], ":80");
    assert_bad("permitopen=\"80\"", "not HOST:PORT");
    assert_bad("permitopen=\"\"", "not HOST:PORT");
    assert_bad("permitopen=\"::1:80\"", "not HOST:PORT");
    assert_bad("permitopen=\"[::1:80\"", "not HOST:PORT");
    assert_bad("permitopen=\"[::1]x:80\"", "not HOST:PORT");
    assert_bad("permitopen=\"a:80:90\"", "not HOST:PORT");
    assert_good("permitopen=\"localhost:http\",permitlisten=\"ssh\",permitlisten=\"*:ssh\"");
    ck_assert_str_eq(grant.permit_open[0], "localhost:80");
    ck_assert_str_eq(grant.permit_listen[0], "22");
    ck_assert_str_eq(grant.permit_listen[1], "*:22");
    assert_bad("permitopen=\"localhost:no-such-name\"",
               "PORT is a number, a name in /etc/services or *");
    assert_bad("permitlisten=\"a/80\"", "not [HOST:]PORT");
    assert_bad("permitlisten=\"\"", "not [HOST:]PORT");
    assert_bad("permitopen=\"localhost:0\"", "not HOST:PORT");
    assert_bad("permitopen=\"localhost:65536\"", "not HOST:PORT");
    assert_bad("permitopen=\"localhost:x\"", "not HOST:PORT");
    assert_bad("permitlisten=\"localhost:\"", "not [HOST:]PORT");
}
END_TEST

START_TEST(unsupported_options_are_refused)
{
    assert_bad("cert-authority", "unsupported option cert-authority");
    assert_bad("principals=\"a\"", "unsupported option principals");
    assert_bad("restrict,no-such,pty", "unsupported option no-such");
    assert_bad("restrict=\"x\"", "unsupported option restrict");
}
END_TEST

START_TEST(options_may_be_empty)
{
    assert_flags("restrict,,pty", 1, 0, 0, 0, 0);
    assert_flags("no-pty,", 0, 1, 1, 1, 1);
    assert_flags(",,no-pty,,", 0, 1, 1, 1, 1);
    assert_flags(",", 1, 1, 1, 1, 1);
}
END_TEST

START_TEST(a_tunnel_device_is_a_number_or_any)
{
    assert_good("tunnel=\"0\"");
    assert_good("tunnel=\"2147483645\"");
    assert_good("tunnel=\"any\",tunnel=\"ANY\"");
    assert_bad("tunnel=\"2147483646\"", "tunnel= is not the number of a device");
    assert_bad("tunnel=\"-1\"", "tunnel=");
    assert_bad("tunnel=\"1:2\"", "tunnel=");
    assert_bad("tunnel=\"\"", "tunnel=");
    assert_bad("tunnel", "unsupported option tunnel");
}
END_TEST

/* The server requires a touch of every security key, and never a PIN. */
START_TEST(an_option_without_effect_is_refused)
{
    assert_good("touch-required");
    assert_good("no-touch-required"); /* this key cannot be touched */
    assert_bad("a234567890123456789012345678901234567890",
               "a234567890123456789012345678901234567890");
    ck_assert(!good("a2345678901234567890123456789012345678901"));
    ck_assert_ptr_null(strstr(what, "a2345"));
    assert_bad("verify-required", "verify-required is not supported");
    assert_good("verify-required,no-verify-required");
    use.is_security_key = true;
    assert_good("touch-required");
    assert_bad("no-touch-required", "no-touch-required is not supported");
    assert_good("no-touch-required,touch-required");
    assert_bad("touch-required,no-touch-required", "no-touch-required is not supported");
    assert_bad("verify-required", "verify-required is not supported");
}
END_TEST

START_TEST(a_NUL_is_malformed)
{
    static const char text[] = "command=\"a\0b\"";

    authorized_everything(&grant);
    ck_assert(!authorized_options((struct bytes){(const uint8_t *)text, sizeof text - 1}, &use,
                                  &grant, &(struct errbuf){what, sizeof what}));
    assert_says(what, "malformed options");
}
END_TEST

/* As in sshd, 1024 bytes, whether the port is a number or a name. */
START_TEST(a_host_has_a_maximum_length)
{
    static const char *const ports[] = {"65535", "http"}, *const numbers[] = {"65535", "80"};
    char host[1026], options[1200], expected[1200];

    for (size_t i = 0; i < 2; i++)
        for (int len = 1024; len <= 1025; len++) {
            memset(host, 'h', sizeof host);
            host[len] = 0;
            (void)snprintf(options, sizeof options, "permitopen=\"%s:%s\"", host, ports[i]);
            (void)snprintf(expected, sizeof expected, "%s:%s", host, numbers[i]);
            if (len == 1025) {
                assert_bad(options, "not HOST:PORT");
                continue;
            }
            assert_good(options);
            ck_assert_str_eq(grant.permit_open[0], expected);
        }
}
END_TEST

/* Up to 40 characters of it, and nothing that controls a terminal. */
START_TEST(an_unsupported_option_is_named_if_it_may_be)
{
    char name[42] = "", expected[128];

    assert_bad("\x1b[2J", "");
    ck_assert_str_eq(what, "key refused: unsupported option ");
    for (int len = 40; len <= 41; len++) {
        memset(name, 'x', (size_t)len);
        assert_bad(name, "");
        (void)snprintf(expected, sizeof expected, "key refused: unsupported option %s",
                       len == 40 ? name : "");
        ck_assert_str_eq(what, expected);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, NULL, clear);
    scratch_folder(suite);
    add_test(suite, what_follows_the_options_is_not_read);
    add_test(suite, flags_apply_in_order);
    add_test(suite, a_command_is_unquoted_and_given_once);
    add_test(suite, an_environment_variable_is_set_once);
    add_test(suite, an_option_has_at_most_1024_values);
    add_test(suite, from_restricts_the_address);
    add_test(suite, a_key_expires_after_its_expiry_time);
    add_test(suite, an_expiry_time_without_Z_is_local_time);
    add_test(suite, an_expiry_time_may_be_written_as_a_later_day_or_minute);
    add_test(suite, malformed_expiry_times_are_refused);
    add_test(suite, permitopen_and_permitlisten_are_lists);
    add_test(suite, unsupported_options_are_refused);
    add_test(suite, options_may_be_empty);
    add_test(suite, a_tunnel_device_is_a_number_or_any);
    add_test(suite, an_option_without_effect_is_refused);
    add_test(suite, a_NUL_is_malformed);
    add_test(suite, a_host_has_a_maximum_length);
    add_test(suite, an_unsupported_option_is_named_if_it_may_be);
}
