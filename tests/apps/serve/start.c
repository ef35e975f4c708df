/* How a session's process is started: its words, its environment, and what happens if a step fails.
 * Neither the library nor the process is there. */
#include "apps/serve/start.h"
#include "apps/daemon/descriptors.h"
#include "apps/daemon/events.h"
#include "apps/runtime/stream.h"
#include "apps/server/file_login.h"
#include "apps/serve/end.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"
#include "tests/support/standard_input.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct serve_config config;
static struct nacre_key_grant grant;
static struct serve_session *session;
static struct nacre_stream_config joined;
static const struct rlimit limit = {.rlim_cur = 1};
static char started_in[64]; /* the folder; "-": none */
static int failure;         /* of child_start */
static bool joins, watches;
static bool sets, sets_login; /* variables of the connection, and of the login */
static bool reads = true;     /* the folder */
static unsigned unreaped;     /* calls of child_reap that find no end */
static char one;

#define CHANNEL ((struct nacre_channel *)(void *)&one)
#define LOOP ((struct nacre_loop *)(void *)&one)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__wrap_nacre_channel_context(const struct nacre_channel *ch);
const struct nacre_login *__wrap_nacre_peer_login(const struct nacre_peer *peer);
const struct nacre_key_grant *__wrap_nacre_file_login_grant(const struct nacre_login *login);
struct nacre_loop *__wrap_session_loop(const struct serve_session *s);
struct nacre_stream *__wrap_nacre_stream_join(struct nacre_channel *ch, struct nacre_loop *loop,
                                              const struct nacre_stream_config *given);
struct nacre_watch *__wrap_nacre_watch_new(struct nacre_loop *loop, int fd,
                                           void (*ready)(void *context), void *context);
void __wrap_nacre_watch_free(struct nacre_watch *watch);
bool __wrap_environment_set_connection(struct environment *e, struct nacre_peer *peer);
bool __wrap_environment_set_login(struct environment *e, const struct nacre_peer *peer);
const struct rlimit *__wrap_descriptors_inherited(void);
bool __wrap_child_start(struct child *child, const struct spawn *program, struct terminal *terminal,
                        struct child_streams *streams);
bool __wrap_child_reap(struct child *child, struct child_end *end);
void __wrap_child_signal(const struct child *child, int number);
void __wrap_log_begin_channel(struct log_line *l, const char *event,
                              const struct nacre_channel *ch);
void __wrap_log_end(struct log_line *l);

void *__wrap_nacre_channel_context(const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    return NULL;
}

const struct nacre_login *__wrap_nacre_peer_login(const struct nacre_peer *peer)
{
    (void)peer;
    return NULL;
}

const struct nacre_key_grant *__wrap_nacre_file_login_grant(const struct nacre_login *login)
{
    (void)login;
    return &grant;
}

struct nacre_loop *__wrap_session_loop(const struct serve_session *s)
{
    ck_assert_ptr_eq(s, session);
    return LOOP;
}

struct nacre_stream *__wrap_nacre_stream_join(struct nacre_channel *ch, struct nacre_loop *loop,
                                              const struct nacre_stream_config *given)
{
    ck_assert(ch == CHANNEL && loop == LOOP);
    joined = *given;
    note("join;");
    return joins ? (struct nacre_stream *)(void *)&one : NULL;
}

struct nacre_watch *__wrap_nacre_watch_new(struct nacre_loop *loop, int fd,
                                           void (*ready)(void *context), void *context)
{
    ck_assert(loop == LOOP && fd == session->child.pidfd);
    ck_assert(ready == end_on_exit && context == session);
    note("watch;");
    return watches ? (struct nacre_watch *)(void *)&one : NULL;
}

void __wrap_nacre_watch_free(struct nacre_watch *watch)
{
    (void)watch;
}

bool __wrap_environment_set_connection(struct environment *e, struct nacre_peer *peer)
{
    (void)peer;
    return environment_set(e, "SSH_CONNECTION", "c") && sets;
}

