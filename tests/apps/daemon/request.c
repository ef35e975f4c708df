/* What becomes of a channel whose request was refused. */
#include "apps/daemon/request.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#include <string.h>

START_TEST(three_requests_start_a_program)
{
    static const enum nacre_request_kind starts[] = {NACRE_REQUEST_SHELL, NACRE_REQUEST_EXEC,
                                                     NACRE_REQUEST_SUBSYSTEM};
    unsigned count = 0;

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        ck_assert(request_starts_program(&(struct nacre_request){.kind = starts[i]}));
    for (enum nacre_request_kind kind = 0; kind <= NACRE_REQUEST_EOW; kind++)
        count += request_starts_program(&(struct nacre_request){.kind = kind});
    ck_assert_uint_eq(count, 3);
}
END_TEST

static enum nacre_answer refuse(struct nacre_channel *ch, const struct nacre_request *request)
{
    request_refused(ch, request);
    return NACRE_REFUSE;
}

static enum nacre_answer note_status(struct nacre_channel *ch, const struct nacre_request *request)
{
    end_note(nacre_channel_context(ch), "%s %u;", request->type, request->exit_status);
    return NACRE_REFUSE;
}

/* With want_reply, the client learns it from the answer, and may ask for something else. */
START_TEST(a_program_that_nobody_waits_for_ends_with_status_127)
{
    static const struct {
        const char *type;
        bool want_reply;
        int replies;
        const char *log;
    } rows[] = {
        {"shell", false, 0, "exit-status 127;eof;close;closed peer closed;"},
        {"exec", false, 0, "exit-status 127;eof;close;closed peer closed;"},
        {"subsystem", false, 0, "exit-status 127;eof;close;closed peer closed;"},
        {"exec", true, 1, ""},
        {"x@example.com", false, 0, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool no_data = strcmp(rows[i].type, "shell") == 0;
        struct nacre_channel *ch;
        struct pair p;

        pair_init(&p, 1);
        p.server_app.request = refuse;
        p.client_app.request = note_status;
        pair_start(&p);
        ch = pair_open(&p);
        pair_run(&p);
        p.client.log[0] = 0;
        ck_assert_int_eq(nacre_channel_request(ch, rows[i].type, rows[i].want_reply, "\0\0\0\1x",
                                               no_data ? 0 : 5),
                         NACRE_SEND_DONE);
        pair_run(&p);
        ck_assert_str_eq(p.client.log, rows[i].log);
        ck_assert_int_eq(p.replies_bad, rows[i].replies);
        pair_clear(&p);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, three_requests_start_a_program);
    add_test(suite, a_program_that_nobody_waits_for_ends_with_status_127);
}
