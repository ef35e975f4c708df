/* An event loop: descriptors by epoll, timers by a heap, and work that goes on next turn. One
 * thread each. */
#ifndef NACRE_APPS_RUNTIME_LOOP_H
#define NACRE_APPS_RUNTIME_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct epoll_event;
struct nacre_loop;

/* A descriptor that is watched; embedded in what it belongs to. */
struct source {
    void (*ready)(struct source *source, uint32_t events); /* events as epoll reports them */
};

/* Something that happens at a time. `place` is the loop's. */
struct timer {
    uint64_t at_ms;
    uint32_t place; /* 1 + index in the heap; 0: not set */
    void (*fire)(struct timer *timer);
};

/* Something that is to be gone on with soon. `next` and `queued` are the loop's. */
struct task {
    struct task *next;
    bool queued;
    void (*run)(struct task *task);
};

struct nacre_loop {
    int epoll;
    uint64_t now_ms; /* of this turn; CLOCK_MONOTONIC */
    struct timer **heap;
    uint32_t timers, timer_room;
    struct task *first, **last;
    struct epoll_event *events; /* of this turn: those not dealt with yet */
    int events_left;
};

/* False: errno says why. */
bool loop_init(struct nacre_loop *loop);
void loop_clear(struct nacre_loop *loop);

/* Watch a descriptor for these epoll events until it is closed. False: errno says why. */
bool loop_watch(struct nacre_loop *loop, int fd, struct source *source, uint32_t events);

/* Watch it no more: nothing of this turn reaches the source either. Before the descriptor is
 * closed. */
void loop_unwatch(struct nacre_loop *loop, int fd, const struct source *source);

/* Set or move a timer; UINT64_MAX takes it away. False: out of memory. */
bool loop_set_timer(struct nacre_loop *loop, struct timer *timer, uint64_t at_ms);

/* Run a task, once however often it is asked for, behind those that were asked for before: in this
 * turn if time is left, else in one of the next, which look for events first. */
void loop_later(struct nacre_loop *loop, struct task *task);
void loop_forget(struct nacre_loop *loop, struct task *task);

/* Between turns now_ms stands still; before times are reckoned from it then, look at the clock. */
void loop_look_at_clock(struct nacre_loop *loop);

/* How long the next turn waits at most, in milliseconds; -1: for ever. */
int loop_timeout(const struct nacre_loop *loop);

/* One turn: wait for something to happen, at most to the next timer, and do it. Then tasks, for a
 * slice of time. */
void loop_turn(struct nacre_loop *loop);

#endif
