#include "apps/runtime/offload.h"

#include <errno.h>
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
};

struct nacre_offload {
    pthread_mutex_t lock;
    pthread_cond_t work; /* there is a job, or stop is set */
    struct nacre_call *first;
    unsigned waiting; /* jobs in that list */
    bool stop;
    unsigned thread_count;
    pthread_t threads[];
};

/* ---- the mailbox ---- */

bool nacre_mailbox_init(struct nacre_mailbox *mailbox)
{
    *mailbox = (struct nacre_mailbox){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (mailbox->fd < 0)
        return false;
    pthread_mutex_init(&mailbox->lock, NULL);
    return true;
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

/* Make the calls that were taken. False: one of them cleared the mailbox. */
static bool make_calls(struct nacre_mailbox *mailbox)
{
    bool cleared = false, *outer = mailbox->cleared;

    mailbox->cleared = &cleared; // cppcheck-suppress autoVariables; reset before it returns
    while (!cleared && mailbox->taken != NULL) {
        struct nacre_call *call = mailbox->taken;

        mailbox->taken = call->next;
        call->function(call->argument);
        free(call);
    }
    if (!cleared)
        mailbox->cleared = outer;
    else if (outer != NULL)
        *outer = true;
    return !cleared;
}

void nacre_mailbox_run(struct nacre_mailbox *mailbox)
{
    if (!make_calls(mailbox)) /* those that an outer run has taken */
        return;
    mailbox->taken = take_all(mailbox);
    (void)make_calls(mailbox);
}

void nacre_mailbox_clear(struct nacre_mailbox *mailbox)
{
    while (mailbox->first != NULL || mailbox->taken != NULL)
        nacre_mailbox_run(mailbox);
    if (mailbox->cleared != NULL)
        *mailbox->cleared = true;
    pthread_mutex_destroy(&mailbox->lock);
    close(mailbox->fd);
    mailbox->fd = -1;
}

/* ---- the pool ---- */

/* Wait for the next job. NULL: stop. */
static struct nacre_call *next_job(struct nacre_offload *o)
{
    struct nacre_call *job = NULL;

    pthread_mutex_lock(&o->lock);
    while (o->first == NULL && !o->stop)
        pthread_cond_wait(&o->work, &o->lock);
    if (!o->stop) {
        job = o->first;
        o->first = job->next;
        o->waiting--;
    }
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

/* The queue is divided into turns, in each of which an owner has at most one job. Returns the first
 * turn in which this owner has none. */
static uint64_t turn_for(const struct nacre_offload *o, uint64_t owner)
{
    uint64_t turn = o->first != NULL ? o->first->turn : 0; /* the current one */

    for (const struct nacre_call *job = o->first; job != NULL; job = job->next)
        if (job->owner == owner)
            turn = job->turn + 1;
    return turn;
}

/* The place after the last job of that turn. */
static struct nacre_call **end_of_turn(struct nacre_offload *o, uint64_t turn)
{
    struct nacre_call **at = &o->first;

    while (*at != NULL && (*at)->turn <= turn)
        at = &(*at)->next;
    return at;
}

/* When the queue is full, the last job of the last turn is dropped, if that is a later turn. */
static bool make_room(struct nacre_offload *o, uint64_t turn)
{
    struct nacre_call **last = end_of_turn(o, turn);
    struct nacre_call *job = *last;

    if (o->waiting < NACRE_OFFLOAD_QUEUE_MAX)
        return true;
    if (job == NULL)
        return false;
    for (; job->next != NULL; job = *last)
        last = &job->next;
    *last = NULL;
    o->waiting--;
    deliver(job->home, job);
    return true;
}

static void enqueue(struct nacre_offload *o, struct nacre_call *job)
{
    struct nacre_call **at = end_of_turn(o, job->turn);

    job->next = *at;
    *at = job;
    o->waiting++;
}

bool nacre_offload_submit(struct nacre_offload *offload, const struct nacre_job *job,
                          struct nacre_mailbox *home)
{
    struct nacre_call *call = calloc(1, sizeof *call);
    bool room;

    if (call == NULL)
        return false;
    *call = (struct nacre_call){.work = job->work,
                                .function = job->done,
                                .argument = job->argument,
                                .owner = job->owner,
                                .home = home};
    pthread_mutex_lock(&offload->lock);
    call->turn = turn_for(offload, job->owner);
    room = make_room(offload, call->turn);
    if (room) {
        enqueue(offload, call);
        pthread_cond_signal(&offload->work);
    }
    pthread_mutex_unlock(&offload->lock);
    if (!room)
        free(call);
    return room;
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
