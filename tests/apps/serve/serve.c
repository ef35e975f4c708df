/* The requests on a session channel of nacre-serve, and its end. Neither the library nor the
 * program is there. */
#include "apps/serve/serve.h"
#include "apps/daemon/events.h"
#include "apps/daemon/request.h"
#include "apps/serve/end.h"
#include "apps/serve/place.h"
#include "apps/serve/start.h"
#include "apps/server/file_login.h"
#include "tests/support/notes.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct serve_config config;
static struct nacre_key_grant allowed;
static struct serve_session *session;
static const char *refusal;
static bool out_of_memory, opens_terminal, breaks, starts, listens;
static char one;

#define CHANNEL ((struct nacre_channel *)(void *)&one)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__wrap_nacre_channel_app_data(const struct nacre_channel *ch);
void __wrap_nacre_channel_set_app_data(struct nacre_channel *ch, void *data);
void *__wrap_nacre_channel_context(const struct nacre_channel *ch);
void __wrap_nacre_channel_refuse_open(struct nacre_channel *ch, uint32_t reason, const char *text);
struct nacre_loop *__wrap_nacre_peer_loop(const struct nacre_peer *peer);
const struct nacre_login *__wrap_nacre_peer_login(const struct nacre_peer *peer);
const struct nacre_key_grant *__wrap_nacre_file_login_grant(const struct nacre_login *login);
const char *__wrap_place_take(struct quota_place *place, const struct nacre_peer *peer);
void __wrap_quota_return(struct quota_place *place);
bool __wrap_terminal_open(struct terminal *t, const struct nacre_request *request);
void __wrap_terminal_resize(int fd, const struct nacre_request *request);
bool __wrap_terminal_break(int master);
void __wrap_child_signal(const struct child *child, int number);
bool __wrap_start_command(struct serve_session *s, const struct serve_config *given,
                          const char *original);
bool __wrap_start_shell_command(struct serve_session *s, const struct serve_config *given,
                                const char *command);
bool __wrap_agent_listen(struct agent_socket *a, struct nacre_peer *peer);
void __wrap_agent_close(struct agent_socket *a);
void __wrap_end_hang_up(struct serve_session *s, struct nacre_loop *loop);
void __wrap_request_refused(struct nacre_channel *ch, const struct nacre_request *request);
struct serve_session *__real_session_new(struct nacre_channel *ch);
struct serve_session *__wrap_session_new(struct nacre_channel *ch);
void __real_session_free(struct serve_session *s);
void __wrap_session_free(struct serve_session *s);

void *__wrap_nacre_channel_app_data(const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return session;
}

void __wrap_nacre_channel_set_app_data(struct nacre_channel *ch, void *data)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    session = data;
}

void *__wrap_nacre_channel_context(const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return NULL;
}

void __wrap_nacre_channel_refuse_open(struct nacre_channel *ch, uint32_t reason, const char *text)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    ck_assert_uint_eq(reason, NACRE_REASON_SHORTAGE);
    note("refuse %s;", text);
}

struct nacre_loop *__wrap_nacre_peer_loop(const struct nacre_peer *peer)
{
    (void)peer;
    return (struct nacre_loop *)(void *)&one;
}

const struct nacre_login *__wrap_nacre_peer_login(const struct nacre_peer *peer)
{
    (void)peer;
    return NULL;
}

const struct nacre_key_grant *__wrap_nacre_file_login_grant(const struct nacre_login *login)
{
    (void)login;
    return &allowed;
}

const char *__wrap_place_take(struct quota_place *place, const struct nacre_peer *peer)
{
    (void)peer;
    if (refusal == NULL)
        place->user = (struct tally *)(void *)&one;
    return refusal;
}

void __wrap_quota_return(struct quota_place *place)
{
    note(place->user == (struct tally *)(void *)&one ? "return;" : "return nothing;");
}

bool __wrap_terminal_open(struct terminal *t, const struct nacre_request *request)
{
    ck_assert(t == &session->terminal && request->kind == NACRE_REQUEST_PTY);
    note("terminal;");
    return opens_terminal;
}

void __wrap_terminal_resize(int fd, const struct nacre_request *request)
{
    ck_assert_int_eq(request->kind, NACRE_REQUEST_WINDOW_CHANGE);
    note("resize %d;", fd);
}

bool __wrap_terminal_break(int master)
{
    note("break %d;", master);
    return breaks;
}

