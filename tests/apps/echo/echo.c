/* The application of nacre-echo: which request does what, and what is reported. The library's
 * channels are not there. */
#include "apps/echo/echo.h"
#include "apps/echo/commands.h"
#include "apps/server/file_login.h"
#include "apps/server/server.h"
#include "tests/support/leftovers.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <string.h>

static char channel, peer, login; /* their addresses are what matters */
static struct echo_session *session;
static struct nacre_key_grant allowed;

#define CHANNEL ((struct nacre_channel *)(void *)&channel)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(void, nacre_channel_set_app_data, struct nacre_channel *ch, void *data)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    session = data;
}

OWN(void *, nacre_channel_app_data, const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return session;
}

OWN(void *, nacre_channel_context, const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return &peer;
}

OWN(size_t, nacre_channel_write, struct nacre_channel *ch, const void *data, size_t len)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("write %.*s;", (int)len, (const char *)data);
    return len;
}

OWN(void, nacre_channel_exit_status, struct nacre_channel *ch, uint32_t status)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("exit %u;", status);
}

OWN(void, nacre_channel_close, struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("we close;");
}

OWN(const struct nacre_login *, nacre_peer_login, const struct nacre_peer *of)
{
    ck_assert_ptr_eq(of, (void *)&peer);
    return (const struct nacre_login *)(const void *)&login;
}

OWN(const struct nacre_key_grant *, nacre_file_login_grant, const struct nacre_login *of)
{
    ck_assert_ptr_eq(of, (const void *)&login);
    return &allowed;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- what is reported ---- */

static void opened(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("opened;");
}

static void requested(struct nacre_channel *ch, const struct nacre_request *request, bool granted)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("%s %s;", granted ? "granted" : "refused", request->text);
}

static void at_eof(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("eof;");
}

static void at_close(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("close;");
}

static void closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("closed %s;", why->text);
}

static const struct channel_events events = {
    .opened = opened, .requested = requested, .eof = at_eof, .close = at_close, .closed = closed};

/* ---- the channel ---- */

static void open_channel(void)
{
    echo_set_events(&events);
    session = NULL;
    ck_assert_int_eq(echo_app.open(CHANNEL), NACRE_GRANT);
    expect_notes("opened;");
}

static void close_channel(void)
{
    echo_app.closed(CHANNEL, &(struct nacre_end){NACRE_PEER_CLOSED, 0, "bye"});
    expect_notes("closed bye;");
}

static void set_up(void)
{
    allowed = (struct nacre_key_grant){.pty = true};
    open_channel();
}

static enum nacre_answer request(enum nacre_request_kind kind, const char *text, bool want_reply)
{
    const struct nacre_request r = {.kind = kind, .text = text, .want_reply = want_reply};

    return echo_app.request(CHANNEL, &r);
}

static size_t data(const char *text)
{
    return echo_app.data(CHANNEL, (const uint8_t *)text, strlen(text));
}

START_TEST(a_shell_is_an_echo_session)
{
    ck_assert_int_eq(request(NACRE_REQUEST_SHELL, "sh", true), NACRE_GRANT);
    ck_assert_uint_eq(data("a"), 1);
    echo_app.writable(CHANNEL);
    echo_app.eof(CHANNEL);
    echo_app.close(CHANNEL);
    expect_notes(
        "granted sh;write echo: 'a'\r\n;eof;write eof received\r\n;exit 0;we close;close;");
}
END_TEST

START_TEST(a_command_is_one_of_the_table)
{
    ck_assert_int_eq(request(NACRE_REQUEST_EXEC, "cat", true), NACRE_GRANT);
    ck_assert_uint_eq(data("a"), 1);
    echo_app.writable(CHANNEL); /* cat has nothing to do then */
    expect_notes("granted cat;write a;");
    ck_assert_int_eq(request(NACRE_REQUEST_EXEC, "ls", true), NACRE_REFUSE);
    expect_notes("refused ls;");
}
END_TEST

START_TEST(a_refused_command_that_nobody_waits_for_ends_the_channel)
{
    ck_assert_int_eq(request(NACRE_REQUEST_EXEC, "ls", false), NACRE_REFUSE);
    expect_notes("refused ls;exit 127;we close;");
}
END_TEST

