#include "apps/runtime/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    PASSED_OVER_MAX = 8,  /* tasks before a deferred one */
    SLICE_NS = 50 * 1000, /* for tasks in one iteration: about one large packet in and out */
};

static uint64_t clock_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t clock_ms(void)
{
    return clock_ns() / 1000000;
}

bool loop_init(struct nacre_loop *loop)
{
    memset(loop, 0, sizeof *loop);
    loop->soon.last = &loop->soon.first;
    loop->deferred.last = &loop->deferred.first;
    loop->now_ms = clock_ms();
    loop->alarm = -1;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    return loop->epoll >= 0;
}

void loop_clear(struct nacre_loop *loop)
{
    if (loop->epoll >= 0)
        (void)close(loop->epoll);
    if (loop->alarm >= 0)
        (void)close(loop->alarm);
    free(loop->heap);
    loop->heap = NULL;
    loop->epoll = loop->alarm = -1;
}

bool loop_watch(struct nacre_loop *loop, int fd, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = source}};

    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool loop_rewatch(struct nacre_loop *loop, int fd, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = source}};

    return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event) == 0;
}

void loop_unwatch(struct nacre_loop *loop, int fd, const struct source *source)
{
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
    for (int i = 0; i < loop->events_left; i++)
        if (loop->events[i].data.ptr == source)
            loop->events[i].data.ptr = NULL;
}

void loop_update_clock(struct nacre_loop *loop)
{
    loop->now_ms = clock_ms();
}

/* ---- the alarm: for loops that are embedded in others ---- */

static void on_alarm(struct source *source, uint32_t events)
{
    (void)source;
    (void)events;
}

/* At the time of the next timer, or now. It fails only for times that cannot be. */
static void set_alarm(const struct nacre_loop *loop)
{
    struct itimerspec at = {{0, 0}, {0, 0}};

    if (loop->alarm < 0 || loop->running)
        return;
    if (loop->soon.first != NULL || loop->deferred.first != NULL)
        at.it_value.tv_nsec = 1; /* long ago */
    else if (loop->timers > 0)
        at.it_value =
            (struct timespec){.tv_sec = (time_t)(loop->heap[0]->at_ms / 1000),
                              .tv_nsec = (long)(loop->heap[0]->at_ms % 1000) * 1000000 + 1};
    (void)timerfd_settime(loop->alarm, TFD_TIMER_ABSTIME, &at, NULL);
}

int loop_fd(struct nacre_loop *loop)
{
    if (loop->alarm >= 0)
        return loop->epoll;
    loop->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->alarm_source.ready = on_alarm;
    if (loop->alarm >= 0 && !loop_watch(loop, loop->alarm, &loop->alarm_source, EPOLLIN)) {
        (void)close(loop->alarm);
        loop->alarm = -1;
    }
    set_alarm(loop);
    return loop->alarm >= 0 ? loop->epoll : -1;
}

/* ---- timers: a binary heap with the earliest on top ---- */

static void put(struct nacre_loop *loop, uint32_t index, struct timer *timer)
{
    loop->heap[index] = timer;
    timer->place = index + 1;
}

