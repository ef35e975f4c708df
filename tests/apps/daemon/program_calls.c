/* What a server program does from its start to its end, call by call: the parts that it starts and
 * stops are not there. */
#include "apps/daemon/program.h"
#include "apps/confine/confine.h"
#include "apps/daemon/check.h"
#include "apps/daemon/log_output.h"
#include "apps/daemon/log_writer.h"
#include "apps/daemon/metrics.h"
#include "apps/daemon/metrics_listen.h"
#include "apps/daemon/metrics_server.h"
#include "apps/daemon/notify.h"
#include "apps/daemon/orphans.h"
#include "apps/daemon/reload.h"
#include "apps/daemon/setup.h"
#include "apps/daemon/signals.h"
#include "apps/daemon/supervise.h"
#include "apps/observe/study.h"
#include "apps/options/start.h"
#include "apps/runtime/locked_memory.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static const char *failing; /* the step that fails; or NULL */
static bool child, hangup, report, replaced, ending, to_file;
static int inherited_metrics;
static char one; /* its address is what matters */
static const struct study_config *study;
static struct nacre_server_events events; /* of the server */
static void *server_context;
static bool (*bound)(void *context, char *errbuf, size_t size);
static void (*orphaned)(void);
static void (*used_up)(const char *sentence);

#define SERVER ((struct nacre_server *)(void *)&one)
#define PEER ((struct nacre_peer *)(void *)&one)
#define METRICS ((struct metrics_server *)(void *)&one)

static bool step(const char *name)
{
    note("%s;", name);
    return failing == NULL || strcmp(failing, name) != 0;
}

