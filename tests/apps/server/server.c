/* The server: what its configuration must have, its addresses, counters and end. */
#include "apps/server/parts.h"
#include "apps/server/worker.h"
#include "apps/session/parts.h"
#include "tests/support/client_story.h"
#include "tests/support/notes.h"
#include "tests/support/scarce.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct served served;

static void refuses(struct nacre_server_config config, const char *says)
{
    char errbuf[512] = "";

    ck_assert_ptr_null(nacre_server_new(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, says);
    ck_assert_ptr_null(nacre_server_new(&config, NULL, 0));
}

START_TEST(a_server_that_cannot_start_explains_why)
{
    static const char *const none[] = {"somewhere", NULL}, *const loopback[] = {"127.0.0.1:0",
                                                                                NULL};
    const char *taken[] = {NULL, NULL};
    struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER, .listen = loopback};

    serve(&served, "127.0.0.1:0");
    taken[0] = address(&served);
    refuses(config, "host key");
    config.host_key_file = scratch_path("no/such/folder/key");
    refuses(config, "no/such/folder: ");
    config.host_key_file = NULL;
    config.host_keys = served.keys;
    config.listen = none;
    refuses(config, "'somewhere' is not ADDR:PORT");
    config.listen = taken;
    refuses(config, taken[0]);
    config.listen = loopback;
    config.ciphers = "rot13";
    refuses(config, "'rot13' is not known");
    config.ciphers = NULL;
    config.admission = &(struct nacre_admission){.penalty_exempt = "10.0.0.0/99"};
    refuses(config, "10.0.0.0/99");
    end_server(&served);
}
END_TEST

static bool give_up(void *context, char *errbuf, size_t size)
{
    ck_assert_str_eq(context, "mine");
    (void)snprintf(errbuf, size, "gave up");
    return false;
}

START_TEST(the_program_may_give_up_once_the_addresses_are_bound)
{
    char errbuf[512];
    struct nacre_key *key = nacre_key_make(scratch_path("host_key"), errbuf, sizeof errbuf);
    const struct nacre_key *const keys[] = {key, NULL};
    static const char *const loopback[] = {"127.0.0.1:0", NULL};

    refuses((struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                         .listen = loopback,
                                         .host_keys = keys,
                                         .bound = give_up,
                                         .context = "mine"},
            "gave up");
    nacre_key_free(key);
}
END_TEST

static int queue; /* the length of the last socket's */

int __real_listen(int fd, int backlog); /* NOLINT */

OWN(int, listen, int fd, int backlog)
{
    queue = backlog;
    return __real_listen(fd, backlog);
}

START_TEST(the_queue_is_as_long_as_the_configuration_says)
{
    const uint32_t backlogs[] = {0, 1, 77};

    make_server(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                      .backlog = backlogs[_i]});
    ck_assert_int_eq(queue, _i == 0 ? 1024 : (int)backlogs[_i]);
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}
END_TEST

START_TEST(each_address_has_its_own_port)
{
    static const char *const both[] = {"127.0.0.1:0", "[::1]:0", NULL};
    struct story story = {.accept = true};
    struct nacre_client_config client = config_for();

    serve_config(&served,
                 (struct nacre_server_config){.version = NACRE_VERSION_NUMBER, .listen = both});
    ck_assert(strncmp(nacre_server_address(served.server, 0), "127.0.0.1:", 10) == 0);
    ck_assert(strncmp(nacre_server_address(served.server, 1), "[::1]:", 6) == 0);
    ck_assert_ptr_null(nacre_server_address(served.server, 2));
    for (size_t i = 0; i < 2; i++) {
        story = (struct story){.accept = true};
        live(&client, nacre_server_address(served.server, i), &story);
        assert_told(&story);
    }
    end_server(&served);
}
END_TEST

static uint64_t count(enum nacre_counter counter)
{
    return nacre_server_counter(served.server, counter);
}

START_TEST(connections_and_logins_are_counted)
{
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    serve(&served, "127.0.0.1:0");
    ck_assert_uint_eq(count(NACRE_COUNT_ACCEPTED) + count(NACRE_COUNT_LOGINS), 0);
    ck_assert_uint_eq(count(NACRE_COUNT_CONNECTIONS), 0);
    live(&client, address(&served), &story);
    client.password = "wrong";
    story = (struct story){.accept = true};
    live(&client, address(&served), &story);
    ck_assert_uint_eq(count(NACRE_COUNT_ACCEPTED), 2);
    ck_assert_uint_eq(count(NACRE_COUNT_LOGINS), 1);
    end_server(&served);
}
END_TEST

static atomic_uint reports;

static void on_counters(void *context, const struct nacre_server *server)
{
    ck_assert_str_eq(context, "mine");
    ck_assert_ptr_eq(server, served.server);
    atomic_fetch_add(&reports, 1);
    nacre_server_stop(served.server);
}