bool __wrap_environment_set_login(struct environment *e, const struct nacre_peer *peer)
{
    (void)peer;
    return environment_set(e, "REMOTE_USER", "u") && sets_login;
}

const struct rlimit *__wrap_descriptors_inherited(void)
{
    return &limit;
}

bool __wrap_child_start(struct child *child, const struct spawn *program, struct terminal *terminal,
                        struct child_streams *streams)
{
    ck_assert(child == &session->child && terminal == &session->terminal);
    ck_assert(program->environment == session->environment.list && program->descriptors == &limit);
    (void)snprintf(started_in, sizeof started_in, "%s",
                   program->folder != NULL ? program->folder : "-");
    for (size_t i = 0; program->argv[i] != NULL; i++)
        note("%s ", program->argv[i]);
    note("|");
    for (size_t i = 0; i < session->environment.count; i++)
        note(" %s", session->environment.list[i]);
    note(";");
    *streams = (struct child_streams){11, 12, 13};
    errno = failure;
    if (failure == 0)
        child->pid = 41;
    return failure == 0;
}

bool __wrap_child_reap(struct child *child, struct child_end *end)
{
    (void)end;
    ck_assert_ptr_eq(child, &session->child);
    note(unreaped > 0 ? "not yet;" : "reap;");
    return unreaped == 0 || unreaped-- == 0;
}

void __wrap_child_signal(const struct child *child, int number)
{
    ck_assert_ptr_eq(child, &session->child);
    note("kill %d;", number);
}

void __wrap_log_begin_channel(struct log_line *l, const char *event, const struct nacre_channel *ch)
{
    ck_assert_ptr_eq(ch, CHANNEL);
    log_begin(l, LOG_INFO, event);
}

OWN(int, access, const char *path, int mode)
{
    ck_assert_int_eq(path[0], '/');
    ck_assert_int_eq(mode, R_OK | X_OK);
    return reads ? 0 : -1;
}

