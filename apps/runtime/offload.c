#include "apps/runtime/offload.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A call to be made. The same one carries a job through the pool and then its answer home, so that
 * an answer needs no memory of its own. */
struct nacre_letter {
    struct nacre_letter *next;
    void (*call)(void *argument);
    void *argument;
    void (*work)(void *argument); /* jobs only */
    struct nacre_mailbox *home;   /* jobs only */
    uint64_t source, turn;        /* jobs only: see turn_for */
};

struct nacre_offload {
    pthread_mutex_t lock;
    pthread_cond_t work; /* there is some, or stop is set */
    struct nacre_letter *first;
    unsigned waiting; /* jobs in that list */
    bool stop;
    unsigned thread_count;
    pthread_t threads[];
};

/* The mailbox ------------------------------------------------------------------------------- */

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

/* Wakes under the lock: once it is released the mailbox's owner may have run the letter and be
 * clearing the mailbox. */
static void deliver(struct nacre_mailbox *mailbox, struct nacre_letter *letter)
{
    const uint64_t one = 1;

    letter->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->first == NULL) {
        mailbox->first = letter;
        while (write(mailbox->fd, &one, sizeof one) < 0 && errno == EINTR)
            ;
    } else {
        mailbox->last->next = letter;
    }
    mailbox->last = letter;
    pthread_mutex_unlock(&mailbox->lock);
}

bool nacre_mailbox_post(struct nacre_mailbox *mailbox, void (*call)(void *argument), void *argument)
{
    struct nacre_letter *letter = calloc(1, sizeof *letter);

    if (letter == NULL)
        return false;
    letter->call = call;
    letter->argument = argument;
    deliver(mailbox, letter);
    return true;
}

/* All that wait, and the descriptor quiet again. */
static struct nacre_letter *take_all(struct nacre_mailbox *mailbox)
{
    struct nacre_letter *first;
    uint64_t count;

    pthread_mutex_lock(&mailbox->lock);
    while (read(mailbox->fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    first = mailbox->first;
    mailbox->first = mailbox->last = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    return first;
}

void nacre_mailbox_run(struct nacre_mailbox *mailbox)
{
    struct nacre_letter *letter = take_all(mailbox);

    while (letter != NULL) {
        struct nacre_letter *next = letter->next;

        letter->call(letter->argument);
        free(letter);
        letter = next;
    }
}

void nacre_mailbox_clear(struct nacre_mailbox *mailbox)
{
    while (mailbox->first != NULL)
        nacre_mailbox_run(mailbox);
    pthread_mutex_destroy(&mailbox->lock);
    close(mailbox->fd);
    mailbox->fd = -1;
}

/* The pool ---------------------------------------------------------------------------------- */

/* The next job, waiting for one; NULL when it is time to stop. */
static struct nacre_letter *next_job(struct nacre_offload *o)
{
    struct nacre_letter *job = NULL;

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
    struct nacre_letter *job;

    while ((job = next_job(offload)) != NULL) {
        job->work(job->argument);
        deliver(job->home, job);
    }
    return NULL;
}

/* Signals are the program's, not ours: the threads inherit a mask that blocks all. */
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

/* The jobs stand in turns, in each of which a source has one at most. The next turn that this
 * source has none in: */
static uint64_t turn_for(const struct nacre_offload *o, uint64_t source)
{
    uint64_t turn = o->first != NULL ? o->first->turn : 0; /* the one that is under way */

    for (const struct nacre_letter *job = o->first; job != NULL; job = job->next)
        if (job->source == source)
            turn = job->turn + 1;
    return turn;
}

/* Up to the first job of a later turn. */
static struct nacre_letter **end_of_turn(struct nacre_offload *o, uint64_t turn)
{
    struct nacre_letter **at = &o->first;

    while (*at != NULL && (*at)->turn <= turn)
        at = &(*at)->next;
    return at;
}

/* When all places are taken, the last job of the last turn goes without, if that is a later one. */
static bool make_room(struct nacre_offload *o, uint64_t turn)
{
    struct nacre_letter **last = end_of_turn(o, turn);
    struct nacre_letter *job = *last;

    if (o->waiting < NACRE_OFFLOAD_WAITING_MAX)
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

static void put_in_turn(struct nacre_offload *o, struct nacre_letter *job)
{
    struct nacre_letter **at = end_of_turn(o, job->turn);

    job->next = *at;
    *at = job;
    o->waiting++;
}

bool nacre_offload_submit(struct nacre_offload *offload, const struct nacre_job *job,
                          struct nacre_mailbox *home)
{
    struct nacre_letter *letter = calloc(1, sizeof *letter);
    bool room;

    if (letter == NULL)
        return false;
    *letter = (struct nacre_letter){.work = job->work,
                                    .call = job->done,
                                    .argument = job->argument,
                                    .source = job->source,
                                    .home = home};
    pthread_mutex_lock(&offload->lock);
    letter->turn = turn_for(offload, job->source);
    room = make_room(offload, letter->turn);
    if (room) {
        put_in_turn(offload, letter);
        pthread_cond_signal(&offload->work);
    }
    pthread_mutex_unlock(&offload->lock);
    if (!room)
        free(letter);
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
        struct nacre_letter *job = offload->first;

        offload->first = job->next;
        deliver(job->home, job);
    }
    pthread_cond_destroy(&offload->work);
    pthread_mutex_destroy(&offload->lock);
    free(offload);
}
