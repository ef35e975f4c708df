/* The answer to an HTTP request for metrics: RFC 9110, RFC 9112. */
#ifndef NACRE_APPS_DAEMON_METRICS_ANSWER_H
#define NACRE_APPS_DAEMON_METRICS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

enum metrics_answer {
    METRICS_TEXT,        /* GET /metrics */
    METRICS_HEALTH,      /* GET /healthz */
    METRICS_NOT_FOUND,   /* 404 */
    METRICS_NOT_ALLOWED, /* 405: another method */
    METRICS_MALFORMED,   /* 400 */
    METRICS_UNTIL_LATER, /* the request is not complete */
};

/* What a request asks for, which may be a part of one. *head: only the header is wanted. */
enum metrics_answer metrics_answer(const char *request, size_t len, bool *head);

#endif