START_TEST(data_and_eof_before_the_command_wait_for_it)
{
    ck_assert_uint_eq(data("early"), 0);
    echo_app.writable(CHANNEL);
    echo_app.eof(CHANNEL);
    expect_notes("eof;");
    ck_assert_int_eq(request(NACRE_REQUEST_ENV, "env", false), NACRE_GRANT);
    expect_notes("granted env;");
    ck_assert_int_eq(request(NACRE_REQUEST_EXEC, "cat", false), NACRE_GRANT);
    expect_notes("granted cat;exit 0;we close;");
    ck_assert_int_eq(request(NACRE_REQUEST_ENV, "again", false), NACRE_GRANT);
    expect_notes("granted again;"); /* not a second end */
}
END_TEST

START_TEST(a_command_without_data_or_eof_ignores_both)
{
    ck_assert_int_eq(request(NACRE_REQUEST_EXEC, "exit 3", true), NACRE_GRANT);
    expect_notes("exit 3;we close;granted exit 3;");
    ck_assert_uint_eq(data("x"), 0);
    echo_app.writable(CHANNEL);
    echo_app.eof(CHANNEL);
    expect_notes("eof;");
    close_channel();
    open_channel();
    echo_app.eof(CHANNEL);
    ck_assert_int_eq(request(NACRE_REQUEST_EXEC, "exit 3", true), NACRE_GRANT);
    expect_notes("eof;exit 3;we close;granted exit 3;");
}
END_TEST

START_TEST(a_key_may_have_a_command_that_runs_whatever_is_requested)
{
    static char forced[] = "exit 5";
    static const enum nacre_request_kind starts[] = {NACRE_REQUEST_SHELL, NACRE_REQUEST_EXEC,
                                                     NACRE_REQUEST_SUBSYSTEM};

    allowed.command = forced;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        ck_assert_int_eq(request(starts[i], "cat", true), NACRE_GRANT);
        expect_notes("exit 5;we close;granted cat;");
    }
    ck_assert_int_eq(request(NACRE_REQUEST_PTY, "pty", true), NACRE_GRANT);
    expect_notes("granted pty;");
}
END_TEST

START_TEST(requests_that_start_nothing_are_granted_or_refused)
{
    static const enum nacre_request_kind granted[] = {
        NACRE_REQUEST_PTY, NACRE_REQUEST_ENV, NACRE_REQUEST_WINDOW_CHANGE, NACRE_REQUEST_SIGNAL};
    static const enum nacre_request_kind refused[] = {NACRE_REQUEST_OTHER, NACRE_REQUEST_SUBSYSTEM,
                                                      NACRE_REQUEST_BREAK, NACRE_REQUEST_EOW};

    for (size_t i = 0; i < sizeof granted / sizeof granted[0]; i++)
        ck_assert_int_eq(request(granted[i], "", true), NACRE_GRANT);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_assert_int_eq(request(refused[i], "", true), NACRE_REFUSE);
    allowed.pty = false;
    ck_assert_int_eq(request(NACRE_REQUEST_PTY, "", true), NACRE_REFUSE);
    ck_assert_ptr_null(session->command);
    noted[0] = 0;
}
END_TEST

START_TEST(a_channel_without_memory_is_refused_and_not_reported)
{
    close_channel();
    session = NULL;
    leftovers_refuse(1);
    ck_assert_int_eq(echo_app.open(CHANNEL), NACRE_REFUSE);
    echo_app.closed(CHANNEL, &(struct nacre_end){NACRE_OPEN_REFUSED, 0, "no"});
    expect_notes("");
    open_channel();
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, close_channel);
    add_test(suite, a_shell_is_an_echo_session);
    add_test(suite, a_command_is_one_of_the_table);
    add_test(suite, a_refused_command_that_nobody_waits_for_ends_the_channel);
    add_test(suite, data_and_eof_before_the_command_wait_for_it);
    add_test(suite, a_command_without_data_or_eof_ignores_both);
    add_test(suite, a_key_may_have_a_command_that_runs_whatever_is_requested);
    add_test(suite, requests_that_start_nothing_are_granted_or_refused);
    add_test(suite, a_channel_without_memory_is_refused_and_not_reported);
}
