/* Jobs on other threads, and calls that a mailbox brings back. */
#include "apps/runtime/offload.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { JOBS = 200 };

struct job {
    unsigned number;
    bool worked;
    pthread_t worked_on, answered_on;
    unsigned answers;
};

static struct nacre_mailbox *home;
static unsigned answered;        /* jobs, on the home thread */
static unsigned order[JOBS * 2]; /* ... in this order */
static atomic_bool gate;         /* while it is shut, work() waits */
static atomic_uint working;

static int threads_left = -1; /* that can be created; -1: all */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);

OWN(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
    void *argument)
{
    if (threads_left == 0)
        return EAGAIN;
    threads_left -= threads_left > 0;
    return __real_pthread_create(thread, attributes, run, argument);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void work(void *at)
{
    struct job *job = at;

    atomic_fetch_add(&working, 1);
    while (atomic_load(&gate))
        usleep(100);
    job->worked = true;
    job->worked_on = pthread_self();
}

static void done(void *at)
{
    struct job *job = at;

    job->answers++;
    job->answered_on = pthread_self();
    order[answered++] = job->number;
}

static bool submit(struct nacre_offload *o, void (*what)(void *), struct job *job, uint64_t owner)
{
    return nacre_offload_submit(
        o, &(struct nacre_job){NACRE_VERSION_NUMBER, what, done, job, owner, 0, NULL}, home);
}

/* Run the mailbox until that many jobs are answered in all. */
static void wait_for(unsigned count)
{
    while (answered < count) {
        struct pollfd p = {.fd = nacre_mailbox_fd(home), .events = POLLIN};

        ck_assert_int_eq(poll(&p, 1, 20000), 1);
        nacre_mailbox_run(home);
    }
}

static bool is_quiet(void)
{
    struct pollfd p = {.fd = nacre_mailbox_fd(home), .events = POLLIN};

    return poll(&p, 1, 0) == 0;
}

START_TEST(a_job_runs_on_another_thread_and_done_on_its_own)
{
    struct nacre_offload *o = nacre_offload_new(3);
    struct job jobs[JOBS] = {0};

    ck_assert((home = nacre_mailbox_new()) != NULL);
    ck_assert_ptr_nonnull(o);
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i].number = i;
        ck_assert(submit(o, work, &jobs[i], 0));
    }
    wait_for(JOBS);
    ck_assert(is_quiet());
    for (unsigned i = 0; i < JOBS; i++) {
        ck_assert(jobs[i].worked && jobs[i].answers == 1);
        ck_assert(!pthread_equal(jobs[i].worked_on, pthread_self()));
        ck_assert(pthread_equal(jobs[i].answered_on, pthread_self()));
    }
    nacre_offload_free(o);
    nacre_mailbox_free(home);
}
END_TEST

/* However many jobs one owner has, another owner waits for only one job of each; and the newest
 * goes first. */
START_TEST(owners_take_turns)
{
    static const uint64_t owners[] = {7, 7, 7, 7, 7, 8, 8, 9, 7, 8};
    static const unsigned expected[] = {0, 7, 5, 1, 6, 2, 9, 3, 4, 8};
    struct nacre_offload *o = nacre_offload_new(1);
    struct job jobs[10] = {0};

    ck_assert((home = nacre_mailbox_new()) != NULL);
    atomic_store(&gate, true);
    for (unsigned i = 0; i < 10; i++) {
        jobs[i].number = i;
        ck_assert(submit(o, work, &jobs[i], owners[i]));
        while (i == 0 && atomic_load(&working) == 0) /* the first job runs, the others wait */
            usleep(100);
    }
    atomic_store(&gate, false);
    wait_for(10);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_uint_eq(order[i], expected[i]);
    nacre_offload_free(o);
    nacre_mailbox_free(home);
}
END_TEST

