#include "apps/daemon/log_writer.h"

#include "apps/daemon/log.h"
#include "apps/daemon/log_output.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum {
    BATCH_MAX = 4096, /* bytes of whole lines in one write; a pipe takes so many at once */
    STALLED_S = 1,    /* log_stop gives up when the reader takes nothing for so long */
    LAST_LINES_S = 5  /* ... and after this time in any case */
};

_Static_assert(BATCH_MAX >= 2 * LOG_LINE_MAX, "a report and a line fit into an empty batch");

static struct {
    pthread_mutex_t lock; /* for all but the contents of the batch */
    pthread_cond_t work;  /* there are lines, or it is time to stop */
    pthread_cond_t moved; /* bytes were written, or the thread has ended */
    pthread_t thread;
    bool running, waiting, stopping, ended;
    uint64_t unreported, dropped; /* lines */
    uint64_t writes;              /* that made progress */
    uint64_t calls;               /* of log_put and log_stop: each is a time to try again */
    size_t first, len;            /* bytes of the queue in use: a ring of whole lines */
    size_t batch_at, batch_len;   /* bytes of the batch: written, in total */
    char batch[BATCH_MAX];        /* belongs to the thread while there is one */
    char queue[LOG_QUEUE_SIZE];
} out = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER};

/* ---- the queue; the caller has the lock ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Remove bytes from the front. An empty ring begins at its start again, so that a log that is read
 * touches few pages. */
static void remove_front(size_t n)
{
    out.len -= n;
    out.first = out.len == 0 ? 0 : (out.first + n) % sizeof out.queue;
}

static void drop_oldest_line(void)
{
    size_t straight = least(out.len, sizeof out.queue - out.first);
    const char *begin = out.queue + out.first;
    const char *end = memchr(begin, '\n', straight);
    size_t n = straight;

    if (end != NULL)
        n = (size_t)(end - begin) + 1;
    else if ((end = memchr(out.queue, '\n', out.len - straight)) != NULL)
        n += (size_t)(end - out.queue) + 1;
    remove_front(n);
    out.dropped++;
    out.unreported++;
}

static void append(const char *line, size_t len)
{
    size_t at, straight;

    while (sizeof out.queue - out.len < len)
        drop_oldest_line();
    at = (out.first + out.len) % sizeof out.queue;
    straight = least(len, sizeof out.queue - at);
    memcpy(out.queue + at, line, straight);
    memcpy(out.queue, line + straight, len - straight);
    out.len += len;
}

/* ---- the batch ---- */

/* The lines were dropped between those that are written and those in the queue. */
static void report_dropped(void)
{
    struct log_line l;

    log_begin(&l, LOG_WARN, "log_dropped");
    log_u64(&l, "lines", out.unreported);
    log_text(&l, "reason", "the log was not read");
    log_finish(&l);
    memcpy(out.batch, l.text, l.len);
    out.batch_len = l.len;
    out.unreported = 0;
}

/* Take whole lines from the queue into the batch, which is empty. The caller has the lock. */
static void fill_batch(void)
{
    size_t straight, n;

    out.batch_at = out.batch_len = 0;
    if (out.unreported > 0)
        report_dropped();
    n = least(out.len, BATCH_MAX - out.batch_len);
    straight = least(n, sizeof out.queue - out.first);
    memcpy(out.batch + out.batch_len, out.queue + out.first, straight);
    memcpy(out.batch + out.batch_len + straight, out.queue, n - straight);
    while (n > 0 && out.batch[out.batch_len + n - 1] != '\n')
        n--;
    out.batch_len += n;
    remove_front(n);
}

static bool is_written(void)
{
    return out.batch_at == out.batch_len;
}

/* Is there something to write? The caller has the lock. */
static bool is_pending(void)
{
    return !is_written() || out.len > 0 || out.unreported > 0;
}

/* May block. What an error leaves of a line is written before anything else, once that works. */
static enum log_progress write_batch(bool waits, size_t *n)
{
    return log_output_write(out.batch + out.batch_at, out.batch_len - out.batch_at, waits, n);
}