static bool step_with(const char *name, const struct errbuf *p)
{
    return step(name) || errbuf_say(p, "%s failed", name);
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */

/* A function without arguments and result */
#define PLAIN(name)                                                                                \
    void __wrap_##name(void);                                                                      \
    void __wrap_##name(void)                                                                       \
    {                                                                                              \
        (void)step(#name);                                                                         \
    }

PLAIN(program_start)
PLAIN(signals_start)
PLAIN(orphans_adopt)
PLAIN(descriptors_raise)
PLAIN(metrics_start)
PLAIN(study_start)
PLAIN(study_close)
PLAIN(notify_unwatch)
PLAIN(signals_hold)
PLAIN(signals_stop)
PLAIN(signals_drain)
PLAIN(log_stop)

OWN(bool, check_program, const struct server_program *program, const struct server_options *o)
{
    (void)program;
    (void)o;
    return step("check");
}

OWN(bool, inherited_take, struct inherited *inherited, const struct errbuf *p)
{
    *inherited = (struct inherited){.metrics = inherited_metrics};
    return step_with("inherited_take", p);
}

OWN(void, inherited_close, const struct inherited *inherited)
{
    (void)inherited;
    (void)step("inherited_close");
}

OWN(bool, log_open, const struct log_destination *destination, const struct errbuf *p)
{
    ck_assert_str_eq(destination->program, "program");
    return step_with("log_open", p);
}

OWN(bool, log_start, void)
{
    return step("log_start");
}

/* "[EVENT]" */
OWN(void, log_end, struct log_line *l)
{
    const char *event = memmem(l->text, l->len, "event=", 6);

    if (!l->off && event != NULL)
        note("[%.*s];", (int)strcspn(event + 6, " \n"), event + 6);
}

/* A whole sentence */
OWN(void, log_put, const char *line, size_t len)
{
    note("%.*s;", (int)len - 1, line);
}

OWN(bool, log_is_standard_error, void)
{
    return !to_file;
}

OWN(bool, notify_open, const struct errbuf *p)
{
    return step_with("notify_open", p);
}

OWN(void, notify_say, enum notice notice, uint32_t number)
{
    note("say %d %u;", (int)notice, number);
}

OWN(bool, notify_watch, struct nacre_loop *loop, void (*given)(void))
{
    ck_assert_ptr_eq(loop, (void *)&one);
    orphaned = given;
    return step("notify_watch");
}

OWN(bool, supervise_is_child, void)
{
    return child;
}

OWN(int, supervise, const struct server_program *program, const struct server_options *options,
    struct inherited *sockets)
{
    (void)program;
    (void)options;
    (void)sockets;
    note("supervise;");
    return 42;
}

OWN(bool, nacre_locked_memory_start, void (*given)(const char *sentence))
{
    used_up = given;
    return step("locked_memory");
}

OWN(size_t, nacre_locked_memory_size, void)
{
    return 4096;
}

OWN(int, metrics_listen, const char *address, const struct errbuf *p)
{
    note("%s ", address);
    return step_with("metrics_listen", p) ? 0 : -1;
}

OWN(bool, metrics_adopt, int fd, const struct errbuf *p)
{
    note("%d ", fd);
    return step_with("metrics_adopt", p);
}

OWN(struct metrics_server *, metrics_server_new, struct nacre_server *server, int fd,
    bool (*is_draining)(void))
{
    ck_assert(server == SERVER && is_draining == signals_are_ending);
    note("%d ", fd);
    return step("metrics_new") ? METRICS : NULL;
}

OWN(void, metrics_server_retire, struct metrics_server *m)
{
    note("metrics_retire%s;", m != NULL ? "" : " none");
}

OWN(void, metrics_server_free, struct metrics_server *m)
{
    note("metrics_free%s;", m != NULL ? "" : " none");
}

OWN(bool, study_open, const struct study_config *config, const struct errbuf *p)
{
    struct observed seen = {.id = 0};

    study = config;
    ck_assert(config->own->negotiated != NULL);
    config->describe(PEER, &seen);
    ck_assert_uint_eq(seen.id, 7);
    ck_assert_int_eq(seen.role, NACRE_SERVER);
    ck_assert_str_eq(seen.local, "192.0.2.1:22");
    ck_assert_str_eq(seen.peer, "192.0.2.2:5");
    return step_with("study_open", p);
}

OWN(void, study_ended, void *context, const struct nacre_end *why)
{
    ck_assert(context == PEER && why->cause == NACRE_PEER_CLOSED);
    (void)step("study_ended");
}

OWN(bool, setup_read, struct setup *s, const struct setup_report *how)
{
    ck_assert(!how->all && !how->only_try && how->before == NULL);
    if (step("setup_read"))
        return true;
    how->problem(how->context, s->options->user, "setup failed");
    return false;
}

OWN(void, setup_clear, struct setup *s)
{
    (void)s;
    (void)step("setup_clear");
}

OWN(bool, confine, const struct confinement *c, struct confine_note notes[CONFINE_MEASURES],
    char *errbuf, size_t size)
{
    const struct errbuf p = {errbuf, size};

    memset(notes, 0, CONFINE_MEASURES * sizeof notes[0]);
    ck_assert_uint_eq(c->locked_memory, 4096);
    return step_with("confine", &p);
}

OWN(void, log_confined, const struct confinement *c,
    const struct confine_note notes[CONFINE_MEASURES])
{
    (void)c;
    (void)notes;
    (void)step("log_confined");
}

OWN(void, signals_set_drain, uint32_t ms)
{
    note("drain %u;", ms);
}

OWN(void, signals_serve, struct nacre_server *server, bool supervised)
{
    note("signals_serve%s%s;", server != NULL ? "" : " none", supervised ? " supervised" : "");
}

OWN(bool, signals_take_hangup, void)
{
    return hangup;
}

OWN(bool, signals_take_report, void)
{
    return report;
}

OWN(bool, signals_are_ending, void)
{
    return ending;
}

OWN(bool, signals_are_replaced, void)
{
    return replaced;
}

OWN(void, reload, const struct setup *now)
{
    ck_assert_ptr_eq(now->server, SERVER);
    (void)step("reload");
}

OWN(struct nacre_server *, nacre_server_new, const struct nacre_server_config *config, char *errbuf,
    size_t size)
{
    const struct errbuf p = {errbuf, size};

    server_context = config->context;
    events = *config->events;
    bound = config->bound;
    return step_with("server_new", &p) && bound(server_context, errbuf, size) ? SERVER : NULL;
}

OWN(struct nacre_loop *, nacre_server_loop, struct nacre_server *server)
{
    ck_assert_ptr_eq(server, SERVER);
    return (struct nacre_loop *)(void *)&one;
}

static void (*while_running)(void); /* or NULL */

OWN(void, nacre_server_run, struct nacre_server *server)
{
    ck_assert_ptr_eq(server, SERVER);
    note("run;");
    if (while_running != NULL)
        while_running();
}

OWN(void, nacre_server_free, struct nacre_server *server)
{
    ck_assert_ptr_eq(server, SERVER);
    note("server_free;");
}

OWN(uint64_t, nacre_server_counter, const struct nacre_server *server, enum nacre_counter count)
{
    (void)count;
    return server == SERVER;
}

OWN(uint64_t, nacre_server_limited, const struct nacre_server *server, enum nacre_limit limit)
{
    (void)limit;
    return server == SERVER;
}

OWN(uint64_t, nacre_peer_id, const struct nacre_peer *peer)
{
    return peer == PEER ? 7 : 0;
}

OWN(const char *, nacre_peer_address, const struct nacre_peer *peer)
{
    return peer == PEER ? "192.0.2.2:5" : "";
}

OWN(const char *, nacre_peer_local_address, const struct nacre_peer *peer)
{
    return peer == PEER ? "192.0.2.1:22" : "";
}

OWN(struct nacre_session *, nacre_peer_session, const struct nacre_peer *peer)
{
    (void)peer;
    return NULL;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- the program ---- */

static const struct nacre_channel_app app = {.open = NULL};
static struct server_options options;

static void stopped(void)
{
    (void)step("stopped");
}

static void set_up(void)
{
    options = (struct server_options){.level = LOG_INFO, .no_sandbox = true, .drain_ms = 9};
    inherited_metrics = -1;
}

static int serve(void)
{
    static const struct server_program program = {
        .name = "program", .app = &app, .stopped = stopped};

    return program_serve(&program, &options);
}

#define OPEN "inherited_take;orphans_adopt;log_open;notify_open;"
#define READ "descriptors_raise;study_open;setup_read;"
#define BOUND "signals_hold;server_new;confine;log_start;log_confined;study_start;say 0 0;"
#define SERVED "drain 9;signals_serve;inherited_close;"
#define END "notify_unwatch;[stopped];signals_stop;stopped;server_free;"
#define CLOSE "setup_clear;study_close;log_stop;"

START_TEST(everything_is_opened_before_the_server_runs_and_closed_after_it)
{
    ck_assert_int_eq(serve(), 0);
    expect_notes(OPEN READ BOUND SERVED "notify_watch;run;metrics_free none;" END CLOSE);
}
END_TEST

START_TEST(a_sandbox_gets_locked_memory)
{
    options.no_sandbox = false;
    ck_assert_int_eq(serve(), 0);
#define LOCKED (CONFINE_SANITIZED ? "descriptors_raise;study" : "descriptors_raise;locked_memory;")
    ck_assert_ptr_nonnull(strstr(noted, LOCKED));
    noted[0] = 0;
    if (used_up != NULL)
        used_up("no more");
    expect_notes(CONFINE_SANITIZED ? "" : "[sandbox];");
}
END_TEST

/* Each step, what it does then, and the status */
static const struct {
    const char *step, *notes;
    int status;
} failures[] = {
    {"inherited_take", "inherited_take;program: inherited_take failed;", 1},
    {"log_open", "inherited_take;orphans_adopt;log_open;program: log_open failed;", 1},
    {"notify_open",
     OPEN "[notify];" READ BOUND SERVED "notify_watch;run;metrics_free none;" END CLOSE, 0},
    {"study_open", OPEN "descriptors_raise;study_open;program: study_open failed;" CLOSE, 1},
    {"setup_read", OPEN READ "program: setup failed;" CLOSE, 1},
    {"server_new",
     OPEN READ "signals_hold;server_new;drain 9;signals_serve none;inherited_close;"
               "program: server_new failed;" CLOSE,
     1},
    {"confine",
     OPEN READ "signals_hold;server_new;confine;drain 9;signals_serve none;inherited_close;"
               "program: confine failed;" CLOSE,
     1},
    {"log_start",
     OPEN READ
     "signals_hold;server_new;confine;log_start;[log];log_confined;study_start;say 0 0;" SERVED
     "notify_watch;run;metrics_free none;" END CLOSE,
     0},
    {"notify_watch",
     OPEN READ BOUND SERVED "notify_watch;[notify];run;metrics_free none;" END CLOSE, 0},
};

START_TEST(what_fails_ends_the_program_if_it_cannot_do_without_it)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        failing = failures[i].step;
        ck_assert_int_eq(serve(), failures[i].status);
        expect_notes(failures[i].notes);
    }
}
END_TEST

START_TEST(metrics_are_served_from_a_socket_of_its_own_or_an_inherited_one)
{
#define SERVES BOUND SERVED "%d metrics_new;notify_watch;run;metrics_free;" END CLOSE
    char expected[1024];

    options.metrics = "localhost:9";
    ck_assert_int_eq(serve(), 0);
    (void)snprintf(expected, sizeof expected,
                   OPEN "descriptors_raise;metrics_start;localhost:9 metrics_listen;study_open;"
                        "setup_read;" SERVES,
                   0);
    expect_notes(expected);
    for (int fd = 0; fd < 2; fd++) {
        inherited_metrics = fd;
        options.metrics = NULL;
        ck_assert_int_eq(serve(), 0);
        (void)snprintf(expected, sizeof expected,
                       OPEN "descriptors_raise;metrics_start;%d metrics_adopt;study_open;"
                            "setup_read;" SERVES,
                       fd, fd);
        expect_notes(expected);
    }
}
END_TEST

START_TEST(without_memory_for_metrics_the_server_runs)
{
    options.metrics = "localhost:9";
    failing = "metrics_new";
    ck_assert_int_eq(serve(), 0);
    ck_assert_ptr_nonnull(strstr(noted, "0 metrics_new;[trouble];notify_watch;run;"
                                        "metrics_free none;"));
    noted[0] = 0;
}
END_TEST

START_TEST(metrics_that_cannot_be_served_end_the_start)
{
    options.metrics = "localhost:9";
    failing = "metrics_listen";
    ck_assert_int_eq(serve(), 1);
    expect_notes(OPEN "descriptors_raise;metrics_start;localhost:9 metrics_listen;"
                      "program: metrics_listen failed;" CLOSE);
    inherited_metrics = 5;
    failing = "metrics_adopt";
    ck_assert_int_eq(serve(), 1);
    expect_notes(OPEN "descriptors_raise;metrics_start;5 metrics_adopt;"
                      "program: metrics_adopt failed;" CLOSE);
}
END_TEST

START_TEST(the_options_are_only_checked_with_test_config)
{
    options.config.test = true;
    ck_assert_int_eq(serve(), 0);
    expect_notes("check;");
    failing = "check";
    ck_assert_int_eq(serve(), 1);
    expect_notes("check;");
}
END_TEST

START_TEST(a_supervisor_only_supervises)
{
    options.supervise = true;
    ck_assert_int_eq(serve(), 42);
    expect_notes(OPEN "supervise;");
    child = true;
    ck_assert_int_eq(serve(), 0);
    ck_assert_ptr_nonnull(strstr(noted, "signals_serve supervised;"));
    noted[0] = 0;
}
END_TEST

START_TEST(a_log_has_one_destination)
{
    options.log_file = "file";
    options.log_syslog = true;
    ck_assert_int_eq(serve(), 1);
    expect_notes("inherited_take;orphans_adopt;program: --log-file and --log-syslog exclude each "
                 "other: choose one;");
}
END_TEST

START_TEST(the_log_has_the_level_of_the_options)
{
    options.level = LOG_DEBUG;
    ck_assert_int_eq(serve(), 0);
    ck_assert(log_wanted(LOG_DEBUG) && !log_wanted(LOG_TRACE));
    noted[0] = 0;
}
END_TEST

/* ---- while the server runs ---- */

/* Those of the log, with more done in each */
static void have_events(void)
{
    noted[0] = 0;
    events.ended(PEER, &(struct nacre_end){NACRE_PEER_CLOSED, 0, "bye"});
    expect_notes("[disconnected];study_ended;");
    events.counters(server_context, SERVER);
    expect_notes("");
    hangup = true;
    events.counters(server_context, SERVER);
    expect_notes("reload;");
    hangup = false;
    report = true;
    events.counters(server_context, SERVER);
    expect_notes("[counters];");
    events.draining(server_context, 3);
    expect_notes("[draining];say 4 3;");
    replaced = true;
    events.draining(server_context, 2);
    expect_notes("[draining];metrics_retire;say 4 2;");
    orphaned();
    expect_notes("[trouble];signals_drain;");
    ending = true;
    orphaned();
    expect_notes("");
}

START_TEST(what_happens_is_logged_and_passed_on)
{
    inherited_metrics = 5;
    while_running = have_events;
    ck_assert_int_eq(serve(), 0);
    expect_notes("metrics_free;" END CLOSE);
    while_running = NULL;
    events.draining(server_context, 0); /* the metrics are gone */
    expect_notes("[draining];metrics_retire none;say 4 0;");
}
END_TEST

START_TEST(a_program_starts_with_its_signals)
{
    server_program_start();
    expect_notes("program_start;signals_start;");
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, set_up, NULL);
    add_test(suite, everything_is_opened_before_the_server_runs_and_closed_after_it);
    add_test(suite, a_sandbox_gets_locked_memory);
    add_test(suite, what_fails_ends_the_program_if_it_cannot_do_without_it);
    add_test(suite, metrics_are_served_from_a_socket_of_its_own_or_an_inherited_one);
    add_test(suite, without_memory_for_metrics_the_server_runs);
    add_test(suite, metrics_that_cannot_be_served_end_the_start);
    add_test(suite, the_options_are_only_checked_with_test_config);
    add_test(suite, a_supervisor_only_supervises);
    add_test(suite, a_log_has_one_destination);
    add_test(suite, the_log_has_the_level_of_the_options);
    add_test(suite, what_happens_is_logged_and_passed_on);
    add_test(suite, a_program_starts_with_its_signals);
}