/* An owner that fills the queue loses its slots to others, one by one. */
START_TEST(a_full_queue_has_room_for_an_owner_with_fewer_jobs)
{
    enum { FULL = NACRE_OFFLOAD_QUEUE_MAX };
    struct nacre_offload *o = nacre_offload_new(1);
    struct job jobs[FULL + 1] = {0}, other[2] = {0};

    ck_assert((home = nacre_mailbox_new()) != NULL);
    atomic_store(&gate, true);
    for (unsigned i = 0; i <= FULL; i++) {
        ck_assert(submit(o, work, &jobs[i], 7));
        while (i == 0 && atomic_load(&working) == 0)
            usleep(100);
    }
    ck_assert(!submit(o, work, &jobs[0], 7));
    ck_assert(submit(o, work, &other[0], 8));
    ck_assert(submit(o, work, &other[1], 8));
    wait_for(2); /* the two that were dropped, while the first still runs */
    ck_assert(jobs[FULL].answers == 1 && !jobs[FULL].worked);
    ck_assert(jobs[FULL - 1].answers == 1 && !jobs[FULL - 1].worked);
    atomic_store(&gate, false);
    wait_for(FULL + 3);
    ck_assert(other[0].worked && other[1].worked && jobs[FULL - 2].worked);
    nacre_offload_free(o);
    nacre_mailbox_free(home);
}
END_TEST

/* Submit a job of an owner of its own. */
static bool submit_ranked(struct nacre_offload *o, struct job *job, unsigned rank,
                          const void *client)
{
    return nacre_offload_submit(
        o,
        &(struct nacre_job){NACRE_VERSION_NUMBER, work, done, job, 100 + job->number, rank, client},
        home);
}

/* A pool of one thread, which is at job `first` until the gate is opened. */
static struct nacre_offload *busy_pool(struct job *first)
{
    struct nacre_offload *o = nacre_offload_new(1);

    ck_assert_ptr_nonnull(o);
    ck_assert((home = nacre_mailbox_new()) != NULL);
    atomic_store(&gate, true);
    ck_assert(submit(o, work, first, 0));
    while (atomic_load(&working) == 0)
        usleep(100);
    return o;
}

/* Of eight jobs one is of the third rank and two are of the second, as long as there are jobs of
 * all. */
START_TEST(a_better_rank_goes_first_and_stops_no_other)
{
    enum { EACH = 8 };
    static const unsigned expected[] = {1, 1, 2, 1, 1, 2, 1, 3, 1, 1, 2};
    struct job first = {0}, jobs[4 * EACH] = {0};
    struct nacre_offload *o = busy_pool(&first);
    unsigned n = 0;

    for (unsigned rank = 3; rank > 0; rank--)
        for (unsigned i = 0; i < EACH; i++) {
            jobs[n].number = 100 * rank + i;
            ck_assert(submit_ranked(o, &jobs[n++], rank, NULL));
        }
    atomic_store(&gate, false);
    wait_for(1 + n);
    for (unsigned i = 0; i < 11; i++) /* the first pick was for the job that was running */
        ck_assert_uint_eq(order[1 + i] / 100, expected[(i + 1) % 8]);
    nacre_offload_free(o);
    nacre_mailbox_free(home);
}
END_TEST

/* The oldest of the worst rank makes room; what is worse than all is refused. */
START_TEST(a_full_queue_keeps_the_newest_and_the_best)
{
    enum { FULL = NACRE_OFFLOAD_QUEUE_MAX };
    static struct job first, jobs[FULL], more[4];
    struct nacre_offload *o = busy_pool(&first);

    for (unsigned i = 0; i < FULL; i++) {
        jobs[i].number = i;
        ck_assert(submit_ranked(o, &jobs[i], 1, NULL));
    }
    for (unsigned i = 0; i < 4; i++)
        more[i].number = FULL + i;
    ck_assert(!submit_ranked(o, &more[0], 2, NULL));
    ck_assert(submit_ranked(o, &more[1], 1, NULL));
    ck_assert(submit_ranked(o, &more[2], 0, NULL));
    wait_for(2);
    ck_assert_uint_eq(order[0], 0);
    ck_assert_uint_eq(order[1], 1);
    ck_assert(!jobs[0].worked && !jobs[1].worked);
    atomic_store(&gate, false);
    wait_for(FULL + 3);
    ck_assert_uint_eq(order[2], 0);        /* the one that was running, */
    ck_assert_uint_eq(order[3], FULL + 2); /* the best rank */
    ck_assert(more[1].worked && !more[0].worked && jobs[2].worked);
    nacre_offload_free(o);
    nacre_mailbox_free(home);
}
END_TEST

START_TEST(the_jobs_of_a_client_that_has_gone_are_not_done)
{
    struct job first = {0}, jobs[6] = {0};
    struct nacre_offload *o = busy_pool(&first);

    for (unsigned i = 0; i < 6; i++) {
        jobs[i].number = i;
        ck_assert(submit_ranked(o, &jobs[i], i / 3, i % 2 == 0 ? &jobs : NULL));
    }
    nacre_offload_cancel(o, &first); /* it has none */
    nacre_offload_cancel(o, &jobs);
    wait_for(3);
    atomic_store(&gate, false);
    wait_for(7);
    for (unsigned i = 0; i < 6; i++)
        ck_assert(jobs[i].answers == 1 && jobs[i].worked == (i % 2 == 1));
    nacre_offload_free(o);
    nacre_mailbox_free(home);
}
END_TEST