/* Without a thread: write as long as that does not block. The caller has the lock. */
static void write_at_once(int timeout_ms)
{
    while (is_pending() && log_output_wait(timeout_ms)) {
        size_t n;

        if (is_written())
            fill_batch();
        if (write_batch(false, &n) != LOG_WRITTEN)
            return;
        out.batch_at += n;
    }
}

/* ---- the thread ---- */

static void wait_for_work(void)
{
    out.waiting = true;
    pthread_cond_wait(&out.work, &out.lock);
    out.waiting = false;
}

/* Write the batch. False: there is no reader. Waits without the lock. */
static bool write_unlocked(void)
{
    enum log_progress progress;
    size_t n;

    pthread_mutex_unlock(&out.lock);
    progress = write_batch(true, &n);
    if (progress == LOG_FULL)
        (void)log_output_wait(-1);
    pthread_mutex_lock(&out.lock);
    out.batch_at += n;
    if (progress == LOG_WRITTEN)
        out.writes++;
    if (out.stopping)
        pthread_cond_signal(&out.moved);
    return progress != LOG_NO_READER;
}

/* After an error, the next line is the time to try again, or the one that came meanwhile. */
static void *run(void *unused)
{
    uint64_t calls;

    pthread_mutex_lock(&out.lock);
    for (;;) {
        while (!is_pending() && !out.stopping)
            wait_for_work();
        if (!is_pending())
            break;
        if (is_written())
            fill_batch();
        calls = out.calls;
        if (write_unlocked() || out.calls != calls)
            continue;
        if (out.stopping)
            break;
        wait_for_work();
    }
    out.ended = true;
    pthread_cond_signal(&out.moved);
    pthread_mutex_unlock(&out.lock);
    return unused;
}

/* No handler runs on that thread, except that of SIGSYS: the sandbox raises it. */
static bool create_thread(void)
{
    sigset_t all, before;
    bool good;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGSYS);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    good = pthread_create(&out.thread, NULL, run, NULL) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return good;
}

bool log_start(void)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&out.moved, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    pthread_mutex_lock(&out.lock);
    out.running = create_thread();
    pthread_mutex_unlock(&out.lock);
    return out.running;
}

/* True: the thread has written all. False: it is blocked. The caller has the lock. */
static bool wait_for_last_lines(void)
{
    struct timespec now, stalled;
    uint64_t writes;
    time_t end;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    end = now.tv_sec + LAST_LINES_S;
    do {
        writes = out.writes;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        stalled = now;
        stalled.tv_sec += STALLED_S;
        while (!out.ended && out.writes == writes)
            if (pthread_cond_timedwait(&out.moved, &out.lock, &stalled) != 0)
                break;
    } while (!out.ended && out.writes != writes && now.tv_sec < end);
    return out.ended;
}

void log_stop(void)
{
    bool joins = false;

    pthread_mutex_lock(&out.lock);
    if (!out.running) {
        write_at_once(STALLED_S * 1000);
    } else if (!out.stopping) {
        out.stopping = true;
        out.calls++;
        pthread_cond_signal(&out.work);
        joins = wait_for_last_lines();
        out.running = !joins;
    }
    pthread_mutex_unlock(&out.lock);
    if (joins)
        (void)pthread_join(out.thread, NULL);
}

void log_put(const char *line, size_t len)
{
    pthread_mutex_lock(&out.lock);
    append(line, len);
    out.calls++;
    if (!out.running)
        write_at_once(0);
    else if (out.waiting)
        pthread_cond_signal(&out.work);
    pthread_mutex_unlock(&out.lock);
}

void log_end(struct log_line *l)
{
    if (l->off)
        return;
    log_finish(l);
    log_put(l->text, l->len);
}

uint64_t log_dropped(void)
{
    uint64_t dropped;

    pthread_mutex_lock(&out.lock);
    dropped = out.dropped;
    pthread_mutex_unlock(&out.lock);
    return dropped;
}