void __wrap_child_signal(const struct child *child, int number)
{
    ck_assert_ptr_eq(child, &session->child);
    note("kill %d;", number);
}

bool __wrap_start_command(struct serve_session *s, const struct serve_config *given,
                          const char *original)
{
    ck_assert(s == session && given->command == config.command);
    note("command %s;", original != NULL ? original : "-");
    return starts;
}

bool __wrap_start_shell_command(struct serve_session *s, const struct serve_config *given,
                                const char *command)
{
    ck_assert(s == session && given->command == config.command);
    note("shell %s;", command);
    return starts;
}

bool __wrap_agent_listen(struct agent_socket *a, struct nacre_peer *peer)
{
    ck_assert(a == &session->agent && peer == NULL);
    (void)snprintf(a->path, sizeof a->path, "/a");
    note("agent;");
    return listens;
}

void __wrap_agent_close(struct agent_socket *a)
{
    ck_assert_ptr_eq(a, &session->agent);
    note("no agent;");
}

void __wrap_end_hang_up(struct serve_session *s, struct nacre_loop *loop)
{
    ck_assert(s == session && loop == (struct nacre_loop *)(void *)&one);
    note("hang up;");
}

void __wrap_request_refused(struct nacre_channel *ch, const struct nacre_request *request)
{
    ck_assert(ch == CHANNEL && request != NULL);
    note("refused;");
}

struct serve_session *__wrap_session_new(struct nacre_channel *ch)
{
    return out_of_memory ? NULL : __real_session_new(ch);
}

void __wrap_session_free(struct serve_session *s)
{
    ck_assert_ptr_eq(s, session);
    note("free;");
    __real_session_free(s);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void on_opened(struct nacre_channel *ch)
{
    ck_assert(ch == CHANNEL && session != NULL);
    note("opened;");
}

static void on_requested(struct nacre_channel *ch, const struct nacre_request *request,
                         bool granted)
{
    ck_assert(ch == CHANNEL && request != NULL);
    note(granted ? "yes;" : "no;");
}

static void on_eof(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("eof;");
}

static void on_close(struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    note("close;");
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    ck_assert(ch == CHANNEL && why->cause == NACRE_PEER_CLOSED);
    note("closed;");
}

static const struct channel_events events = {
    .opened = on_opened,
    .requested = on_requested,
    .eof = on_eof,
    .close = on_close,
    .closed = on_closed,
};
static const char *const subsystems[] = {"sftp-x=other", "sftp=/bin/sftp -l", NULL};
static const char *const accepted[] = {"ALSO_*", NULL};
static char *command[] = {"/bin/cat", NULL};

/* An open session without a program. */
static void begin(void)
{
    config = (struct serve_config){
        .command = command, .subsystems = subsystems, .accepted = accepted, .events = &events};
    serve_configure(&config);
    allowed = (struct nacre_key_grant){.pty = true, .agent_forwarding = true};
    opens_terminal = breaks = starts = listens = true;
    refusal = NULL;
    session = NULL;
    clearenv();
    (void)setenv("PATH", "/p", 1);
    noted[0] = 0;
    ck_assert_int_eq(serve_app.open(CHANNEL), NACRE_GRANT);
    expect_notes("opened;");
    ck_assert_ptr_eq(session->ch, CHANNEL);
}

static void end(void)
{
    const struct nacre_end why = {.cause = NACRE_PEER_CLOSED};

    session->running = false;
    noted[0] = 0;
    serve_app.closed(CHANNEL, &why);
    expect_notes("closed;no agent;free;return;");
}

static void expect(enum nacre_request_kind kind, const char *text, const char *calls)
{
    const struct nacre_request request = {
        .kind = kind, .type = "other", .text = text, .value = "v"};
    bool granted = serve_app.request(CHANNEL, &request) == NACRE_GRANT;

    ck_assert_int_eq(granted, strstr(calls, "yes;") != NULL);
    expect_notes(calls);
}

static const char *variable(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < session->environment.count; i++)
        if (strncmp(session->environment.list[i], name, len) == 0 &&
            session->environment.list[i][len] == '=')
            return session->environment.list[i] + len + 1;
    return "-";
}

#define NO "no;refused;"

