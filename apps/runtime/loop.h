/* An event loop: descriptors with epoll, timers in a heap, and tasks for work that continues in a
 * later iteration. Each loop belongs to one thread. */
#ifndef NACRE_APPS_RUNTIME_LOOP_H
#define NACRE_APPS_RUNTIME_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct epoll_event;
struct nacre_loop;

/* A watched descriptor; embedded in its owner. */
struct source {
    void (*ready)(struct source *source, uint32_t events); /* as epoll reports them */
};

/* A call at a certain time; embedded in its owner. `place` belongs to the loop. */
struct timer {
    uint64_t at_ms;
    uint32_t place; /* 1 + index in the heap; 0: not set */
    void (*fire)(struct timer *timer);
};

/* A call soon; embedded in its owner. `next` and `queued` belong to the loop. */
struct task {
    struct task *next;
    bool queued;
    void (*run)(struct task *task);
};

struct task_queue {
    struct task *first, **last;
};

struct nacre_loop {
    int epoll;
    int alarm;    /* a timerfd that makes epoll readable when there is something to do; or -1 */
    bool running; /* an iteration is in progress */
    struct nacre_mailbox *mailbox; /* its thread's, for nacre_loop_post; or NULL */
    struct source alarm_source;
    uint64_t now_ms; /* when this iteration began; CLOCK_MONOTONIC */
    struct timer **heap;
    uint32_t timers, timer_room;
    struct task_queue soon, deferred;
    unsigned passed_over;       /* tasks that were run while a deferred one waited */
    struct epoll_event *events; /* of this iteration: those not handled yet */
    int events_left;
};

/* False, with errno: the system has no more descriptors. Clear it all the same. */
bool loop_init(struct nacre_loop *loop);
void loop_clear(struct nacre_loop *loop);

/* Watch a descriptor for these epoll events. False, with errno. */
bool loop_watch(struct nacre_loop *loop, int fd, struct source *source, uint32_t events);

/* Watch it for other events. False, with errno. */
bool loop_rewatch(struct nacre_loop *loop, int fd, struct source *source, uint32_t events);

/* Stop watching: no event reaches the source any more, not even in this iteration. Call it before
 * the descriptor is closed. */
void loop_unwatch(struct nacre_loop *loop, int fd, const struct source *source);

/* Set or move a timer; UINT64_MAX removes it. False: out of memory. */
bool loop_set_timer(struct nacre_loop *loop, struct timer *timer, uint64_t at_ms);

/* Queue a task, unless it is queued already. Tasks run in order: in this iteration while its time
 * slice lasts, otherwise in one of the next, after the events. */
void loop_later(struct nacre_loop *loop, struct task *task);
void loop_forget(struct nacre_loop *loop, struct task *task);

/* The same for a task that others go before: it runs when no other is queued, or after eight others
 * at the latest. */
void loop_defer(struct nacre_loop *loop, struct task *task);

/* Between iterations now_ms does not change: call this before computing times from it. */
void loop_update_clock(struct nacre_loop *loop);

/* A descriptor that is readable whenever an iteration has something to do, for another event loop:
 * also for what is queued or set between iterations. -1, with errno. */
int loop_fd(struct nacre_loop *loop);

/* How long the next iteration waits at most, in milliseconds; -1: for ever. */
int loop_timeout(const struct nacre_loop *loop);

/* One iteration: wait for events, until the next timer at most; handle them, then the timers, then
 * tasks for a slice of time. */
void loop_run_once(struct nacre_loop *loop);

#endif