START_TEST(one_thread_keeps_the_order_of_jobs)
{
    struct nacre_offload *o = nacre_offload_new(1);
    struct job jobs[JOBS] = {0};

    ck_assert((home = nacre_mailbox_new()) != NULL);
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i].number = i;
        ck_assert(submit(o, work, &jobs[i], 0));
    }
    wait_for(JOBS);
    for (unsigned i = 0; i < JOBS; i++)
        ck_assert_uint_eq(order[i], i);
    nacre_offload_free(o);
    nacre_mailbox_free(home);
}
END_TEST

START_TEST(the_queue_is_bounded)
{
    struct nacre_offload *o = nacre_offload_new(1);
    static struct job jobs[NACRE_OFFLOAD_QUEUE_MAX + 2];

    ck_assert((home = nacre_mailbox_new()) != NULL);
    atomic_store(&gate, true);
    ck_assert(submit(o, work, &jobs[0], 0));
    while (atomic_load(&working) == 0)
        usleep(100);
    for (unsigned i = 1; i <= NACRE_OFFLOAD_QUEUE_MAX; i++)
        ck_assert(submit(o, work, &jobs[i], 0));
    ck_assert(!submit(o, work, &jobs[NACRE_OFFLOAD_QUEUE_MAX + 1], 0));
    atomic_store(&gate, false);
    wait_for(NACRE_OFFLOAD_QUEUE_MAX + 1);
    ck_assert_uint_eq(jobs[NACRE_OFFLOAD_QUEUE_MAX + 1].answers, 0);
    ck_assert(submit(o, work, &jobs[0], 0));
    wait_for(NACRE_OFFLOAD_QUEUE_MAX + 2);
    nacre_offload_free(o);
    nacre_mailbox_free(home);
}
END_TEST

static void *open_gate(void *unused)
{
    usleep(50000);
    atomic_store(&gate, false);
    return unused;
}

/* The current job is completed; for those after it `done` is called without `work`. */
START_TEST(freeing_answers_every_job)
{
    struct nacre_offload *o = nacre_offload_new(1);
    struct job jobs[JOBS] = {0};
    pthread_t opener;

    ck_assert((home = nacre_mailbox_new()) != NULL);
    atomic_store(&gate, true);
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i].number = i;
        ck_assert(submit(o, work, &jobs[i], 0));
    }
    while (atomic_load(&working) == 0)
        usleep(100);
    pthread_create(&opener, NULL, open_gate, NULL);
    nacre_offload_free(o);
    pthread_join(opener, NULL);
    ck_assert_uint_eq(answered, 0);
    nacre_mailbox_run(home);
    ck_assert_uint_eq(answered, JOBS);
    for (unsigned i = 0; i < JOBS; i++) {
        ck_assert_uint_eq(order[i], i);
        ck_assert(jobs[i].answers == 1 && jobs[i].worked == (i == 0));
    }
    nacre_mailbox_free(home);
}
END_TEST

static void post_again(void *at)
{
    struct job *job = at;

    if (++job->answers < 3)
        ck_assert(nacre_mailbox_post(home, post_again, job));
}

START_TEST(a_call_may_post_another_for_the_next_run)
{
    struct job job = {0};

    ck_assert((home = nacre_mailbox_new()) != NULL);
    ck_assert(is_quiet());
    ck_assert(nacre_mailbox_post(home, post_again, &job));
    ck_assert(!is_quiet());
    nacre_mailbox_run(home);
    ck_assert_uint_eq(job.answers, 1);
    ck_assert(!is_quiet());
    nacre_mailbox_free(home); /* makes the others */
    ck_assert_uint_eq(job.answers, 3);
}
END_TEST

/* ---- a mailbox that is used from inside its own calls ---- */

static void run_inside(void *at)
{
    ((struct job *)at)->answers++;
    nacre_mailbox_run(home);
}

static void clear_inside(void *at)
{
    ((struct job *)at)->answers++;
    nacre_mailbox_free(home);
    home = NULL;
}

