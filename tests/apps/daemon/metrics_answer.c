#include "apps/daemon/metrics_answer.h"

#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

static bool head;

static enum metrics_answer ask(const char *request)
{
    return metrics_answer(request, strlen(request), &head);
}

START_TEST(a_path_decides_what_is_answered)
{
    ck_assert_int_eq(ask("GET /metrics HTTP/1.1\r\n\r\n"), METRICS_TEXT);
    ck_assert_int_eq(ask("GET /metrics?a=b HTTP/1.1\r\nHost: x\r\n\r\n"), METRICS_TEXT);
    ck_assert_int_eq(ask("GET /healthz HTTP/1.0\n\n"), METRICS_HEALTH);
    ck_assert(!head);
    ck_assert_int_eq(ask("HEAD /healthz HTTP/1.1\r\n\r\n"), METRICS_HEALTH);
    ck_assert(head);
    ck_assert_int_eq(ask("GET / HTTP/1.1\r\n\r\n"), METRICS_NOT_FOUND);
    ck_assert_int_eq(ask("GET /metric HTTP/1.1\r\n\r\n"), METRICS_NOT_FOUND);
    ck_assert_int_eq(ask("GET /metrics/ HTTP/1.1\r\n\r\n"), METRICS_NOT_FOUND);
    ck_assert_int_eq(ask("POST / HTTP/1.1\r\n\r\n"), METRICS_NOT_FOUND);
    ck_assert_int_eq(ask("POST /metrics HTTP/1.1\r\n\r\n"), METRICS_NOT_ALLOWED);
    ck_assert_int_eq(ask("GETX /metrics HTTP/1.1\r\n\r\n"), METRICS_NOT_ALLOWED);
}
END_TEST

START_TEST(what_is_not_http_is_malformed)
{
    static const char *const bad[] = {
        "\n\n",
        "\r\n\r\n",
        " \r\n\r\n",
        "GET\r\n\r\n",
        "GET \r\n\r\n",
        "GET /metrics\r\n\r\n",
        "GET /metrics \r\n\r\n",
        "GET metrics HTTP/1.1\r\n\r\n",
        "GET  /metrics HTTP/1.1\r\n\r\n",
        "GET /metrics  HTTP/1.1\r\n\r\n",
        "GET /metrics HTTP/1.1 \r\n\r\n",
        "GET /metrics HTTP/1.10\r\n\r\n",
        "GET /metrics HTTP/2\r\n\r\n",
        "SSH-2.0-x\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(ask(bad[i]) == METRICS_MALFORMED, "%s", bad[i]);
    ck_assert_int_eq(metrics_answer("GET /metrics\0 HTTP/1.1\r\n\r\n", 26, &head),
                     METRICS_NOT_FOUND);
}
END_TEST

/* Each length is in memory of its own, so that a sanitizer sees a read past it. */
START_TEST(a_part_of_a_request_is_no_request)
{
    static const char whole[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char *part = malloc(len > 0 ? len : 1);

        memcpy(part, whole, len);
        ck_assert_int_eq(metrics_answer(part, len, &head), METRICS_UNTIL_LATER);
        free(part);
    }
    ck_assert_int_eq(ask(whole), METRICS_TEXT);
    ck_assert_int_eq(ask("GET /metrics HTTP/1.1\r\n\r"), METRICS_UNTIL_LATER);
    ck_assert_int_eq(ask("GET /metrics HTTP/1.1\r\r\n"), METRICS_UNTIL_LATER);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_path_decides_what_is_answered);
    add_test(suite, what_is_not_http_is_malformed);
    add_test(suite, a_part_of_a_request_is_no_request);
}
