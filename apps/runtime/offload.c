#include "apps/runtime/offload.h"
#include "apps/session/version.h"
#include "transport/growth.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A call to make. A job is one too: it waits in the pool's queue first and in the mailbox then, so
 * that answering it needs no memory. */
struct nacre_call {
    struct nacre_call *next;
    void (*function)(void *argument);
    void *argument;
    void (*work)(void *argument); /* jobs only */
    struct nacre_mailbox *home;   /* jobs only */
    uint64_t owner, turn;         /* jobs only: see turn_for */
    unsigned rank;                /* jobs only */
    const void *client;           /* jobs only */
};

struct nacre_offload {
    pthread_mutex_t lock;
    pthread_cond_t work;      /* there is a job, or stop is set */
    struct nacre_call *first; /* in the order of rank, turn, and age, the newest first */
    unsigned waiting;         /* jobs in that list */
    unsigned picks;           /* of next_of_ranks */
    bool stop;
    unsigned thread_count;
    pthread_t threads[];
};

/* ---- the mailbox ---- */

struct nacre_mailbox {
    pthread_mutex_t lock;
    struct nacre_call *first, *last; /* posted, in order */
    struct nacre_call *taken;        /* ... those that nacre_mailbox_run is making */
    bool *freed;                     /* set for it when the mailbox is freed meanwhile */
    int fd;
};

struct nacre_mailbox *nacre_mailbox_new(void)
{
    struct nacre_mailbox *mailbox = calloc(1, sizeof *mailbox);

    if (mailbox == NULL)
        return NULL;
    mailbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mailbox->fd < 0) {
        free(mailbox);
        return NULL;
    }
    pthread_mutex_init(&mailbox->lock, NULL);
    return mailbox;
}

int nacre_mailbox_fd(const struct nacre_mailbox *mailbox)
{
    return mailbox->fd;
}

/* Writes to the descriptor under the lock: once that is released, the mailbox's owner may have made
 * the call and be clearing the mailbox. */
static void deliver(struct nacre_mailbox *mailbox, struct nacre_call *call)
{
    const uint64_t one = 1;

    call->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->first == NULL) {
        mailbox->first = call;
        while (write(mailbox->fd, &one, sizeof one) < 0 && errno == EINTR)
            ;
    } else {
        mailbox->last->next = call;
    }
    mailbox->last = call;
    pthread_mutex_unlock(&mailbox->lock);
}

bool nacre_mailbox_post(struct nacre_mailbox *mailbox, void (*function)(void *argument),
                        void *argument)
{
    struct nacre_call *call = calloc(1, sizeof *call);

    if (call == NULL)
        return false;
    call->function = function;
    call->argument = argument;
    deliver(mailbox, call);
    return true;
}

/* All calls that were posted; the descriptor is no longer readable then. */
static struct nacre_call *take_all(struct nacre_mailbox *mailbox)
{
    struct nacre_call *first;
    uint64_t count;