START_TEST(a_report_is_made_by_the_thread_of_the_server)
{
    static const struct nacre_server_events events = {.counters = on_counters};

    serve_config(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                       .events = &events,
                                                       .context = "mine"});
    nacre_server_report(served.server);
    ck_assert_int_eq(pthread_join(served.thread, NULL), 0);
    ck_assert_uint_eq(reports, 1);
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}
END_TEST

static void stop_server(struct nacre_peer *peer, const char *user)
{
    (void)peer;
    (void)user;
    nacre_server_stop(served.server);
}

START_TEST(a_stop_disconnects_every_session)
{
    static const struct nacre_server_events events = {.authenticated = stop_server};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true, .stay = true};

    serve_config(&served, (struct nacre_server_config){
                              .version = NACRE_VERSION_NUMBER, .events = &events, .workers = 2});
    live(&client, address(&served), &story);
    ck_assert_int_eq(story.why.cause, NACRE_DISCONNECTED);
    ck_assert_uint_eq(story.why.code, 11); /* SSH_DISCONNECT_BY_APPLICATION */
    end_server(&served);
}
END_TEST

START_TEST(a_server_that_never_ran_can_be_freed)
{
    static const char *const loopback[] = {"127.0.0.1:0", NULL};
    const struct nacre_server_config config = {
        .version = NACRE_VERSION_NUMBER, .listen = loopback, .host_key_file = scratch_path("made")};
    char errbuf[512];
    struct nacre_server *server = nacre_server_new(&config, errbuf, sizeof errbuf);

    ck_assert_msg(server != NULL, "%s", errbuf);
    nacre_server_free(server);
    nacre_server_free(NULL);
}
END_TEST

/* ---- forked before it runs ---- */

static void grant(void *decision)
{
    nacre_decide(decision, true);
}

static void nothing(void *job)
{
    (void)job;
}

/* On another thread, as a password hash is checked. */
static void decide_elsewhere(void *peer, struct nacre_decision *decision, const char *user,
                             const char *password)
{
    (void)user;
    (void)password;
    if (!nacre_peer_offload(peer, nothing, grant, decision))
        nacre_decide_unable(decision);
}

static unsigned threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned n = 0;

    ck_assert_ptr_nonnull(tasks);
    while (readdir(tasks) != NULL)
        n++;
    (void)closedir(tasks);
    return n;
}

/* How many threads a server with this budget has for slow jobs. */
static unsigned offload_threads(uint64_t max_memory)
{
    unsigned n;

    make_server(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                      .max_memory = max_memory});
    n = served.server->offload_threads;
    nacre_server_free(served.server);
    return n;
}

/* One thread for each CPU that the process may use, if the budget has 64 MiB for each, and one in
 * any case. */
START_TEST(there_are_as_many_threads_for_hashes_as_cpus_and_memory)
{
    enum { EACH = 64 * 1024 * 1024 };
    cpu_set_t all, one;
    unsigned cpus;

    ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
    cpus = (unsigned)CPU_COUNT(&all);
    ck_assert_uint_eq(offload_threads((uint64_t)cpus * EACH), cpus);
    ck_assert_uint_eq(offload_threads((uint64_t)(cpus + 1) * EACH), cpus);
    ck_assert_uint_eq(offload_threads((uint64_t)cpus * EACH - 1), cpus > 1 ? cpus - 1 : 1);
    ck_assert_uint_eq(offload_threads(EACH - 1), 1);
    ck_assert_uint_eq(offload_threads(1), 1);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_uint_eq(offload_threads((uint64_t)16 * EACH), 1);
    nacre_key_free(served.key);
}
END_TEST

/* ... and so many run. */
START_TEST(the_threads_for_hashes_run_with_the_server)
{
    static const struct nacre_auth_policy policy = {.password = decide_elsewhere};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};
    unsigned before = threads();

    serve_config(&served,
                 (struct nacre_server_config){.version = NACRE_VERSION_NUMBER, .auth = &policy});
    live(&client, address(&served), &story);
    ck_assert_uint_eq(threads(), before + 1 + served.server->offload_threads); /* one worker */
    end_server(&served);
    ck_assert_uint_eq(threads(), before);
}
END_TEST

START_TEST(a_child_may_run_the_server)
{
    static const struct nacre_auth_policy policy = {.password = decide_elsewhere};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};
    unsigned before = threads();
    pid_t child;

    make_server(&served,
                (struct nacre_server_config){.version = NACRE_VERSION_NUMBER, .auth = &policy});
    ck_assert_uint_eq(threads(), before);
    child = fork();
    if (child == 0) {
        nacre_server_run(served.server);
        _exit(0);
    }
    live(&client, address(&served), &story);
    (void)kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    assert_told(&story);
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}
END_TEST

