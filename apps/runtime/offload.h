/* Slow work of the CPU (a password hash) off the event loops, and its results back on them.
 *
 * A few threads work; a mailbox belongs to one loop and brings calls to its thread:
 *
 *     nacre_mailbox_init(&home);                    the loop watches nacre_mailbox_fd(&home) for
 *                                                   reading and calls nacre_mailbox_run(&home)
 *     nacre_offload_submit(o, &(struct nacre_job){hash, answer, login, source}, &home);
 *                                                   hash(login) on some thread, then
 *                                                   answer(login) on home's */
#ifndef NACRE_APPS_RUNTIME_OFFLOAD_H
#define NACRE_APPS_RUNTIME_OFFLOAD_H

#include "transport/api.h"

#include <pthread.h>

#define NACRE_OFFLOAD_WAITING_MAX 256 /* jobs that wait for a thread */

struct nacre_letter;
struct nacre_offload;

struct nacre_job {
    void (*work)(void *argument); /* on one of the threads, */
    void (*done)(void *argument); /* ... and then on the thread that it was submitted from */
    void *argument;
    uint64_t source; /* who wants it: sources take turns, however many jobs one of them has */
};

/* Calls that wait for one thread to make them. Belongs to the caller; does not move once it is
 * initialised. */
struct nacre_mailbox {
    pthread_mutex_t lock;
    struct nacre_letter *first, *last; /* in the order in which they came */
    int fd;
};

/* False, with errno, when the system has no more file descriptors; there is nothing to clear
 * then. */
NACRE_API bool nacre_mailbox_init(struct nacre_mailbox *mailbox);

/* Readable when there is something to run. */
NACRE_API int nacre_mailbox_fd(const struct nacre_mailbox *mailbox);

/* Have call(argument) made on the mailbox's thread. From any thread. False: out of memory. */
NACRE_API bool nacre_mailbox_post(struct nacre_mailbox *mailbox, void (*call)(void *argument),
                                  void *argument);

/* Make all calls that wait, in order. On the mailbox's own thread. A call may post again: that one
 * is made by the next run. */
NACRE_API void nacre_mailbox_run(struct nacre_mailbox *mailbox);

/* Make the calls that still wait and release it. Free the offloads that post to it before. */
NACRE_API void nacre_mailbox_clear(struct nacre_mailbox *mailbox);

/* Start `threads` threads; 0: one for each CPU. They block all signals. NULL, with errno, when the
 * system does not give them. */
NACRE_API struct nacre_offload *nacre_offload_new(unsigned threads);

/* Have the job done, those of a source in the order of submission, and its `done` called by `home`.
 * From any thread. False, and neither is called, when NACRE_OFFLOAD_WAITING_MAX jobs wait already
 * or there is no memory. When they wait already, and a source has more of them than this one, its
 * newest is answered without its work in favour of this: so a job starts out saying no. */
NACRE_API bool nacre_offload_submit(struct nacre_offload *offload, const struct nacre_job *job,
                                    struct nacre_mailbox *home);

/* Stop the threads, each after the job that it is working on, and free it. Every job is answered:
 * those not begun get their done without their work, in order, so a job starts out saying no. The
 * calls of done are in the mailboxes when this returns: run these once more. */
NACRE_API void nacre_offload_free(struct nacre_offload *offload);

#endif