static void sift_up(struct nacre_loop *loop, uint32_t i)
{
    struct timer *timer = loop->heap[i];

    while (i > 0 && loop->heap[(i - 1) / 2]->at_ms > timer->at_ms) {
        put(loop, i, loop->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(loop, i, timer);
}

static void sift_down(struct nacre_loop *loop, uint32_t i)
{
    struct timer *timer = loop->heap[i];

    for (;;) {
        uint32_t child = 2 * i + 1;

        if (child >= loop->timers)
            break;
        if (child + 1 < loop->timers && loop->heap[child + 1]->at_ms < loop->heap[child]->at_ms)
            child++;
        if (loop->heap[child]->at_ms >= timer->at_ms)
            break;
        put(loop, i, loop->heap[child]);
        i = child;
    }
    put(loop, i, timer);
}

static void remove_timer(struct nacre_loop *loop, struct timer *timer)
{
    uint32_t i = timer->place - 1;
    struct timer *moved = loop->heap[--loop->timers];

    timer->place = 0;
    if (moved == timer)
        return;
    put(loop, i, moved);
    sift_up(loop, i);
    sift_down(loop, moved->place - 1);
}

static bool reserve_timer(struct nacre_loop *loop)
{
    uint32_t room = loop->timer_room == 0 ? 64 : loop->timer_room * 2;
    struct timer **heap;

    if (loop->timers < loop->timer_room)
        return true;
    heap = realloc(loop->heap, room * sizeof *heap);
    if (heap == NULL)
        return false;
    loop->heap = heap;
    loop->timer_room = room;
    return true;
}

bool loop_set_timer(struct nacre_loop *loop, struct timer *timer, uint64_t at_ms)
{
    if (timer->place != 0 && timer->at_ms == at_ms)
        return true;
    if (at_ms == UINT64_MAX) {
        if (timer->place != 0)
            remove_timer(loop, timer);
        return true;
    }
    timer->at_ms = at_ms;
    if (timer->place == 0) {
        if (!reserve_timer(loop))
            return false;
        put(loop, loop->timers++, timer);
    }
    sift_up(loop, timer->place - 1);
    sift_down(loop, timer->place - 1);
    set_alarm(loop);
    return true;
}

static void fire_timers(struct nacre_loop *loop)
{
    while (loop->timers > 0 && loop->heap[0]->at_ms <= loop->now_ms) {
        struct timer *timer = loop->heap[0];

        remove_timer(loop, timer);
        timer->fire(timer);
    }
}

/* ---- tasks ---- */

static void enqueue(struct task_queue *queue, struct task *task)
{
    if (task->queued)
        return;
    task->queued = true;
    task->next = NULL;
    *queue->last = task;
    queue->last = &task->next;
}

void loop_later(struct nacre_loop *loop, struct task *task)
{
    enqueue(&loop->soon, task);
    set_alarm(loop);
}

void loop_defer(struct nacre_loop *loop, struct task *task)
{
    enqueue(&loop->deferred, task);
    set_alarm(loop);
}

static void forget(struct task_queue *queue, struct task *task)
{
    struct task **at = &queue->first;

    while (*at != NULL && *at != task)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = task->next;
    if (queue->last == &task->next)
        queue->last = at;
    task->queued = false;
}

void loop_forget(struct nacre_loop *loop, struct task *task)
{
    if (!task->queued)
        return;
    forget(&loop->soon, task);
    forget(&loop->deferred, task);
}

static struct task *take(struct task_queue *queue)
{
    struct task *task = queue->first;

    queue->first = task->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    task->queued = false;
    return task;
}

/* The next task; NULL: none. */
static struct task *take_next(struct nacre_loop *loop)
{
    if (loop->soon.first != NULL &&
        (loop->deferred.first == NULL || loop->passed_over++ < PASSED_OVER_MAX))
        return take(&loop->soon);
    loop->passed_over = 0;
    return loop->deferred.first == NULL ? NULL : take(&loop->deferred);
}

static bool has_tasks(const struct nacre_loop *loop)
{
    return loop->soon.first != NULL || loop->deferred.first != NULL;
}

/* Run tasks until the slice is used up. A descriptor that has become ready meanwhile waits for at
 * most one long task, and many short ones do not cost an iteration each. */
static void run_tasks(struct nacre_loop *loop)
{
    uint64_t end = has_tasks(loop) ? clock_ns() + SLICE_NS : 0;
    struct task *task;

    while ((task = take_next(loop)) != NULL) {
        task->run(task);
        if (clock_ns() >= end)
            return;
    }
}

int loop_timeout(const struct nacre_loop *loop)
{
    uint64_t wait;

    if (has_tasks(loop))
        return 0;
    if (loop->timers == 0)
        return -1;
    if (loop->heap[0]->at_ms <= loop->now_ms)
        return 0;
    wait = loop->heap[0]->at_ms - loop->now_ms;
    return wait > 60 * 1000 ? 60 * 1000 : (int)wait;
}

void loop_run_once(struct nacre_loop *loop)
{
    struct epoll_event events[EVENTS];

    loop->running = true;
    loop->events = events;
    loop->events_left = epoll_wait(loop->epoll, events, EVENTS, loop_timeout(loop));
    loop->now_ms = clock_ms();
    while (loop->events_left > 0) {
        struct source *source = loop->events->data.ptr;
        uint32_t what = loop->events->events;

        loop->events++;
        loop->events_left--;
        if (source != NULL) /* not removed by an earlier one */
            source->ready(source, what);
    }
    fire_timers(loop);
    run_tasks(loop);
    loop->running = false;
    set_alarm(loop);
}
