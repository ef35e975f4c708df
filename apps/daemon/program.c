#include "apps/daemon/program.h"

#include "apps/confine/confine.h"
#include "apps/daemon/confined.h"
#include "apps/files/key_file.h"
#include "apps/runtime/locked_memory.h"
#include "apps/daemon/login.h"
#include "apps/daemon/events.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PROBLEM_MAX = 1024 /* bytes of a sentence */ };

struct program {
    const struct program_options *options;
    const struct nacre_channel_app *app;
    struct login login;
    char banner[NACRE_BANNER_MAX + 1];
    const struct nacre_key *keys[LIST_MAX + 1];
    struct confinement confinement;
};

static struct nacre_server *running; /* for the signal handler */

static bool fail(const struct program_options *o, const char *errbuf)
{
    (void)fprintf(stderr, "%s: %s\n", o->face->name, errbuf);
    return false;
}

static void log_host_key(const struct nacre_key *key, const char *file)
{
    char fingerprint[NACRE_FINGERPRINT_MAX];
    struct log_line l;

    nacre_key_fingerprint(key, fingerprint);
    log_begin(&l, LOG_INFO, "hostkey");
    log_text(&l, "type", nacre_key_type(key));
    log_text(&l, "fingerprint", fingerprint);
    log_text(&l, "file", file);
    log_end(&l);
}

static bool load_host_keys(struct program *program)
{
    const struct program_options *o = program->options;
    const char *const standard[] = {DEFAULT_HOST_KEY, NULL};
    const char *const *files = o->host_key_count > 0 ? o->host_keys : standard;
    char errbuf[PROBLEM_MAX];

    for (size_t i = 0; files[i] != NULL; i++) {
        bool make = o->host_key_count == 0 && access(files[i], F_OK) != 0;

        program->keys[i] = make ? nacre_key_make(files[i], errbuf, sizeof errbuf)
                                : nacre_key_read(files[i], errbuf, sizeof errbuf);
        if (program->keys[i] == NULL)
            return fail(o, errbuf);
        log_host_key(program->keys[i], files[i]);
    }
    return true;
}

static const char *password_file(const struct program_options *o)
{
    return o->passwords != NULL ? o->passwords : DEFAULT_PASSWORDS;
}

/* Without the option the default file may be missing, when there is another way to log in. */
static bool open_passwords(struct program *program)
{
    const struct program_options *o = program->options;
    const char *file = password_file(o);
    char errbuf[PROBLEM_MAX] = "";

    if (o->passwords == NULL && o->authorized_keys != NULL && access(file, F_OK) != 0)
        return true;
    program->login.passwords = nacre_password_file_open(file, errbuf, sizeof errbuf);
    if (program->login.passwords == NULL)
        return fail(o, errbuf);
    if (errbuf[0] != 0)
        log_trouble("passwords", errbuf); /* of one line; the others count */
    return true;
}

/* What is read again while the server runs, and who reads it then. */
static bool prepare_confinement(struct program *program)
{
    const struct program_options *o = program->options;
    struct confinement *c = &program->confinement;
    size_t count = 0;
    char errbuf[PROBLEM_MAX] = "";

    *c = (struct confinement){.user = o->user,
                              .off = o->no_sandbox,
                              .starts_programs = o->face->has_command,
                              .forbidden = log_forbidden};
    if (o->passwords != NULL || access(DEFAULT_PASSWORDS, F_OK) == 0)
        c->reads[count++] = password_file(o);
    if (o->authorized_keys != NULL)
        c->reads[count++] = o->authorized_keys;
    return confine_find_user(c, errbuf, sizeof errbuf) || fail(o, errbuf);
}

/* As the user who will read them again. */
static bool open_as_user(void *context)
{
    struct program *program = context;
    char errbuf[PROBLEM_MAX] = "";

    return (confine_can_read(&program->confinement, errbuf, sizeof errbuf) ||
            fail(program->options, errbuf)) &&
           open_passwords(program);
}

static bool open_files(struct program *program)
{
    char errbuf[PROBLEM_MAX] = "";

    return confine_try(&program->confinement, open_as_user, program, errbuf, sizeof errbuf) ||
           (errbuf[0] != 0 && fail(program->options, errbuf));
}

static bool open_authorized_keys(struct program *program)
{
    const struct program_options *o = program->options;

    if (o->authorized_keys == NULL)
        return true;
    program->login.authorized_keys = nacre_authorized_keys_open(o->authorized_keys);
    return program->login.authorized_keys != NULL || fail(o, "out of memory");
}

/* The text for NACRE_BANNER: line ends as RFC 4252 section 5.4 wants them, CR LF. */
static bool read_banner(struct program *program)
{
    const struct program_options *o = program->options;
    char *banner = program->banner;
    size_t n = 0;
    FILE *file;
    int c;

    if (o->banner_file == NULL)
        return true;
    file = fopen(o->banner_file, "r");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: %s: cannot read the banner: %s\n", o->face->name, o->banner_file,
                      strerror(errno));
        return false;
    }
    while ((c = getc(file)) != EOF && n + 2 < sizeof program->banner) {
        if (c == '\n' && (n == 0 || banner[n - 1] != '\r'))
            banner[n++] = '\r';
        banner[n++] = (char)c;
    }
    if (ferror(file)) {
        (void)fprintf(stderr, "%s: %s: cannot read the banner: %s\n", o->face->name, o->banner_file,
                      strerror(errno));
        (void)fclose(file);
        return false;
    }
    (void)fclose(file);
    program->login.banner = banner;
    return c == EOF || fail(o, "the banner is longer than 4096 bytes");
}