START_TEST(a_run_inside_a_call_makes_the_calls_after_it)
{
    struct job inside = {0}, after = {.number = 7};

    ck_assert((home = nacre_mailbox_new()) != NULL);
    ck_assert(nacre_mailbox_post(home, run_inside, &inside));
    ck_assert(nacre_mailbox_post(home, done, &after));
    nacre_mailbox_run(home);
    ck_assert_uint_eq(inside.answers, 1);
    ck_assert_uint_eq(after.answers, 1);
    ck_assert(is_quiet());
    nacre_mailbox_free(home);
}
END_TEST

START_TEST(a_mailbox_may_be_cleared_inside_a_call)
{
    struct job outer = {0}, inside = {0}, after = {0};

    ck_assert((home = nacre_mailbox_new()) != NULL);
    if (_i == 1)
        ck_assert(nacre_mailbox_post(home, run_inside, &outer)); /* two runs, one in the other */
    ck_assert(nacre_mailbox_post(home, clear_inside, &inside));
    ck_assert(nacre_mailbox_post(home, done, &after));
    nacre_mailbox_run(home);
    ck_assert_uint_eq(inside.answers, 1);
    ck_assert_uint_eq(after.answers, 1);
}
END_TEST

START_TEST(running_an_empty_mailbox_does_nothing)
{
    ck_assert((home = nacre_mailbox_new()) != NULL);
    nacre_mailbox_run(home);
    ck_assert(is_quiet());
    nacre_mailbox_free(home);
}
END_TEST

static void *post_many(void *at)
{
    for (unsigned i = 0; i < JOBS / 2; i++)
        ck_assert(nacre_mailbox_post(home, done, at));
    return NULL;
}

START_TEST(several_threads_may_post)
{
    struct job jobs[4] = {0};
    pthread_t threads[4];

    ck_assert((home = nacre_mailbox_new()) != NULL);
    for (unsigned i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, post_many, &jobs[i]);
    wait_for(2 * JOBS);
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_uint_eq(jobs[i].answers, JOBS / 2);
    }
    nacre_mailbox_free(home);
}
END_TEST

static sigset_t mask_of_worker;

static void read_mask(void *unused)
{
    (void)unused;
    pthread_sigmask(SIG_SETMASK, NULL, &mask_of_worker);
}

START_TEST(threads_leave_signals_to_the_program)
{
    struct nacre_offload *o = nacre_offload_new(0);
    struct job job = {0};
    sigset_t ours;

    ck_assert((home = nacre_mailbox_new()) != NULL);
    ck_assert(submit(o, read_mask, &job, 0));
    wait_for(1);
    nacre_offload_free(o);
    pthread_sigmask(SIG_SETMASK, NULL, &ours);
    ck_assert_int_eq(sigismember(&mask_of_worker, SIGTERM), 1);
    ck_assert_int_eq(sigismember(&ours, SIGTERM), 0);
    nacre_mailbox_free(home);
}
END_TEST

START_TEST(an_idle_pool_ends_at_once)
{
    nacre_offload_free(nacre_offload_new(4));
    nacre_offload_free(NULL);
}
END_TEST

START_TEST(without_all_its_threads_there_is_no_pool)
{
    for (threads_left = 0; threads_left < 3;) {
        int before = threads_left;

        errno = 0;
        ck_assert_ptr_null(nacre_offload_new(3));
        ck_assert_int_eq(errno, EAGAIN);
        threads_left = before + 1;
    }
    threads_left = -1;
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, without_all_its_threads_there_is_no_pool);
    add_test(suite, a_job_runs_on_another_thread_and_done_on_its_own);
    add_test(suite, one_thread_keeps_the_order_of_jobs);
    add_test(suite, owners_take_turns);
    add_test(suite, a_better_rank_goes_first_and_stops_no_other);
    add_test(suite, a_full_queue_keeps_the_newest_and_the_best);
    add_test(suite, the_jobs_of_a_client_that_has_gone_are_not_done);
    add_test(suite, a_full_queue_has_room_for_an_owner_with_fewer_jobs);
    add_test(suite, the_queue_is_bounded);
    add_test(suite, freeing_answers_every_job);
    add_test(suite, a_call_may_post_another_for_the_next_run);
    add_test(suite, a_run_inside_a_call_makes_the_calls_after_it);
    add_loop(suite, a_mailbox_may_be_cleared_inside_a_call, 0, 2);
    add_test(suite, running_an_empty_mailbox_does_nothing);
    add_test(suite, several_threads_may_post);
    add_test(suite, threads_leave_signals_to_the_program);
    add_test(suite, an_idle_pool_ends_at_once);
}