START_TEST(a_session_needs_a_place)
{
    begin();
    ck_assert_str_eq(variable("PATH"), "/p"); /* the server's environment */
    end();
    refusal = "full";
    ck_assert_int_eq(serve_app.open(CHANNEL), NACRE_REFUSE);
    expect_notes("refuse full;");
    session = NULL;
    serve_app.closed(CHANNEL, &(struct nacre_end){.cause = NACRE_PEER_CLOSED});
    expect_notes("");
}
END_TEST

START_TEST(a_session_without_memory_returns_its_place)
{
    begin();
    out_of_memory = true;
    ck_assert_int_eq(serve_app.open(CHANNEL), NACRE_REFUSE);
    out_of_memory = false;
    expect_notes("return;");
    end();
}
END_TEST

START_TEST(each_kind_of_request_has_its_effect)
{
    begin();
    expect(NACRE_REQUEST_SHELL, "", "command -;yes;");
    expect(NACRE_REQUEST_EXEC, "ls", NO);
    expect(NACRE_REQUEST_SUBSYSTEM, "sftp", "shell /bin/sftp -l;yes;");
    expect(NACRE_REQUEST_SUBSYSTEM, "sft", NO);
    expect(NACRE_REQUEST_SUBSYSTEM, "sftp=", NO);
    expect(NACRE_REQUEST_EOW, "", "yes;");
    expect(NACRE_REQUEST_EXIT_STATUS, "", NO);
    starts = false;
    expect(NACRE_REQUEST_SHELL, "", "command -;" NO);
    expect(NACRE_REQUEST_SUBSYSTEM, "sftp", "shell /bin/sftp -l;" NO);
    config.exec = true;
    serve_configure(&config);
    expect(NACRE_REQUEST_EXEC, "ls", "command ls;" NO);
    starts = true;
    expect(NACRE_REQUEST_EXEC, "ls", "command ls;yes;");
    end();
}
END_TEST

/* Whatever starts a program starts this one; no configuration can prevent it. */
START_TEST(the_command_of_a_key_takes_the_place_of_all)
{
    static char forced[] = "forced";

    begin();
    allowed.command = forced;
    expect(NACRE_REQUEST_SHELL, "", "command -;yes;");
    expect(NACRE_REQUEST_EXEC, "ls", "command ls;yes;");
    expect(NACRE_REQUEST_SUBSYSTEM, "sftp", "command sftp;yes;");
    expect(NACRE_REQUEST_PTY, "vt100", "terminal;yes;");
    end();
}
END_TEST

START_TEST(a_terminal_has_a_name_that_programs_can_use)
{
    static const char longest[] =
        "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt";
    static const struct {
        const char *term, *used;
    } rows[] = {
        {"vt100", "vt100"}, {"", "dumb"},      {"a b", "dumb"},  {"\x7f", "dumb"},
        {"~!", "~!"},       {longest, "dumb"}, {"\x1b", "dumb"}, {longest + 1, longest + 1}};

    begin();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect(NACRE_REQUEST_PTY, rows[i].term, "terminal;yes;");
        ck_assert_str_eq(variable("TERM"), rows[i].used);
    }
    opens_terminal = false;
    expect(NACRE_REQUEST_PTY, "vt100", "terminal;" NO);
    allowed.pty = false;
    expect(NACRE_REQUEST_PTY, "vt100", NO);
    end();
}
END_TEST

/* Before the program is started, the terminal's size is set where it was opened. */
START_TEST(sizes_and_breaks_need_a_terminal)
{
    begin();
    expect(NACRE_REQUEST_WINDOW_CHANGE, "", NO);
    expect(NACRE_REQUEST_BREAK, "", NO);
    session->terminal.master = dup(0);
    session->terminal.slave = -1;
    ck_assert_int_lt(session->terminal.master, 10);
    expect(NACRE_REQUEST_BREAK, "", NO);
    serve_app.request(CHANNEL, &(struct nacre_request){.kind = NACRE_REQUEST_WINDOW_CHANGE});
    ck_assert_int_eq(noted[7] - '0', session->terminal.master);
    noted[0] = 0;
    session->tty = 0;
    expect(NACRE_REQUEST_WINDOW_CHANGE, "", "resize 0;yes;");
    expect(NACRE_REQUEST_BREAK, "", "break 0;yes;");
    breaks = false;
    expect(NACRE_REQUEST_BREAK, "", "break 0;" NO);
    session->tty = -1;
    (void)close(session->terminal.master);
    session->terminal.master = 0; /* as a descriptor's number may be */
    expect(NACRE_REQUEST_WINDOW_CHANGE, "", "resize 0;yes;");
    session->terminal.master = -1;
    end();
}
END_TEST

