/* What --probe prints, as text and as JSON. */
#include "apps/client/probe.h"
#include "apps/files/key_file.h"
#include "tests/support/printed.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct client_options options;
static struct probe probe;
static char print[2][NACRE_FINGERPRINT_MAX];

static struct probe_bytes message(const char *bytes, size_t len)
{
    return (struct probe_bytes){(uint8_t *)(uintptr_t)bytes, len};
}

#define MESSAGE(text) message(text, sizeof(text) - 1)

/* RFC 4253 section 7.1: the number, a cookie, ten name-lists and a boolean */
#define LISTS                                                                                      \
    "\x14"                                                                                         \
    "0123456789abcdef"                                                                             \
    "\0\0\0\5k1,k2\0\0\0\2h1\0\0\0\2c1\0\0\0\2c2\0\0\0\2m1\0\0\0\2m2"                              \
    "\0\0\0\4none\0\0\0\4zlib\0\0\0\0\0\0\0\2la"

static void begin(void)
{
    options = (struct client_options){.user = "alice", .port = "2022", .host_name = "host"};
    probe = (struct probe){.options = &options};
}

static void begin_full(void)
{
    begin();
    (void)snprintf(probe.address, sizeof probe.address, "192.0.2.1:22");
    (void)snprintf(probe.identification, sizeof probe.identification, "SSH-2.0-other");
    (void)snprintf(probe.texts, sizeof probe.texts, "a \"line\"\n\\ and\tone\n");
    probe.kexinit = MESSAGE(LISTS "\1\0\0\0\0");
    probe.extensions = MESSAGE("\7\0\0\0\2\0\0\0\2e1\0\0\0\2v1\0\0\0\2e2\0\0\0\0");
    probe.failure = MESSAGE("\x33\0\0\0\x12publickey,password\0");
    probe.negotiated = (struct nacre_negotiated){.kex = "k1",
                                                 .host_key = "h1",
                                                 .cipher_client_to_server = "c1",
                                                 .cipher_server_to_client = "c2",
                                                 .mac_client_to_server = "m1",
                                                 .mac_server_to_client = "m2",
                                                 .strict = true};
    probe.keys[0] = MESSAGE("\0\0\0\2t1first");
    probe.keys[1] = MESSAGE("\0\0\0\2t2second");
    probe.key_count = 2;
    for (size_t i = 0; i < 2; i++)
        nacre_blob_fingerprint(probe.keys[i].at, probe.keys[i].len, print[i]);
    probe.missing[0] = (struct probe_missing){"h3", "why \"3\""};
    probe.missing[1] = (struct probe_missing){"h4", "why 4"};
    probe.missing_count = 2;
}

static void expect_text(const char *expected)
{
    printed_begin(STDOUT_FILENO);
    probe_report(&probe);
    expect_printed(expected);
}

static void expect_json(const char *expected)
{
    printed_begin(STDOUT_FILENO);
    probe_report_json(&probe);
    expect_printed(expected);
}

START_TEST(text_has_a_heading_for_each_part)
{
    char expected[4096];

    begin_full();
    (void)snprintf(expected, sizeof expected,
                   "address\n    192.0.2.1:22\nidentification\n    SSH-2.0-other\n"
                   "kex_algorithms\n    k1\n    k2\nserver_host_key_algorithms\n    h1\n"
                   "encryption_algorithms_client_to_server\n    c1\n"
                   "encryption_algorithms_server_to_client\n    c2\n"
                   "mac_algorithms_client_to_server\n    m1\n"
                   "mac_algorithms_server_to_client\n    m2\n"
                   "compression_algorithms_client_to_server\n    none\n"
                   "compression_algorithms_server_to_client\n    zlib\n"
                   "languages_client_to_server\nlanguages_server_to_client\n    la\n"
                   "first_kex_packet_follows\n    true\n"
                   "negotiated with nacre\n    k1, h1, c1, m1, strict key exchange\n"
                   "host keys\n    t1 %s\n    t2 %s\n    h3: no key was shown: why \"3\"\n"
                   "    h4: no key was shown: why 4\nextensions\n    e1 = v1\n    e2 = \n"
                   "text for the user\n    a \"line\"\n    \\ and\tone\n"
                   "authentication methods for alice\n    publickey\n    password\n",
                   print[0], print[1]);
    expect_text(expected);
}
END_TEST