    pthread_mutex_lock(&mailbox->lock);
    while (read(mailbox->fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    first = mailbox->first;
    mailbox->first = mailbox->last = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    return first;
}

/* Make the calls that were taken. False: one of them freed the mailbox. */
static bool make_calls(struct nacre_mailbox *mailbox)
{
    bool freed = false, *outer = mailbox->freed;

    mailbox->freed = &freed; // cppcheck-suppress autoVariables; reset before it returns
    while (!freed && mailbox->taken != NULL) {
        struct nacre_call *call = mailbox->taken;

        mailbox->taken = call->next;
        call->function(call->argument);
        free(call);
    }
    if (!freed)
        mailbox->freed = outer;
    else if (outer != NULL)
        *outer = true;
    return !freed;
}

void nacre_mailbox_run(struct nacre_mailbox *mailbox)
{
    if (!make_calls(mailbox)) /* those that an outer run has taken */
        return;
    mailbox->taken = take_all(mailbox);
    (void)make_calls(mailbox);
}

void nacre_mailbox_free(struct nacre_mailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    while (mailbox->first != NULL || mailbox->taken != NULL)
        nacre_mailbox_run(mailbox);
    if (mailbox->freed != NULL)
        *mailbox->freed = true;
    pthread_mutex_destroy(&mailbox->lock);
    close(mailbox->fd);
    free(mailbox);
}

/* ---- the pool ---- */

/* Which rank's job is next: usually the first rank that has one. Now and then it is the second or
 * third that has one, so that a flood of better jobs delays the others but does not stop them. */
static struct nacre_call **next_of_ranks(struct nacre_offload *o)
{
    static const uint8_t skips[] = {0, 0, 1, 0, 0, 1, 0, 2};
    unsigned skip = skips[o->picks++ % sizeof skips];
    struct nacre_call **best = &o->first;

    for (struct nacre_call **at = &o->first; *at != NULL && skip > 0; at = &(*at)->next)
        if ((*at)->rank != (*best)->rank) {
            best = at;
            skip--;
        }
    return best;
}

static struct nacre_call *take(struct nacre_offload *o, struct nacre_call **at)
{
    struct nacre_call *job = *at;

    *at = job->next;
    o->waiting--;
    return job;
}

/* Wait for the next job. NULL: stop. */
static struct nacre_call *next_job(struct nacre_offload *o)
{
    struct nacre_call *job = NULL;

    pthread_mutex_lock(&o->lock);
    while (o->first == NULL && !o->stop)
        pthread_cond_wait(&o->work, &o->lock);
    if (!o->stop)
        job = take(o, next_of_ranks(o));
    pthread_mutex_unlock(&o->lock);
    return job;
}

static void *work_on_jobs(void *offload)
{
    struct nacre_call *job;

    while ((job = next_job(offload)) != NULL) {
        job->work(job->argument);
        deliver(job->home, job);
    }
    return NULL;
}

/* Signals are the program's business: the threads inherit a mask that blocks all of them. */
static int start_threads(struct nacre_offload *o, unsigned threads)
{
    sigset_t all, before;
    int failure = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (failure == 0 && o->thread_count < threads) {
        failure = pthread_create(&o->threads[o->thread_count], NULL, work_on_jobs, o);
        if (failure == 0)
            o->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

struct nacre_offload *nacre_offload_new(unsigned threads)
{
    struct nacre_offload *o;
    int failure;

    if (threads == 0) {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN);

        threads = cpus > 0 ? (unsigned)cpus : 1;
    }
    o = calloc(1, sizeof *o + threads * sizeof o->threads[0]);
    if (o == NULL)
        return NULL;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->work, NULL);
    failure = start_threads(o, threads);
    if (failure == 0)
        return o;
    nacre_offload_free(o);
    errno = failure;
    return NULL;
}

/* The jobs of a rank are divided into turns, in each of which an owner has at most one. Returns the
 * first turn in which the owner of this job has none. */
static uint64_t turn_for(const struct nacre_offload *o, const struct nacre_call *job)
{
    uint64_t turn = 0;
    bool any = false;

    for (const struct nacre_call *at = o->first; at != NULL; at = at->next) {
        if (at->rank != job->rank)
            continue;
        if (!any || at->owner == job->owner)
            turn = at->owner == job->owner ? at->turn + 1 : at->turn; /* of the first: current */
        any = true;
    }
    return turn;
}

static bool comes_before(const struct nacre_call *a, const struct nacre_call *b)
{
    return a->rank < b->rank || (a->rank == b->rank && a->turn < b->turn);
}

/* When the queue is full, its last job is dropped for one that belongs before it, or into the same
 * turn. */
static bool make_room(struct nacre_offload *o, const struct nacre_call *job)
{
    struct nacre_call **last = &o->first, *dropped;

    if (o->first == NULL || o->waiting < NACRE_OFFLOAD_QUEUE_MAX)
        return true;
    while ((*last)->next != NULL)
        last = &(*last)->next;
    if (comes_before(*last, job))
        return false;
    dropped = take(o, last);
    deliver(dropped->home, dropped);
    return true;
}

/* Into its turn, before the jobs that are older: when more comes than can be done, some are
 * answered at once and the others not at all, instead of all of them too late. */
static void enqueue(struct nacre_offload *o, struct nacre_call *job)
{
    struct nacre_call **at = &o->first;

    while (*at != NULL && comes_before(*at, job))
        at = &(*at)->next;
    job->next = *at;
    *at = job;
    o->waiting++;
}

static const struct growth job_growth = {sizeof(struct nacre_job), {{0}}};

bool nacre_offload_submit(struct nacre_offload *offload, const struct nacre_job *given,
                          struct nacre_mailbox *home)
{
    struct nacre_call *call = calloc(1, sizeof *call);
    struct nacre_job complete;
    const struct nacre_job *job = &complete;
    bool room;

    if (call != NULL && !version_check("struct nacre_job", given->version, &(struct errbuf){0})) {
        free(call);
        errno = EINVAL;
        return false;
    }
    growth_copy(&job_growth, &complete, given, given->version);
    if (call == NULL)
        return false;
    *call = (struct nacre_call){.work = job->work,
                                .function = job->done,
                                .argument = job->argument,
                                .owner = job->owner,
                                .rank = job->rank,
                                .client = job->client,
                                .home = home};
    pthread_mutex_lock(&offload->lock);
    call->turn = turn_for(offload, call);
    room = make_room(offload, call);
    if (room) {
        enqueue(offload, call);
        pthread_cond_signal(&offload->work);
    }
    pthread_mutex_unlock(&offload->lock);
    if (!room)
        free(call);
    return room;
}

void nacre_offload_cancel(struct nacre_offload *offload, const void *client)
{
    struct nacre_call **at = &offload->first;

    pthread_mutex_lock(&offload->lock);
    while (*at != NULL) {
        struct nacre_call *job = *at;

        if (job->client != client) {
            at = &job->next;
            continue;
        }
        (void)take(offload, at);
        deliver(job->home, job);
    }
    pthread_mutex_unlock(&offload->lock);
}

void nacre_offload_free(struct nacre_offload *offload)
{
    if (offload == NULL)
        return;
    pthread_mutex_lock(&offload->lock);
    offload->stop = true;
    pthread_cond_broadcast(&offload->work);
    pthread_mutex_unlock(&offload->lock);
    for (unsigned i = 0; i < offload->thread_count; i++)
        pthread_join(offload->threads[i], NULL);
    while (offload->first != NULL) {
        struct nacre_call *job = offload->first;

        offload->first = job->next;
        deliver(job->home, job);
    }
    pthread_cond_destroy(&offload->work);
    pthread_mutex_destroy(&offload->lock);
    free(offload);
}