/* A method that is required must be there to be tried. */
static bool check_required(const struct program *program)
{
    const struct program_options *o = program->options;
    const char *require = o->require;

    if (require == NULL)
        return true;
    if (strstr(require, "publickey") != NULL && o->authorized_keys == NULL)
        return fail(o, "--require publickey needs --authorized-keys");
    if (strstr(require, "keyboard-interactive") != NULL && !o->keyboard_interactive)
        return fail(o, "--require keyboard-interactive needs --keyboard-interactive");
    if ((strstr(require, "password") != NULL || strstr(require, "keyboard") != NULL) &&
        program->login.passwords == NULL)
        return fail(o, "--require password or keyboard-interactive needs a password file");
    return true;
}

static void on_signal(int number)
{
    (void)number;
    nacre_server_stop(running);
}

static void on_report(int number)
{
    (void)number;
    nacre_server_report(running);
}

/* A log whose reader has gone away is no reason to end. Not SIG_IGN: a program that we start would
 * inherit that. */
static void on_broken_pipe(int number)
{
    (void)number;
}

static void handle_signals(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    struct sigaction report = {.sa_handler = handler == SIG_IGN ? SIG_IGN : on_report,
                               .sa_flags = SA_RESTART};
    struct sigaction broken_pipe = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
    struct sigaction children = {.sa_handler = SIG_DFL}; /* ignored, they would leave no status */

    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGUSR1, &report, NULL);
    (void)sigaction(SIGPIPE, &broken_pipe, NULL);
    (void)sigaction(SIGCHLD, &children, NULL);
}

/* Until there is a server to stop, and a handler for it, they wait. */
static void hold_signals(int how)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGUSR1);
    (void)pthread_sigmask(how, &set, NULL);
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool on_bound(void *context, char *errbuf, size_t size)
{
    struct program *program =
        (struct program *)(void *)((char *)context - offsetof(struct program, login));
    struct confine_note notes[CONFINE_MEASURES];

    program->confinement.locked_memory = nacre_locked_memory_size();
    if (!confine(&program->confinement, notes, errbuf, size))
        return false;
    log_confined(&program->confinement, notes);
    return true;
}

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    server_log.ended(peer, why);
    login_forget(peer);
}

static bool serve(struct program *program, void (*over)(void))
{
    const struct program_options *o = program->options;
    const struct nacre_auth_policy policy = login_policy(&program->login);
    const struct nacre_observer observer = server_observer_at(o->level);
    struct nacre_server_events events = server_log;
    struct nacre_server_config config = {
        .listen = o->listen,
        .host_keys = program->keys,
        .auth = &policy,
        .session = program->app,
        .events = &events,
        .observer = &observer,
        .context = &program->login,
        .bound = on_bound,
        .secrets = nacre_locked_memory(),
        .workers = o->workers,
        .limits = o->chosen.limits,
        .admission = o->chosen.admission,
        .channels_max = o->chosen.channels_max,
        .login_grace_ms = o->chosen.login_grace_ms,
        .rekey_bytes = o->rekey_bytes,
        .rekey_ms = o->rekey_ms,
        .kex = o->algorithms[NACRE_KEX],
        .host_key = o->algorithms[NACRE_HOST_KEY],
        .public_key = o->algorithms[NACRE_PUBLIC_KEY],
        .ciphers = o->algorithms[NACRE_CIPHER],
        .macs = o->algorithms[NACRE_MAC],
    };
    char errbuf[PROBLEM_MAX];

    config.admission.descriptors_each = o->face->descriptors_each;
    hold_signals(SIG_BLOCK);
    events.ended = on_ended;
    running = nacre_server_new(&config, errbuf, sizeof errbuf);
    if (running == NULL)
        return fail(o, errbuf);
    handle_signals(on_signal);
    hold_signals(SIG_UNBLOCK);
    nacre_server_run(running);
    log_counters("stopped", running);
    handle_signals(SIG_IGN);
    if (over != NULL)
        over();
    nacre_server_free(running);
    return true;
}

static void say_used_up(const char *sentence)
{
    log_trouble("sandbox", sentence);
}

int program_serve(const struct program_options *o, const struct nacre_channel_app *app,
                  void (*over)(void))
{
    struct program program = {.options = o, .app = app};
    bool good;

    program.login.keyboard_interactive = o->keyboard_interactive;
    program.login.require = o->require;
    log_threshold(o->level);
    raise_descriptor_limit();
    if (!o->no_sandbox && !CONFINE_SANITIZED)
        (void)nacre_locked_memory_start(say_used_up); /* confine says what came of it */
    good = prepare_confinement(&program) && load_host_keys(&program) && open_files(&program) &&
           open_authorized_keys(&program) && read_banner(&program) && check_required(&program) &&
           serve(&program, over);
    nacre_password_file_close(program.login.passwords);
    nacre_authorized_keys_close(program.login.authorized_keys);
    for (size_t i = 0; program.keys[i] != NULL; i++)
        nacre_key_free((struct nacre_key *)(uintptr_t)program.keys[i]);
    return good ? 0 : 1;
}
