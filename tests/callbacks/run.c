#include "tests/callbacks/callbacks.h"

#include "apps/files/authorized_keys.h"
#include "apps/files/key_file.h"
#include "apps/files/password_file.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    HOOKS_MAX = 128,
    ACTIONS_MAX = 256,
    STORIES_MAX = 8,
    RETRIES = 40,
    RUN_S = 20, /* for one run, before it counts as one that never ends */
};

struct things things;

static void (*const *all_stories)(void);
static bool is_repeatable;

/* What the processes share. */
struct shared {
    unsigned count[STORIES_MAX][HOOKS_MAX][2]; /* how often each callback happens in each story */
    bool counted;
    bool called[ACTIONS_MAX];
    unsigned hooks_done;
    size_t at;     /* the action of the current run */
    unsigned runs; /* runs in which an action was taken */
};
static struct shared *shared;

/* The current run. */
static struct {
    size_t story, hook;
    enum nacre_role role;
    unsigned nth;      /* act at this time; from 1 */
    bool other;        /* ... on another channel than the callback's */
    size_t first, end; /* actions to take */
    enum sort sort;    /* ... those of this sort */
    unsigned seen[HOOKS_MAX][2];
    bool baseline, fired;
} run;

/* ---- hooks ---- */

static bool is_allowed(const struct action *action)
{
    enum may may = hooks[run.hook].may;

    if (may == MAY_READ)
        return action->sort == READS;
    return may == MAY_ALL || action->any_thread;
}

static void act(struct place *here)
{
    run.fired = true;
    if (run.other)
        here->channel = another_channel(here);
    for (size_t i = run.first; i < run.end; i++) {
        struct place there = *here;

        if (actions[i].sort != run.sort || !is_allowed(&actions[i]))
            continue;
        shared->at = i;
        if (actions[i].act(&there)) {
            shared->called[i] = true;
            shared->runs++;
        }
        here->decided = here->decided || there.decided;
    }
}

void callback_begins(struct place *here, size_t hook)
{
    struct side *side = here->side;
    unsigned nth;

    here->exempt = hooks[hook].may != MAY_ALL || hooks[hook].outside;
    here->outer = side->inside;
    if (!here->exempt && side->inside != NULL)
        fault("%s is called inside of %s", hooks[hook].name, side->inside);
    if (!here->exempt)
        side->inside = hooks[hook].name;
    if (side->unwatched)
        return;
    account(here, hooks[hook].name);
    nth = ++run.seen[hook][side->role];
    if (run.baseline)
        shared->count[run.story][hook][side->role]++;
    else if (hook == run.hook && side->role == run.role && nth == run.nth)
        act(here);
}

void callback_returns(struct place *here)
{
    if (!here->exempt)
        here->side->inside = here->outer;
}

/* ---- runs ---- */

static void tell(size_t story)
{
    run.story = story;
    run.fired = false;
    memset(run.seen, 0, sizeof run.seen);
    (void)alarm(RUN_S);
    all_stories[story]();
    (void)alarm(0);
}

