/* Slow computations (a password hash) off the event loops, and their results back on them.
 *
 * A few threads do the work. A mailbox belongs to one loop, and brings calls to its thread. The
 * loop watches nacre_mailbox_fd for reading, and then calls nacre_mailbox_run:
 *
 *     struct nacre_job job = {NACRE_VERSION_NUMBER, hash, answer, login, owner};
 *
 *     home = nacre_mailbox_new();
 *     nacre_offload_submit(o, &job, home);
 *
 * hash(login) is called on some thread, then answer(login) on the loop's. */
#ifndef NACRE_APPS_RUNTIME_OFFLOAD_H
#define NACRE_APPS_RUNTIME_OFFLOAD_H

#include "transport/api.h"

#define NACRE_OFFLOAD_QUEUE_MAX 256 /* jobs that may wait for a thread */

/* Threads, and the jobs that wait for them. Lives until nacre_offload_free. */
struct nacre_offload;

/* Something to do on another thread. The struct is copied when it is submitted; what it points to
 * must live until `done` is called. */
struct nacre_job {
    uint32_t version; /* NACRE_VERSION_NUMBER */
    /* Called on one of the threads. It may call only functions that may be called from any thread.
     */
    void (*work)(void *argument);
    /* Called after it by the mailbox; may call every function. */
    void (*done)(void *argument);
    void *argument;
    uint64_t owner;     /* any number: owners take turns, however many jobs one of them has */
    unsigned rank;      /* 0 is served first; others get a part of the time, so that none stops */
    const void *client; /* for nacre_offload_cancel; or NULL */
};

/* Calls that wait to be made on one thread. Lives until nacre_mailbox_free. */
struct nacre_mailbox;

/* NULL, with errno, when the system has no more descriptors, or memory is out. */
NACRE_API struct nacre_mailbox *nacre_mailbox_new(void);

/* A descriptor that is readable when there are calls to make. It belongs to the mailbox; never -1.
 */
NACRE_API int nacre_mailbox_fd(const struct nacre_mailbox *mailbox);

/* Have call(argument) made on the mailbox's thread; what argument points to must live until the
 * call. From any thread. False: out of memory. */
NACRE_API bool nacre_mailbox_post(struct nacre_mailbox *mailbox, void (*call)(void *argument),
                                  void *argument);

/* Make all calls that wait, in order, on the mailbox's own thread. What a call posts is left for
 * the next run. From inside a call, the calls after it are made first, and then those that were
 * posted since. */
NACRE_API void nacre_mailbox_run(struct nacre_mailbox *mailbox);

/* Make the calls that still wait, and free the mailbox; also from inside a call. Free the offloads
 * that post to it before. NULL is fine. */
NACRE_API void nacre_mailbox_free(struct nacre_mailbox *mailbox);

/* Start `threads` threads, which block all signals; 0: one for each CPU. NULL, with errno, when the
 * system cannot start them. They exist in this process only: make the offload after any fork whose
 * child is to use it. */
NACRE_API struct nacre_offload *nacre_offload_new(unsigned threads);

/* Queue a job, which is copied; `home` calls its `done`. From any thread. The jobs of one owner and
 * rank are done in the order of submission. Otherwise, of the jobs of one rank, an owner's first
 * goes before all seconds, and the newest before those that have waited.
 *
 * NACRE_OFFLOAD_QUEUE_MAX jobs may wait. When there are more, the last in that order makes room:
 * its `done` is called without `work`. So let a job start out as a refusal. False, and neither
 * function is called, when that would be this job, or memory is out (ENOMEM), or the job has no
 * version (EINVAL). */
NACRE_API bool nacre_offload_submit(struct nacre_offload *offload, const struct nacre_job *job,
                                    struct nacre_mailbox *home);

/* The client has gone: for each of its jobs that still waits, `done` is called without `work`. From
 * any thread. client: not NULL; only compared with nacre_job.client, and not kept. */
NACRE_API void nacre_offload_cancel(struct nacre_offload *offload, const void *client);

/* Stop the threads, each after its current job, and free the pool. Every job is answered: for those
 * not started, `done` is called without `work`, in order. These calls are in the mailboxes when
 * this returns: run those once more. Not from inside `work`. */
NACRE_API void nacre_offload_free(struct nacre_offload *offload);

#endif