START_TEST(signals_need_a_program)
{
    begin();
    expect(NACRE_REQUEST_SIGNAL, "TERM", NO);
    session->running = true;
    expect(NACRE_REQUEST_SIGNAL, "TERM", "kill 15;yes;");
    expect(NACRE_REQUEST_SIGNAL, "NONSENSE", NO);
    end();
}
END_TEST

START_TEST(variables_are_set_before_the_program_starts)
{
    char name[16];

    begin();
    expect(NACRE_REQUEST_ENV, "LANG", "yes;");
    ck_assert_str_eq(variable("LANG"), "v");
    expect(NACRE_REQUEST_ENV, "ALSO_THIS", "yes;");
    expect(NACRE_REQUEST_ENV, "PATH", NO);
    session->running = true;
    expect(NACRE_REQUEST_ENV, "LC_ALL", NO);
    session->running = false;
    for (unsigned i = 0; session->environment.count < ENVIRONMENT_CLIENT_MAX; i++) {
        (void)snprintf(name, sizeof name, "LC_%u", i);
        expect(NACRE_REQUEST_ENV, name, "yes;");
    }
    expect(NACRE_REQUEST_ENV, "LC_ALL", NO);
    end();
}
END_TEST

START_TEST(an_agent_is_forwarded_if_everybody_allows_it)
{
    struct nacre_request request = {.kind = NACRE_REQUEST_OTHER,
                                    .type = "auth-agent-req@openssh.com"};

    begin();
    ck_assert_int_eq(serve_app.request(CHANNEL, &request), NACRE_REFUSE);
    config.agent_forwarding = true;
    serve_configure(&config);
    allowed.agent_forwarding = false;
    ck_assert_int_eq(serve_app.request(CHANNEL, &request), NACRE_REFUSE);
    allowed.agent_forwarding = true;
    session->running = true;
    ck_assert_int_eq(serve_app.request(CHANNEL, &request), NACRE_REFUSE);
    session->running = false;
    request.type = "other";
    ck_assert_int_eq(serve_app.request(CHANNEL, &request), NACRE_REFUSE);
    expect_notes(NO NO NO NO);
    request.type = "auth-agent-req@openssh.com";
    listens = false;
    ck_assert_int_eq(serve_app.request(CHANNEL, &request), NACRE_REFUSE);
    expect_notes("agent;" NO);
    ck_assert_str_eq(variable("SSH_AUTH_SOCK"), "-");
    listens = true;
    ck_assert_int_eq(serve_app.request(CHANNEL, &request), NACRE_GRANT);
    expect_notes("agent;yes;");
    ck_assert_str_eq(variable("SSH_AUTH_SOCK"), "/a");
    end();
}
END_TEST

START_TEST(data_waits_for_the_program)
{
    begin();
    ck_assert_uint_eq(serve_app.data(CHANNEL, (const uint8_t *)"x", 1), 0);
    ck_assert(!session->got_eof);
    serve_app.eof(CHANNEL);
    ck_assert(session->got_eof);
    serve_app.close(CHANNEL);
    expect_notes("eof;close;");
    end();
}
END_TEST

START_TEST(a_program_that_still_runs_is_hung_up_on)
{
    int fd;

    begin();
    session->running = true;
    session->tty = fd = dup(0);
    serve_app.closed(CHANNEL, &(struct nacre_end){.cause = NACRE_PEER_CLOSED});
    expect_notes("closed;no agent;hang up;");
    ck_assert_ptr_null(session->ch);
    ck_assert_int_eq(session->tty, -1);
    ck_assert_int_eq(dup(0), fd); /* it was closed */
    (void)close(fd);
    session_free(session);
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    add_test(suite, a_session_needs_a_place);
    add_test(suite, a_session_without_memory_returns_its_place);
    add_test(suite, each_kind_of_request_has_its_effect);
    add_test(suite, the_command_of_a_key_takes_the_place_of_all);
    add_test(suite, a_terminal_has_a_name_that_programs_can_use);
    add_test(suite, sizes_and_breaks_need_a_terminal);
    add_test(suite, signals_need_a_program);
    add_test(suite, variables_are_set_before_the_program_starts);
    add_test(suite, an_agent_is_forwarded_if_everybody_allows_it);
    add_test(suite, data_waits_for_the_program);
    add_test(suite, a_program_that_still_runs_is_hung_up_on);
}
