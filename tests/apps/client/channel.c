/* What nacre-client does on its channel, call by call: the library is not there. */
#include "apps/client/channel.h"
#include "apps/client/client.h"
#include "apps/client/terminal_request.h"
#include "apps/terminal/raw_mode.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct nacre_channel_app *app;
static struct client_options options;
static struct client client;
static enum nacre_sending sending; /* the next answer to a request */
static size_t room;                /* bytes that a write accepts */
static char one;

#define CHANNEL ((struct nacre_channel *)(void *)&one)

static enum nacre_sending note_request(const char *what)
{
    note("%s;", what);
    return sending;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
struct nacre_channel *__wrap_nacre_session_open_channel(struct nacre_session *session,
                                                        const char *type,
                                                        const struct nacre_channel_app *given,
                                                        void *context, const void *data,
                                                        size_t len);
struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection);
void __wrap_nacre_client_close(struct nacre_client *connection, const char *text);
void *__wrap_nacre_channel_app_data(const struct nacre_channel *ch);
enum nacre_sending __wrap_nacre_channel_shell(struct nacre_channel *ch);
enum nacre_sending __wrap_nacre_channel_exec(struct nacre_channel *ch, const char *command);
size_t __wrap_nacre_channel_write(struct nacre_channel *ch, const void *data, size_t len);
void __wrap_nacre_channel_eof(struct nacre_channel *ch);
enum nacre_sending __wrap_nacre_channel_eow(struct nacre_channel *ch);
enum nacre_sending __wrap_terminal_request_send(struct nacre_channel *ch);
enum nacre_sending __wrap_terminal_request_resize(struct nacre_channel *ch);
bool __wrap_raw_mode_enter(void);
void __wrap_client_fail(struct client *c, const char *format, ...);

struct nacre_channel *__wrap_nacre_session_open_channel(struct nacre_session *session,
                                                        const char *type,
                                                        const struct nacre_channel_app *given,
                                                        void *context, const void *data, size_t len)
{
    ck_assert(session == NULL && context == &client && data == NULL && len == 0);
    note("open %s;", type);
    app = given;
    return CHANNEL;
}

struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection)
{
    (void)connection;
    return NULL;
}

void __wrap_nacre_client_close(struct nacre_client *connection, const char *text)
{
    (void)connection;
    note("end %s;", text);
}

void *__wrap_nacre_channel_app_data(const struct nacre_channel *ch)
{
    return ch == CHANNEL ? &client : NULL;
}

enum nacre_sending __wrap_nacre_channel_shell(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return note_request("shell");
}

enum nacre_sending __wrap_nacre_channel_exec(struct nacre_channel *ch, const char *command)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("exec ");
    return note_request(command);
}

size_t __wrap_nacre_channel_write(struct nacre_channel *ch, const void *data, size_t len)
{
    size_t n = len < room ? len : room;

    ck_assert_ptr_eq(ch, CHANNEL);
    note("write %.*s;", (int)n, (const char *)data);
    return n;
}

void __wrap_nacre_channel_eof(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("eof;");
}

enum nacre_sending __wrap_nacre_channel_eow(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return note_request("eow");
}

enum nacre_sending __wrap_terminal_request_send(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return note_request("pty");
}

enum nacre_sending __wrap_terminal_request_resize(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return note_request("resize");
}

bool __wrap_raw_mode_enter(void)
{
    note("raw;");
    return true;
}

