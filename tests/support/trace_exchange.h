/* Key exchanges from the trace of a session in memory, for tests of nacre-trace. */
#ifndef NACRE_TESTS_SUPPORT_TRACE_EXCHANGE_H
#define NACRE_TESTS_SUPPORT_TRACE_EXCHANGE_H

#include "apps/trace/exchange.h"
#include "tests/support/session_trace.h"

enum { EXCHANGES_MAX = 4 };

/* The exchanges of one session, copied. */
struct exchanges {
    struct exchange x[EXCHANGES_MAX];
    size_t count;
};

struct exchange_session {
    const char *kex; /* the method */
    const char *cipher;
    enum nacre_role role; /* whose trace it is */
    bool without_secrets, without_hash, rekeys;
    uint8_t seed;
};

/* Run the session, and write its trace to trace.json in the scratch folder. Returns its path. */
const char *exchanges_write(const struct exchange_session *s);

/* Read the exchanges of a trace. */
struct exchanges exchanges_read(const char *path);

/* Both. */
struct exchanges exchanges_run(const struct exchange_session *s);

void exchanges_free(struct exchanges *t);

/* A copy of bytes. */
struct bytes exchanges_copy(struct bytes b);

#endif
