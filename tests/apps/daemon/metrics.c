/* The text of the metrics. What sessions do to them is compared with their log:
 * tests/interop/test_metrics.py. */
#include "apps/daemon/metrics.h"

#include "tests/support/scratch.h"

#include <stdlib.h>
#include <string.h>

static struct nacre_server *server;
static char text[METRICS_TEXT_MAX + 1];

static void make_server(void)
{
    static const char *const listen[] = {"127.0.0.1:0", NULL};
    static char errbuf[512];
    const struct nacre_server_config config = {
        .version = NACRE_VERSION_NUMBER, .listen = listen, .host_key_file = scratch_path("key")};

    server = nacre_server_new(&config, errbuf, sizeof errbuf);
    ck_assert_msg(server != NULL, "%s", errbuf);
}

static void print(void)
{
    size_t len = metrics_print(server, text);

    ck_assert_uint_lt(len, METRICS_TEXT_MAX);
    ck_assert_int_eq(text[len - 1], '\n');
    text[len] = 0;
}

static void assert_sample(const char *line)
{
    print();
    ck_assert_msg(strstr(text, line) != NULL, "no %s in\n%s", line, text);
}

static void count_some(void)
{
    const struct nacre_negotiated n = {.kex = "curve25519-sha256",
                                       .host_key = "ssh-ed25519",
                                       .cipher_client_to_server = "made\"up\n",
                                       .cipher_server_to_client = "aes256-gcm@openssh.com"};

    metrics_negotiated(&n);
    metrics_attempted("password", true);
    metrics_attempted("password", false);
    metrics_attempted("zz\"} 1\n", false);
    metrics_channel_opened();
    metrics_channel_opened();
    metrics_channel_closed();
}

START_TEST(nothing_is_counted_before_the_start)
{
    make_server();
    count_some();
    ck_assert(!metrics_are_on());
    assert_sample("\nnacre_key_exchanges_total 0\n");
    assert_sample("\nnacre_channels_opened_total 0\n");
    assert_sample("{method=\"password\",result=\"granted\"} 0\n");
    nacre_server_free(server);
}
END_TEST

START_TEST(what_happens_is_counted)
{
    make_server();
    metrics_start();
    ck_assert(metrics_are_on());
    count_some();
    metrics_lag(1250003);
    assert_sample("\nnacre_key_exchanges_total 1\n");
    assert_sample("{kind=\"kex\",name=\"curve25519-sha256\"} 1\n");
    assert_sample("{kind=\"host_key\",name=\"ssh-ed25519\"} 1\n");
    assert_sample("{kind=\"cipher_out\",name=\"aes256-gcm@openssh.com\"} 1\n");
    assert_sample("{kind=\"cipher_in\",name=\"aes256-gcm@openssh.com\"} 0\n");
    assert_sample("{method=\"password\",result=\"granted\"} 1\n");
    assert_sample("{method=\"password\",result=\"refused\"} 1\n");
    assert_sample("\nnacre_channels_opened_total 2\n");
    assert_sample("\nnacre_channels 1\n");
    assert_sample("\nnacre_event_loop_lag_seconds 1.250003\n");
    nacre_server_free(server);
}
END_TEST

START_TEST(a_name_that_is_not_ours_is_no_label)
{
    make_server();
    metrics_start();
    count_some();
    assert_sample("{method=\"unknown\",result=\"refused\"} 1\n");
    ck_assert_ptr_null(strstr(text, "made"));
    ck_assert_ptr_null(strstr(text, "zz"));
    nacre_server_free(server);
}
END_TEST

/* Every row once, in order, with at least one sample */
START_TEST(each_metric_has_its_help_its_type_and_a_sample)
{
    char *at = text;

    make_server();
    print();
    for (const struct metric *m = metrics_table; m->name != NULL; m++) {
        size_t len = strlen(m->name);

        ck_assert_int_eq(strncmp(at, "# HELP ", 7), 0);
        ck_assert_int_eq(strncmp(at + 7, m->name, len), 0);
        at = strchr(at, '\n') + 1;
        ck_assert_int_eq(strncmp(at, "# TYPE ", 7), 0);
        at = strchr(at, '\n') + 1;
        ck_assert_msg(strncmp(at, m->name, len) == 0, "%s has no sample", m->name);
        while (*at != 0 && *at != '#') {
            ck_assert_int_eq(strncmp(at, m->name, len), 0);
            at = strchr(at, '\n') + 1;
        }
    }
    ck_assert_str_eq(at, "");
    nacre_server_free(server);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, nothing_is_counted_before_the_start);
    add_test(suite, what_happens_is_counted);
    add_test(suite, a_name_that_is_not_ours_is_no_label);
    add_test(suite, each_metric_has_its_help_its_type_and_a_sample);
}