void __wrap_client_fail(struct client *c, const char *format, ...)
{
    char text[256];
    va_list values;

    ck_assert_ptr_eq(c, &client);
    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    note("fail %s;", text);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void begin(const char *command, bool terminal)
{
    static char copy[16];

    (void)snprintf(copy, sizeof copy, "%s", command != NULL ? command : "");
    options = (struct client_options){.command = command != NULL ? copy : NULL,
                                      .wants_terminal = terminal};
    client = (struct client){.options = &options};
    sending = NACRE_SEND_DONE;
    room = 100;
    noted[0] = 0;
    output_begin(&client.output, STDOUT_FILENO);
    output_begin(&client.errors, STDERR_FILENO);
    channel_begin(&client);
    expect_notes("open session;");
}

static void type_input(const char *text)
{
    memcpy(client.input.bytes, text, strlen(text));
    client.input.at = 0;
    client.input.len = strlen(text);
}

START_TEST(a_terminal_comes_before_the_shell)
{
    begin(NULL, true);
    type_input("ls");
    ck_assert_int_eq(app->open(CHANNEL), NACRE_GRANT);
    expect_notes("pty;shell;");
    app->replied(CHANNEL, true);
    expect_notes("");
    ck_assert(client.has_terminal && !client.started);
    app->replied(CHANNEL, true);
    expect_notes("raw;write ls;");
    ck_assert(client.started && client.input.escapes);
    channel_send_size(&client);
    expect_notes("resize;");
    ck_assert(!client.resized);
}
END_TEST

START_TEST(a_session_goes_on_without_a_terminal)
{
    begin("id", true);
    (void)app->open(CHANNEL);
    expect_notes("pty;exec id;");
    app->replied(CHANNEL, false);
    expect_notes("say the server gives no terminal; the session continues without one;");
    app->replied(CHANNEL, true);
    expect_notes("write ;");
    ck_assert(client.started && !client.input.escapes);
    channel_send_size(&client);
    expect_notes("");
}
END_TEST

START_TEST(a_refused_program_ends_the_connection)
{
    begin("id", false);
    (void)app->open(CHANNEL);
    app->replied(CHANNEL, false);
    expect_notes("exec id;fail the server refused the command;");
    begin(NULL, false);
    (void)app->open(CHANNEL);
    app->replied(CHANNEL, false);
    expect_notes("shell;fail the server refused a shell;");
    begin("id", false);
    sending = NACRE_SEND_NEVER;
    (void)app->open(CHANNEL);
    expect_notes("exec id;fail the command is too long: it may have 262117 bytes;");
}
END_TEST

START_TEST(what_has_no_space_follows_later)
{
    begin(NULL, true);
    sending = NACRE_SEND_LATER;
    (void)app->open(CHANNEL);
    expect_notes("pty;");
    app->writable(CHANNEL);
    expect_notes("pty;");
    sending = NACRE_SEND_DONE;
    app->writable(CHANNEL);
    expect_notes("pty;shell;");
    app->writable(CHANNEL);
    expect_notes("");
    app->replied(CHANNEL, true);
    app->replied(CHANNEL, true);
    noted[0] = 0;
    sending = NACRE_SEND_LATER;
    channel_send_size(&client);
    ck_assert(client.resized);
    sending = NACRE_SEND_DONE;
    app->writable(CHANNEL);
    expect_notes("resize;resize;write ;");
    ck_assert(!client.resized);
}
END_TEST

START_TEST(eof_follows_the_last_byte)
{
    begin("cat", false);
    type_input("abcd");
    client.input.ended = true;
    (void)app->open(CHANNEL);
    channel_send_input(&client); /* the program does not run yet */
    expect_notes("exec cat;");
    room = 3;
    app->replied(CHANNEL, true);
    expect_notes("write abc;");
    app->writable(CHANNEL);
    expect_notes("write d;eof;");
}
END_TEST

START_TEST(the_status_is_that_of_the_command)
{
    struct nacre_request request = {.kind = NACRE_REQUEST_EXIT_STATUS, .exit_status = 0x103};

    begin("id", false);
    ck_assert_int_eq(app->request(CHANNEL, &request), NACRE_GRANT);
    ck_assert_int_eq(client.status, 3);
    request =
        (struct nacre_request){.kind = NACRE_REQUEST_EXIT_SIGNAL, .text = "SEGV", .value = ""};
    ck_assert_int_eq(app->request(CHANNEL, &request), NACRE_GRANT);
    expect_notes("say the command was ended by signal SEGV;");
    request.core_dumped = true;
    request.value = "why";
    ck_assert_int_eq(app->request(CHANNEL, &request), NACRE_GRANT);
    expect_notes("say the command was ended by signal SEGV (core dumped): why;");
    client.output.broken = true;
    ck_assert_int_eq(app->request(CHANNEL, &request), NACRE_GRANT);
    expect_notes("");
    request.kind = NACRE_REQUEST_XON_XOFF;
    ck_assert_int_eq(app->request(CHANNEL, &request), NACRE_REFUSE);
}
END_TEST

START_TEST(how_the_channel_ends_decides_whether_all_is_complete)
{
    static const struct {
        enum nacre_cause cause;
        bool complete;
        const char *calls;
    } rows[] = {
        {NACRE_PEER_CLOSED, true, "end the command has ended;"},
        {NACRE_WE_CLOSED, true, "end the command has ended;"},
        {NACRE_CONNECTION_LOST, false, "end the command has ended;"},
        {NACRE_OPEN_REFUSED, false, "fail the server refused to open a session: no;"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin("id", false);
        app->closed(CHANNEL, &(struct nacre_end){.cause = rows[i].cause, .text = "no"});
        expect_notes(rows[i].calls);
        ck_assert_ptr_null(client.channel);
        ck_assert_int_eq(client.complete, rows[i].complete);
        client.started = true;
        channel_send_input(&client);
        channel_send_size(&client);
        expect_notes("");
    }
}
END_TEST

/* A pipe whose reader has left */
START_TEST(a_broken_output_is_reported_once)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    (void)close(ends[0]);
    (void)signal(SIGPIPE, SIG_IGN);
    for (int can = 0; can < 2; can++) {
        begin("id", false);
        output_begin(&client.output, ends[1]);
        output_begin(&client.errors, ends[1]);
        sending = can ? NACRE_SEND_DONE : NACRE_SEND_NEVER;
        ck_assert_uint_eq(app->data(CHANNEL, (const uint8_t *)"xy", 2), 2);
        expect_notes(can ? "eow;" : "eow;end nothing reads the output any more;");
        ck_assert_uint_eq(app->data(CHANNEL, (const uint8_t *)"xy", 2), 2);
        ck_assert_uint_eq(app->extended_data(CHANNEL, (const uint8_t *)"xy", 2), 2);
        expect_notes("");
        ck_assert(client.output.broken && client.errors.broken);
    }
    app->eof(CHANNEL);
    ck_assert(client.output.ended && !client.errors.ended);
    (void)close(ends[1]);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_terminal_comes_before_the_shell);
    add_test(suite, a_session_goes_on_without_a_terminal);
    add_test(suite, a_refused_program_ends_the_connection);
    add_test(suite, what_has_no_space_follows_later);
    add_test(suite, eof_follows_the_last_byte);
    add_test(suite, the_status_is_that_of_the_command);
    add_test(suite, how_the_channel_ends_decides_whether_all_is_complete);
    add_test(suite, a_broken_output_is_reported_once);
}