/* In a process of its own: its exit status, or that of the shell for a signal. */
static int in_child(void (*body)(void))
{
    const char *fork_mode = getenv("CK_FORK");
    int status;
    pid_t child;

    if (fork_mode != NULL && strcmp(fork_mode, "no") == 0) {
        body();
        return 0;
    }
    (void)fflush(NULL);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        body();
        exit(0); /* looks for leaks */
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void count_all(void)
{
    run.baseline = true;
    for (size_t s = 0; all_stories[s] != NULL; s++)
        tell(s);
    run.baseline = false;
}

static void make_things(void)
{
    static const struct nacre_key *host_keys[2];
    static const char *const loopback[] = {"127.0.0.1:0", NULL};
    static char key_file[256], password_file[256];

    (void)snprintf(key_file, sizeof key_file, "%s", scratch_path("key"));
    (void)snprintf(password_file, sizeof password_file, "%s",
                   scratch_write("passwords", "alice:secret\n", 0600));
    things.key_file = key_file;
    things.password_file = password_file;
    things.login = (struct nacre_client_login){.user = "alice", .password = "secret"};
    things.key = nacre_key_make(key_file, NULL, 0);
    things.passwords = nacre_password_file_open(password_file, NULL, 0);
    ck_assert(things.key != NULL && things.passwords != NULL);
    things.authorized_keys = nacre_authorized_keys_open("/nonexistent/keys");
    things.check = new_check();
    things.key_text = nacre_key_text_read(key_file, NULL, 0);
    things.budget = nacre_budget_new(1024 * 1024, NULL);
    host_keys[0] = things.key;
    things.endpoint_config = (struct nacre_endpoint_config){
        .version = NACRE_VERSION_NUMBER, .role = NACRE_CLIENT, .user = "alice"};
    things.client_config =
        (struct nacre_client_config){.version = NACRE_VERSION_NUMBER, .user = "alice"};
    things.server_config = (struct nacre_server_config){
        .version = NACRE_VERSION_NUMBER, .listen = loopback, .host_keys = host_keys};
    if (things.known_hosts == NULL) {
        static struct nacre_known_hosts nowhere = {.version = NACRE_VERSION_NUMBER,
                                                   .file = "/nonexistent/hosts"};

        things.known_hosts = &nowhere;
    }
}

static void free_things(void)
{
    nacre_budget_free(things.budget);
    nacre_password_check_free(things.check);
    nacre_password_file_close(things.passwords);
    nacre_authorized_keys_close(things.authorized_keys);
    nacre_key_free(things.key);
    nacre_key_text_free(things.key_text);
}

struct nacre_password_check *new_check(void)
{
    return nacre_password_file_lookup(things.passwords, "alice", "secret", NULL, 0);
}

/* CALLBACK=role:name and FUNCTION=name choose one callback and one function. */
static bool is_wanted(const char *variable, const char *role, const char *name)
{
    const char *wanted = getenv(variable);
    char full[128];

    (void)snprintf(full, sizeof full, "%s%s%s", role, *role != 0 ? ":" : "", name);
    return wanted == NULL || strcmp(wanted, full) == 0;
}

static const char *role_name(enum nacre_role role)
{
    return role == NACRE_SERVER ? "server" : "client";
}

/* Actions that change something are taken one in a run, the others all in one. */
static void take_actions(void)
{
    size_t first = run.first;

    for (int sort = READS; sort <= ALONE && first == 0 && run.end == action_count && !run.other;
         sort++) {
        run.sort = (enum sort)sort;
        tell(run.story);
    }
    run.sort = CHANGES;
    for (size_t i = first, end = run.end; i < end; i++) {
        if (actions[i].sort != CHANGES || !is_allowed(&actions[i]) ||
            (run.other && !actions[i].on_channel) || !is_wanted("FUNCTION", "", actions[i].name))
            continue;
        shared->at = run.first = i;
        run.end = i + 1;
        tell(run.story);
        for (int again = 0; again < RETRIES && !run.fired && !is_repeatable; again++)
            tell(run.story);
        if (!run.fired)
            fault("%s did not happen again", hooks[run.hook].name);
    }
}

static void one_action(void)
{
    tell(run.story);
}

static void complain(int status, size_t action)
{
    (void)fprintf(stderr, "%s:%s, time %u%s: %s (%d) %s\n", role_name(run.role),
                  hooks[run.hook].name, run.nth, run.other ? ", another channel" : "",
                  actions[action].name, actions[action].variant,
                  status == FAULT           ? "fails"
                  : status == 128 + SIGALRM ? "never ends"
                  : status == 23            ? "leaks memory"
                                            : "crashes");
}

/* All actions at this time. Returns the number of those that failed. */
static int try_actions(void)
{
    int failed = 0, status, whole;
    size_t at;

    run.first = 0;
    run.end = action_count;
    whole = in_child(take_actions);
    if (whole == 0)
        return 0;
    at = shared->at;
    for (size_t i = 0; i < action_count; i++) { /* which? */
        run.first = i;
        run.end = i + 1;
        run.sort = actions[i].sort;
        shared->at = i;
        if (!is_allowed(&actions[i]) || !is_wanted("FUNCTION", "", actions[i].name))
            continue;
        status = in_child(one_action);
        if (status != 0)
            complain(status, i);
        failed += status != 0;
    }
    if (failed == 0) /* only after others, or by chance */
        complain(whole, at);
    return failed > 0 ? failed : 1;
}

/* ---- tests ---- */

static bool find_story(size_t hook, enum nacre_role role)
{
    for (size_t s = 0; all_stories[s] != NULL; s++) {
        run.story = s;
        if (shared->count[s][hook][role] > 0)
            return true;
    }
    return false;
}

START_TEST(every_function_is_safe_inside_a_callback)
{
    unsigned count;
    int failed;

    run.hook = (size_t)_i / 2;
    run.role = (enum nacre_role)(_i % 2);
    if (!(hooks[run.hook].roles & 1U << run.role) ||
        !is_wanted("CALLBACK", role_name(run.role), hooks[run.hook].name))
        return;
    make_things();
    if (!shared->counted)
        ck_assert_msg(in_child(count_all) == 0, "a story fails by itself");
    shared->counted = true;
    ck_assert_msg(find_story(run.hook, run.role),
                  "%s never happens to the %s: let one of the stories reach it",
                  hooks[run.hook].name, role_name(run.role));
    count = shared->count[run.story][run.hook][run.role];
    run.nth = 1;
    failed = try_actions();
    run.other = true;
    failed += try_actions();
    run.other = false;
    run.nth = count;
    if (count > 1 && is_repeatable)
        failed += try_actions();
    free_things();
    ck_assert_msg(failed == 0, "%d functions fail inside of %s of the %s", failed,
                  hooks[run.hook].name, role_name(run.role));
}
END_TEST

START_TEST(every_function_was_called)
{
    if (getenv("CALLBACK") != NULL || getenv("FUNCTION") != NULL)
        return;
    for (size_t i = 0; i < action_count; i++)
        ck_assert_msg(shared->called[i], "%s (%d) was called nowhere: what it needs is never there",
                      actions[i].name, actions[i].variant);
    if (getenv("VERBOSE") != NULL)
        (void)printf("%u calls\n", shared->runs);
}
END_TEST

void add_callback_tests(struct suite *suite, void (*const *stories)(void), bool repeatable)
{
    all_stories = stories;
    is_repeatable = repeatable;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || hook_count > HOOKS_MAX || action_count > ACTIONS_MAX)
        abort();
    scratch_folder(suite);
    add_loop(suite, every_function_is_safe_inside_a_callback, 0, 2 * (int)hook_count);
    add_test(suite, every_function_was_called);
}
