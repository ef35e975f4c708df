/* Print the messages of a session of vectors/handshake.txt as the trace code describes them, for
 * tests/pictures/byte_by_byte.py: in the order in which the server sends and receives them, one
 * JSON object (schema 1) per line. "in" is from the client. */
#include "apps/observe/print.h"
#include "tests/support/suite.h"
#include "tests/support/tables.h"
#include "tests/support/vector_session.h"

#include <stdio.h>
#include <string.h>

#define METHOD "curve25519-sha256"

static struct message_context context;

static void on_message(void *end, enum nacre_direction direction, uint32_t seq, const char *phase,
                       const uint8_t *payload, size_t len)
{
    static char text[64 * 1024];
    const struct print_options all = {.secrets = true, .data = true};
    struct line line = line_in(text, sizeof text);
    struct print_message m = {.conn = 1,
                              .direction = direction,
                              .seq = seq,
                              .phase = phase,
                              .payload = {payload, len},
                              .context = &context};
    struct print_summary summary;

    (void)end;
    print_json(&line, &m, &all, &summary);
    ck_assert(!line.full);
    printf("%.*s}\n", (int)line.len, line.at);
    context_note(&context, direction, m.payload);
}

static void on_negotiated(void *end, const struct nacre_negotiated *choice)
{
    (void)end;
    context.kex = context_kex_find(choice->kex);
}

START_TEST(print_messages)
{
    static const struct nacre_observer observer = {.message = on_message,
                                                   .negotiated = on_negotiated};
    const struct algorithm *kex = algorithms_of(ALGORITHM_KEX);
    size_t method = 0;
    struct pair p;

    while (strcmp(kex[method].name, METHOD) != 0)
        method++;
    vector_session(&p, method, &observer, NULL);
    pair_clear(&p);
    (void)fflush(stdout);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, print_messages);
}
