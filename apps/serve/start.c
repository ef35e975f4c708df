#include "apps/serve/start.h"

#include "apps/daemon/descriptors.h"
#include "apps/daemon/events.h"
#include "apps/runtime/stream.h"
#include "apps/server/file_login.h"
#include "apps/serve/end.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct nacre_key_grant *grant_of(const struct serve_session *s)
{
    return nacre_file_login_grant(nacre_peer_login(nacre_channel_context(s->ch)));
}

static void log_ignored_environment(const struct serve_session *s)
{
    struct log_line l;

    log_begin_channel(&l, "environment", s->ch);
    log_text(&l, "reason", "environment= in authorized_keys needs --permit-user-environment");
    log_end(&l);
}

/* The environment="NAME=value" options of the key that the user logged in with. */
static bool set_keys_environment(struct environment *e, char **variables)
{
    for (char **at = variables; at != NULL && *at != NULL; at++)
        if (!environment_set_pair(e, *at))
            return false;
    return true;
}

static bool set_own_environment(struct environment *e, const char *const *pairs)
{
    for (; pairs != NULL && *pairs != NULL; pairs++)
        if (!environment_set_pair(e, *pairs))
            return false;
    return true;
}

static bool prepare_environment(struct serve_session *s, const struct serve_config *config,
                                const char *original)
{
    struct nacre_peer *peer = nacre_channel_context(s->ch);
    struct environment *e = &s->environment;
    char **variables = grant_of(s)->environment;

    if (!set_own_environment(e, config->environment))
        return false;
    if (variables != NULL && !config->key_environment)
        log_ignored_environment(s);
    else if (!set_keys_environment(e, variables))
        return false;
    if (!environment_set_connection(e, peer) || !environment_set_login(e, peer))
        return false;
    if (s->tty >= 0 && !environment_set(e, "SSH_TTY", s->terminal.name))
        return false;
    return original == NULL || environment_set(e, "SSH_ORIGINAL_COMMAND", original);
}

/* A program starts where the server was started, if its user can read that folder by its path:
 * otherwise in its home, as after a login. A path that depends on the folder is an exception. */
static const char *start_folder(const char *program)
{
    char here[PATH_MAX];
    const char *home = getenv("HOME");

    if (program[0] != '/' || (getcwd(here, sizeof here) != NULL && access(here, R_OK | X_OK) == 0))
        return NULL;
    return home != NULL ? home : "/";
}

/* argv: the command that is run, in the session's environment. */
static bool start_child(struct serve_session *s, const struct serve_config *config,
                        char *const argv[], struct child_streams *streams)
{
    const struct spawn program = {
        .argv = argv,
        .environment = s->environment.list,
        .folder = config->folder != NULL ? config->folder : start_folder(argv[0]),
        .descriptors = descriptors_inherited(),
    };

    if (!child_start(&s->child, &program, &s->terminal, streams)) {
        log_trouble("start", errno == E2BIG
                                 ? "Argument list too long: a command or variable is longer than "
                                   "Linux passes to a program"
                                 : strerror(errno));
        return false;
    }
    return true;
}

static bool join(struct serve_session *s, const struct child_streams *streams)
{
    const struct nacre_stream_config joined = {
        .input = streams->output,
        .error = streams->error,
        .output = streams->input,
        .drained = end_on_drained,
        .output_ended = s->got_eof,
    };

    return nacre_stream_join(s->ch, session_loop(s), &joined) != NULL;
}

/* End a child that cannot be watched. */
static bool abandon(struct serve_session *s)
{
    struct child_end end;

    child_signal(&s->child, SIGKILL);
    while (!child_reap(&s->child, &end))
        (void)usleep(1000); /* SIGKILL cannot be caught */
    return false;
}

static void log_start(const struct serve_session *s, const char *what)
{
    struct log_line l;

    log_begin_channel(&l, "started", s->ch);
    log_u64(&l, "pid", (uint64_t)s->child.pid);
    log_text(&l, "what", what);
    log_end(&l);
}

static bool prepare(struct serve_session *s, const struct serve_config *config,
                    const char *original)
{
    if (s->terminal.master >= 0)
        s->tty = fcntl(s->terminal.master, F_DUPFD_CLOEXEC, 0);
    if (prepare_environment(s, config, original))
        return true;
    log_trouble("start", "environment: too many variables, or out of memory");
    return false;
}

/* original: what the client asked for, or NULL */
static bool start(struct serve_session *s, const struct serve_config *config, char *const argv[],
                  const char *what, const char *original)
{
    struct child_streams streams;

    if (s->failed)
        return false;
    s->failed = !prepare(s, config, original) || !start_child(s, config, argv, &streams);
    if (s->failed) {
        session_close_tty(s);
        return false;
    }
    environment_clear(&s->environment);
    if (!join(s, &streams))
        return abandon(s);
    s->watch = nacre_watch_new(session_loop(s), s->child.pidfd, end_on_exit, s);
    if (s->watch == NULL)
        return abandon(s);
    s->leader = s->child.pid;
    s->running = true;
    log_start(s, what);
    return true;
}

bool start_shell_command(struct serve_session *s, const struct serve_config *config,
                         const char *command)
{
    char *copy = strdup(command); /* execve's words are not const */
    char *const argv[] = {"/bin/sh", "-c", copy, NULL};
    bool started = copy != NULL && start(s, config, argv, command, NULL);

    free(copy);
    return started;
}

bool start_command(struct serve_session *s, const struct serve_config *config, const char *original)
{
    char *const forced[] = {"/bin/sh", "-c", grant_of(s)->command, NULL};

    if (forced[2] != NULL)
        return start(s, config, forced, forced[2], original);
    if (config->command == NULL)
        return false;
    return start(s, config, config->command, config->command[0], original);
}