/* ---- freed from inside ---- */

static bool answered;
static atomic_bool work_has_begun, run_has_ended;

/* Otherwise the answer could come during the run, and free the server before the test does. */
static void work_beyond_the_run(void *job)
{
    (void)job;
    work_has_begun = true;
    while (!run_has_ended)
        (void)usleep(1000);
}

/* Called by nacre_server_free itself. */
static void free_while_freeing(void *job)
{
    (void)job;
    answered = true;
    nacre_server_free(served.server);
    nacre_server_run(served.server);
}

static void leave_a_job(struct nacre_peer *peer, const char *user)
{
    (void)user;
    ck_assert(nacre_peer_offload(peer, work_beyond_the_run, free_while_freeing, NULL));
    while (!work_has_begun) /* a job that waits is answered when its connection ends */
        (void)usleep(1000);
    nacre_server_stop(served.server);
}

START_TEST(a_callback_of_nacre_server_free_may_free_and_run_it)
{
    static const struct nacre_server_events events = {.authenticated = leave_a_job};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true, .stay = true};

    serve_config(&served, (struct nacre_server_config){
                              .version = NACRE_VERSION_NUMBER, .events = &events, .drain_ms = 1});
    live(&client, address(&served), &story);
    ck_assert_int_eq(pthread_join(served.thread, NULL), 0);
    run_has_ended = true;
    nacre_server_free(served.server);
    nacre_key_free(served.key);
    nacre_key_free(served.other);
    ck_assert(answered);
}
END_TEST

static struct nacre_decision *open_question;

static void ask_and_free(void *peer, struct nacre_decision *decision, const char *user,
                         const char *password)
{
    (void)peer;
    (void)user;
    (void)password;
    open_question = decision;
    nacre_server_free(served.server);
    nacre_server_free(served.server); /* it is not carried out yet: nothing happens */
}

START_TEST(a_decision_may_be_answered_after_the_server_was_freed)
{
    static const struct nacre_auth_policy policy = {.password = ask_and_free};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true, .stay = true};

    serve_config(&served, (struct nacre_server_config){
                              .version = NACRE_VERSION_NUMBER, .auth = &policy, .workers = 2});
    live(&client, address(&served), &story);
    ck_assert_int_eq(pthread_join(served.thread, NULL), 0);
    nacre_decide(open_question, true);
    nacre_key_free(served.key);
}
END_TEST

static const struct nacre_channel_app *look_up_nothing(void *context, const char *type)
{
    (void)context;
    (void)type;
    return NULL;
}

static enum nacre_answer refuse_request(void *context, const struct nacre_global_request *request,
                                        uint32_t *port)
{
    (void)context;
    (void)request;
    (void)port;
    return NACRE_REFUSE;
}

static void ignore_answer(void *context, bool granted, const uint8_t *data, size_t len)
{
    (void)context;
    (void)granted;
    (void)data;
    (void)len;
}

static struct scarce scarce;
static _Atomic unsigned randoms;

/* Not random at all. */
static void count_random(void *context, uint8_t *out, size_t len)
{
    memset(out, (int)++*(_Atomic unsigned *)context, len);
}

START_TEST(a_server_may_bring_memory_and_randomness)
{
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    scarce_init(&scarce, 0, false);
    randoms = 0;
    served = (struct served){.server = NULL};
    serve_config(&served, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                       .memory = &scarce.memory,
                                                       .random = count_random,
                                                       .random_context = &randoms});
    live(&client, address(&served), &story);
    assert_told(&story);
    end_server(&served);
    ck_assert_uint_gt(scarce.count, 0);
    ck_assert_uint_eq(scarce.in_use, 0);
    ck_assert_uint_gt(randoms, 0);
}
END_TEST