START_TEST(text_leaves_out_what_is_not_known)
{
    begin();
    expect_text("");
    probe.negotiated =
        (struct nacre_negotiated){.kex = "k1", .host_key = "h1", .cipher_client_to_server = "c1"};
    (void)snprintf(probe.texts, sizeof probe.texts, "no line end");
    probe.logged_in = true;
    expect_text("negotiated with nacre\n    k1, h1, c1\ntext for the user\n    no line end\n"
                "authentication methods for alice\n    none: no login is needed\n");
    begin();
    probe.keys[0] = MESSAGE("\0\0\0\2t1first");
    probe.key_count = 1;
    probe.kexinit = MESSAGE(LISTS "\0");
    printed_begin(STDOUT_FILENO);
    probe_report(&probe);
    ck_assert_ptr_nonnull(strstr(printed_end(), "false\nhost keys\n    t1 SHA256:"));
    printed_begin(STDOUT_FILENO);
    probe_report(&probe);
    ck_assert_ptr_nonnull(strstr(printed_end(), "first_kex_packet_follows\n    false\n"));
}
END_TEST

START_TEST(json_has_a_member_for_each_part)
{
    char expected[4096];

    begin_full();
    (void)snprintf(
        expected, sizeof expected,
        "{\"probe\": 1, \"host\": \"host\", \"port\": 2022, \"address\": \"192.0.2.1:22\", "
        "\"identification\": \"SSH-2.0-other\", \"kexinit\": {\"kex_algorithms\": [\"k1\", "
        "\"k2\"], \"server_host_key_algorithms\": [\"h1\"], "
        "\"encryption_algorithms_client_to_server\": [\"c1\"], "
        "\"encryption_algorithms_server_to_client\": [\"c2\"], "
        "\"mac_algorithms_client_to_server\": [\"m1\"], "
        "\"mac_algorithms_server_to_client\": [\"m2\"], "
        "\"compression_algorithms_client_to_server\": [\"none\"], "
        "\"compression_algorithms_server_to_client\": [\"zlib\"], "
        "\"languages_client_to_server\": [], \"languages_server_to_client\": [\"la\"], "
        "\"first_kex_packet_follows\": true}, \"negotiated\": {\"strict\": true, \"kex\": \"k1\", "
        "\"host_key\": \"h1\", \"cipher_client_to_server\": \"c1\", "
        "\"cipher_server_to_client\": \"c2\", \"mac_client_to_server\": \"m1\", "
        "\"mac_server_to_client\": \"m2\"}, \"host_keys\": [{\"type\": \"t1\", "
        "\"fingerprint\": \"%s\"}, {\"type\": \"t2\", \"fingerprint\": \"%s\"}], "
        "\"host_keys_missing\": [{\"algorithm\": \"h3\", \"problem\": \"why \\\"3\\\"\"}, "
        "{\"algorithm\": \"h4\", \"problem\": \"why 4\"}], \"extensions\": [{\"name\": \"e1\", "
        "\"value\": \"v1\"}, {\"name\": \"e2\", \"value\": \"\"}], "
        "\"text\": \"a \\\"line\\\"\\u000a\\\\ and\\u0009one\\u000a\", \"user\": \"alice\", "
        "\"methods\": [\"publickey\", \"password\"], \"none\": false, \"problem\": null}\n",
        print[0], print[1]);
    expect_json(expected);
}
END_TEST

START_TEST(json_has_null_for_what_is_not_known)
{
    begin();
    (void)snprintf(options.host_name, sizeof options.host_name, "unix:/run/s");
    (void)snprintf(probe.problem, sizeof probe.problem, "no");
    (void)snprintf(probe.texts, sizeof probe.texts, "\xc3\xa4 ~");
    probe.logged_in = true;
    expect_json("{\"probe\": 1, \"host\": \"unix:/run/s\", \"port\": null, \"address\": \"\", "
                "\"identification\": \"\", \"kexinit\": null, \"negotiated\": null, "
                "\"host_keys\": [], \"host_keys_missing\": [], \"extensions\": [], "
                "\"text\": \"\xc3\xa4 ~\", \"user\": \"alice\", \"methods\": [], \"none\": true, "
                "\"problem\": \"no\"}\n");
    begin();
    probe.kexinit = MESSAGE(LISTS "\0");
    probe.negotiated.kex = "k1";
    printed_begin(STDOUT_FILENO);
    probe_report_json(&probe);
    ck_assert_ptr_nonnull(strstr(printed_end(),
                                 "\"first_kex_packet_follows\": false}, "
                                 "\"negotiated\": {\"strict\": false, \"kex\": \"k1\", "
                                 "\"host_key\": null, \"cipher_client_to_server\": null, "));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, text_has_a_heading_for_each_part);
    add_test(suite, text_leaves_out_what_is_not_known);
    add_test(suite, json_has_a_member_for_each_part);
    add_test(suite, json_has_null_for_what_is_not_known);
}