void __wrap_log_end(struct log_line *l)
{
    l->text[l->len] = 0;
    note("%s;", strstr(l->text, "event="));
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static char *words[] = {"/bin/cat", "-u", NULL};

static void begin(void)
{
    config = (struct serve_config){.command = words};
    grant = (struct nacre_key_grant){.command = NULL};
    failure = 0;
    joins = watches = sets = sets_login = true;
    unreaped = 0;
    session = session_new(CHANNEL);
    noted[0] = 0;
}

#define LOGIN " SSH_CONNECTION=c REMOTE_USER=u"
#define STARTED "join;watch;event=started pid=41 what="
#define NO_ENVIRONMENT "event=start reason=\"environment: too many variables, or out of memory\";"

START_TEST(a_process_is_joined_and_watched)
{
    begin();
    ck_assert(start_command(session, &config, NULL));
    expect_notes("/bin/cat -u |" LOGIN ";" STARTED "/bin/cat;");
    ck_assert(session->running && !session->failed);
    ck_assert_int_eq(session->leader, 41);
    ck_assert_ptr_nonnull(session->watch);
    ck_assert_uint_eq(session->environment.count, 0); /* the process has it */
    ck_assert(joined.output == 11 && joined.input == 12 && joined.error == 13);
    ck_assert(joined.drained == end_on_drained && !joined.output_ended);
    session_free(session);
    begin();
    session->got_eof = true;
    ck_assert(start_command(session, &config, "ls"));
    expect_notes("/bin/cat -u |" LOGIN " SSH_ORIGINAL_COMMAND=ls;" STARTED "/bin/cat;");
    ck_assert(joined.output_ended);
    session_free(session);
}
END_TEST

START_TEST(what_is_started_is_decided_by_the_key_then_the_configuration)
{
    static char forced[] = "do this";

    begin();
    config.command = NULL;
    ck_assert(!start_command(session, &config, NULL));
    expect_notes("");
    ck_assert(start_shell_command(session, &config, "sftp -l"));
    expect_notes("/bin/sh -c sftp -l |" LOGIN ";" STARTED "\"sftp -l\";");
    session_free(session);
    begin();
    grant.command = forced;
    ck_assert(start_command(session, &config, "ls"));
    expect_notes("/bin/sh -c do this |" LOGIN " SSH_ORIGINAL_COMMAND=ls;" STARTED "\"do this\";");
    session_free(session);
}
END_TEST

START_TEST(the_environment_comes_from_several_places)
{
    static const char *const own[] = {"A=1", "B=2", NULL};
    char third[] = "B=3", fourth[] = "C=4", *of_key[] = {third, fourth, NULL};

    begin();
    config.environment = own;
    grant.environment = of_key;
    ck_assert(start_command(session, &config, NULL));
    expect_notes("event=environment reason=\"environment= in authorized_keys needs "
                 "--permit-user-environment\";/bin/cat -u | A=1 B=2" LOGIN ";" STARTED "/bin/cat;");
    session_free(session);
    begin();
    config.environment = own;
    config.key_environment = true;
    grant.environment = of_key;
    ck_assert(start_command(session, &config, NULL));
    expect_notes("/bin/cat -u | A=1 B=3 C=4" LOGIN ";" STARTED "/bin/cat;");
    session_free(session);
}
END_TEST

/* Descriptors may have the numbers of the standard streams. */
START_TEST(a_terminal_s_descriptor_may_be_any)
{
    int input = dup(0);

    begin();
    session->terminal.master = input;
    (void)close(0);
    ck_assert(start_command(session, &config, NULL));
    ck_assert_int_eq(session->tty, 0);
    assert_says(noted, " SSH_TTY=;");
    session_free(session);
    ck_assert_int_eq(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
    begin();
    session->terminal.master = 0;
    ck_assert(start_command(session, &config, NULL));
    ck_assert_int_gt(session->tty, 0);
    session->terminal.master = -1;
    session_free(session);
}
END_TEST

/* A terminal's descriptor for its size is closed again if the process does not start. */
START_TEST(a_terminal_has_a_variable_and_a_second_descriptor)
{
    int tty;

    begin();
    session->terminal.master = dup(0);
    (void)snprintf(session->terminal.name, sizeof session->terminal.name, "/dev/pts/9");
    ck_assert(start_command(session, &config, NULL));
    expect_notes("/bin/cat -u |" LOGIN " SSH_TTY=/dev/pts/9;" STARTED "/bin/cat;");
    ck_assert(session->tty >= 0 && session->tty != session->terminal.master);
    ck_assert_int_eq(fcntl(session->tty, F_GETFD), FD_CLOEXEC);
    session_free(session);
    begin();
    session->terminal.master = dup(0);
    failure = ENOENT;
    ck_assert(!start_command(session, &config, NULL));
    ck_assert_int_eq(session->tty, -1);
    tty = dup(0);
    ck_assert_int_eq(tty, session->terminal.master + 1);
    (void)close(tty);
    session_free(session);
}
END_TEST

static void expect_no_environment(const char *pair, bool of_key)
{
    const char *const own[] = {pair, NULL};
    char copy[16], *key[] = {copy, NULL};

    begin();
    (void)snprintf(copy, sizeof copy, "%s", pair);
    if (of_key) {
        config.key_environment = true;
        grant.environment = key;
    } else {
        config.environment = own;
    }
    for (int i = 0; session->environment.count < ENVIRONMENT_MAX - 1; i++) {
        char name[16];

        (void)snprintf(name, sizeof name, "V%d", i);
        ck_assert(environment_set(&session->environment, name, ""));
    }
    ck_assert(environment_set(&session->environment, "LAST", ""));
    ck_assert(!start_command(session, &config, NULL));
    expect_notes(NO_ENVIRONMENT);
    session_free(session);
}

/* The variables of the login fit; the terminal's does not. */
static void expect_no_terminal(void)
{
    char name[16];

    begin();
    session->terminal.master = dup(0);
    for (int i = 0; session->environment.count < ENVIRONMENT_MAX - 2; i++) {
        (void)snprintf(name, sizeof name, "V%d", i);
        ck_assert(environment_set(&session->environment, name, ""));
    }
    ck_assert(!start_command(session, &config, NULL));
    expect_notes(NO_ENVIRONMENT);
    session_free(session);
}

START_TEST(without_its_whole_environment_no_process_starts)
{
    expect_no_environment("A=1", false);
    expect_no_environment("A=1", true);
    expect_no_terminal();
    begin();
    sets = false;
    ck_assert(!start_command(session, &config, NULL));
    expect_notes(NO_ENVIRONMENT);
    ck_assert(session->failed && !session->running);
    sets = true;
    ck_assert(!start_command(session, &config, NULL)); /* no second attempt */
    expect_notes("");
    session_free(session);
    begin();
    sets_login = false;
    ck_assert(!start_command(session, &config, NULL));
    expect_notes(NO_ENVIRONMENT);
    session_free(session);
}
END_TEST

START_TEST(a_process_that_does_not_start_is_logged)
{
    begin();
    failure = ENOENT;
    ck_assert(!start_command(session, &config, NULL));
    expect_notes("/bin/cat -u |" LOGIN ";event=start reason=\"No such file or directory\";");
    ck_assert(session->failed);
    session_free(session);
    begin();
    failure = E2BIG;
    ck_assert(!start_command(session, &config, NULL));
    expect_notes("/bin/cat -u |" LOGIN ";event=start reason=\"Argument list too long: a command or "
                 "variable is longer than Linux passes to a program\";");
    session_free(session);
}
END_TEST

START_TEST(a_process_that_cannot_be_served_is_killed)
{
    begin();
    joins = false;
    unreaped = 1;
    ck_assert(!start_command(session, &config, NULL));
    expect_notes("/bin/cat -u |" LOGIN ";join;kill 9;not yet;reap;");
    ck_assert(!session->running);
    session_free(session);
    begin();
    watches = false;
    ck_assert(!start_command(session, &config, NULL));
    expect_notes("/bin/cat -u |" LOGIN ";join;watch;kill 9;reap;");
    ck_assert(!session->running);
    session_free(session);
}
END_TEST

static void expect_folder(const char *program, const char *expected)
{
    char *argv[] = {(char *)(uintptr_t)program, NULL};
    const char *folder = config.folder;

    begin();
    config.command = argv;
    config.folder = folder;
    ck_assert(start_command(session, &config, NULL));
    ck_assert_str_eq(started_in, expected);
    session_free(session);
}

/* A folder that was removed has no path. To root, every folder is open. */
START_TEST(a_process_starts_in_a_folder_that_its_user_can_read)
{
    const char *folder = scratch_path("gone");
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    ck_assert_int_eq(chdir(scratch_path("")), 0);
    (void)setenv("HOME", "/home/al", 1);
    expect_folder("/bin/cat", "-");
    reads = false;
    expect_folder("/bin/cat", "/home/al");
    expect_folder("./cat", "-");
    reads = true;
    config.folder = "/f";
    expect_folder("/bin/cat", "/f");
    config.folder = NULL;
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    expect_folder("/bin/cat", "/home/al");
    expect_folder("./cat", "-");
    (void)unsetenv("HOME");
    expect_folder("/bin/cat", "/");
    ck_assert_int_eq(fchdir(here), 0);
    (void)close(here);
}
END_TEST

void add_tests(struct suite *suite)
{
    standard_input(suite);
    scratch_folder(suite);
    add_test(suite, a_process_is_joined_and_watched);
    add_test(suite, what_is_started_is_decided_by_the_key_then_the_configuration);
    add_test(suite, the_environment_comes_from_several_places);
    add_test(suite, a_terminal_has_a_variable_and_a_second_descriptor);
    add_test(suite, a_terminal_s_descriptor_may_be_any);
    add_test(suite, without_its_whole_environment_no_process_starts);
    add_test(suite, a_process_that_does_not_start_is_logged);
    add_test(suite, a_process_that_cannot_be_served_is_killed);
    add_test(suite, a_process_starts_in_a_folder_that_its_user_can_read);
}