START_TEST(sessions_have_the_whole_configuration)
{
    static const struct nacre_channel_app app = {.open = NULL};
    static const struct nacre_auth_policy policy = {.password = decide_elsewhere};
    struct nacre_server_config c = {.version = NACRE_VERSION_NUMBER,
                                    .auth = &policy,
                                    .events = &(struct nacre_server_events){0},
                                    .observer = &(struct nacre_observer){0},
                                    .admission = &(struct nacre_admission){0},
                                    .session = &app,
                                    .lookup = look_up_nothing,
                                    .global_request = refuse_request,
                                    .global_replied = ignore_answer,
                                    .channels_max = 3,
                                    .packet_max = 4096,
                                    .login_grace_ms = 4000,
                                    .limits = &(struct nacre_limits){.handshake_ms = 3000},
                                    .rekey_bytes = 1 << 20,
                                    .rekey_ms = 60 * 1000,
                                    .kex = "curve25519-sha256",
                                    .host_key = "ssh-ed25519",
                                    .public_key = "ssh-ed25519",
                                    .ciphers = "aes128-ctr",
                                    .macs = "hmac-sha2-256",
                                    .require_strict_kex = true,
                                    .memory = &scarce.memory,
                                    .secrets = &scarce.memory,
                                    .random = count_random,
                                    .random_context = &randoms,
                                    .kexinit_waits = true};
    const struct nacre_server_config *own;
    const struct complete *parts;
    const struct nacre_endpoint_config *e;

    scarce_init(&scarce, 0, false);
    served = (struct served){.server = NULL};
    make_server(&served, c);
    own = &served.server->config; /* the structs that the caller's points to are copied */
    parts = &served.server->parts;
    ck_assert(own->auth == &parts->auth && own->events == &parts->events);
    ck_assert(own->observer == &parts->observer && own->memory == &parts->memory);
    ck_assert(own->secrets == &parts->secrets && own->limits == &parts->limits);
    ck_assert_ptr_eq(own->admission, &parts->admission);
    e = &served.server->latest->endpoints[0]->config;
    ck_assert(e->session == c.session && e->lookup == c.lookup);
    ck_assert(e->global_request == c.global_request && e->global_replied == c.global_replied);
    ck_assert(e->channels_max == 3 && e->packet_max == 4096 && e->login_grace_ms == 4000);
    ck_assert(e->limits->handshake_ms == 3000);
    ck_assert(e->rekey_bytes == 1 << 20 && e->rekey_ms == 60 * 1000);
    ck_assert(e->kex == c.kex && e->host_key == c.host_key && e->public_key == c.public_key);
    ck_assert(e->ciphers == c.ciphers && e->macs == c.macs);
    ck_assert(e->require_strict_kex && e->kexinit_waits);
    ck_assert(e->memory->context == c.memory->context && e->secrets->context == c.secrets->context);
    ck_assert(e->random == count_random && e->random_context == &randoms);
    nacre_server_free(served.server);
    c.version = 0x000100;                         /* of the program's headers */
    c.forwarding = &(struct nacre_forwarding){0}; /* with another `lookup` */
    make_server(&served, c);
    ck_assert_uint_eq(served.server->latest->endpoints[0]->config.version, 0x000100);
    ck_assert_ptr_eq(served.server->config.forwarding, &served.server->parts.forwarding);
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}
END_TEST

START_TEST(addresses_end_with_NULL)
{
    served = (struct served){.server = NULL};
    make_server(&served,
                (struct nacre_server_config){.version = NACRE_VERSION_NUMBER, .workers = 0});
    ck_assert_ptr_nonnull(nacre_server_address(served.server, 0));
    ck_assert_ptr_null(nacre_server_address(served.server, 1));
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}
END_TEST

/* Without listening. A key file may be missing: the server would make it. */
START_TEST(a_configuration_can_be_checked)
{
    struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER};
    char errbuf[512] = "";

    make_server(&served, config);
    config.host_keys = served.keys;
    ck_assert_msg(nacre_server_check(&config, errbuf, sizeof errbuf), "%s", errbuf);
    config.ciphers = "rot13";
    ck_assert(!nacre_server_check(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "'rot13' is not known");
    config.ciphers = NULL;
    config.host_keys = NULL;
    ck_assert(!nacre_server_check(&config, errbuf, sizeof errbuf));
    assert_says(errbuf, "no host key");
    config.host_key_file = scratch_path("missing");
    ck_assert(nacre_server_check(&config, errbuf, sizeof errbuf));
    ck_assert_int_eq(access(config.host_key_file, F_OK), -1);
    nacre_server_free(served.server);
    nacre_key_free(served.key);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_server_that_cannot_start_explains_why);
    add_test(suite, the_program_may_give_up_once_the_addresses_are_bound);
    add_loop(suite, the_queue_is_as_long_as_the_configuration_says, 0, 3);
    add_test(suite, each_address_has_its_own_port);
    add_test(suite, connections_and_logins_are_counted);
    add_test(suite, a_report_is_made_by_the_thread_of_the_server);
    add_test(suite, a_stop_disconnects_every_session);
    add_test(suite, a_server_that_never_ran_can_be_freed);
    add_test(suite, there_are_as_many_threads_for_hashes_as_cpus_and_memory);
    add_test(suite, the_threads_for_hashes_run_with_the_server);
    add_test(suite, a_child_may_run_the_server);
    add_test(suite, a_callback_of_nacre_server_free_may_free_and_run_it);
    add_test(suite, a_decision_may_be_answered_after_the_server_was_freed);
    add_test(suite, a_server_may_bring_memory_and_randomness);
    add_test(suite, sessions_have_the_whole_configuration);
    add_test(suite, addresses_end_with_NULL);
    add_test(suite, a_configuration_can_be_checked);
}
