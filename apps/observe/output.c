#include "apps/observe/output.h"

#include "apps/observe/raw_line.h"
#include "apps/observe/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LINGER_MS = 20,      /* the thread collects lines for so long before it writes them, */
    BATCH = 512 * 1024,  /* ... or until there are so many bytes */
    SHARED_BATCH = 4096, /* bytes of one write to standard error, where the log is written too: a
                            pipe takes so many at once */
    STALLED_MS = 1000,   /* output_close gives up when the reader takes nothing for so long, */
    LAST_MS = 5000,      /* ... and after this time in any case */
    SENTENCE_MAX = 1024,
};

static struct {
    struct output_config config;
    int fd;
    pthread_mutex_t lock; /* for everything below */
    pthread_cond_t work;  /* there are lines, or it is time to stop */
    pthread_cond_t moved; /* bytes were written, or the thread has ended */
    pthread_t thread;
    bool running, idle, stopping, ended;
    bool broken; /* the file cannot be written: lines are dropped */
    uint64_t writes;
    struct output_gap gap;
    bool in_gap;

    /* Lines are contiguous: from `first` to `last`, or when wrapped from `first` to `limit`, and
     * from 0 to `last`. */
    char *queue;
    size_t first, last, limit;
    bool wrapped;
} out = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the queue; the caller has the lock ---- */

static size_t queued(void)
{
    return out.wrapped ? out.limit - out.first + out.last : out.last - out.first;
}

/* Space for so many bytes in a row, or NULL. */
static char *claim(size_t len)
{
    char *at;

    if (!out.wrapped && OUTPUT_QUEUE_SIZE - out.last < len) {
        if (out.first <= len)
            return NULL;
        out.limit = out.last;
        out.last = 0;
        out.wrapped = true;
    } else if (out.wrapped && out.first - out.last <= len) {
        return NULL;
    }
    at = out.queue + out.last;
    out.last += len;
    return at;
}

static void remove_front(size_t n)
{
    out.first += n;
    if (out.wrapped && out.first == out.limit) {
        out.first = 0;
        out.wrapped = false;
    }
    if (!out.wrapped && out.first == out.last)
        out.first = out.last = 0; /* a trace that is read touches few pages */
}

static void leave_out(uint64_t conn, bool message)
{
    if (!out.in_gap)
        out.gap = (struct output_gap){.conn = conn};
    out.in_gap = true;
    out.gap.messages += message;
    out.gap.others += !message;
    if (out.gap.conn != conn)
        out.gap.conn = 0;
}

/* False: lines are still being left out. */
static bool end_gap(void)
{
    char line[OUTPUT_GAP_MAX];
    size_t len;
    char *at;

    if (queued() > OUTPUT_QUEUE_SIZE / 2)
        return false;
    len = out.config.gap(&out.gap, line);
    at = claim(len);
    if (at == NULL)
        return false;
    memcpy(at, line, len);
    out.in_gap = false;
    return true;
}

void output_put(const char *line, size_t len, uint64_t conn, bool message)
{
    char *at = NULL;

    pthread_mutex_lock(&out.lock);
    if (!out.broken) {
        if (!out.in_gap || end_gap())
            at = claim(len);
        if (at != NULL)
            memcpy(at, line, len);
        else
            leave_out(conn, message);
        if (out.idle || queued() >= BATCH)
            pthread_cond_signal(&out.work);
        out.idle = false;
    }
    pthread_mutex_unlock(&out.lock);
}

/* ---- the thread ---- */

static struct timespec after_ms(unsigned ms)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

/* Until there is a batch, or some time has passed. The caller has the lock. */
static void linger(void)
{
    struct timespec enough = after_ms(LINGER_MS);

    while (queued() < BATCH && !out.stopping)
        if (pthread_cond_timedwait(&out.work, &out.lock, &enough) != 0)
            break;
}

/* While there are always more lines, nobody has to wake the thread for the first one of a batch.
 * The caller has the lock. */
static void wait_for_lines(void)
{
    linger();
    if (queued() > 0 || out.stopping)
        return;
    while (queued() == 0 && !out.stopping) {
        out.idle = true;
        pthread_cond_wait(&out.work, &out.lock);
    }
    out.idle = false;
    linger();
}

/* The bytes of one write: whole lines when it goes to standard error. The caller has the lock. */
static size_t batch(const char *at)
{
    size_t n = (out.wrapped ? out.limit : out.last) - out.first;
    const char *end;

    if (out.fd != STDERR_FILENO || n <= SHARED_BATCH)
        return n < BATCH ? n : BATCH;
    end = memrchr(at, '\n', SHARED_BATCH);
    if (end == NULL)
        end = memchr(at, '\n', n);
    return end == NULL ? n : (size_t)(end - at) + 1;
}

/* May block, without the lock. Returns the number of bytes; 0: the file cannot be written. */
static size_t write_some(const char *at, size_t len)
{
    struct pollfd writable = {.fd = out.fd, .events = POLLOUT};
    ssize_t n;

    for (;;) {
        n = raw_line_is_needed(out.fd) ? raw_line_write(out.fd, at, len) : write(out.fd, at, len);
        if (n > 0)
            return (size_t)n;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return 0;
        if (n == 0 || errno == EAGAIN) /* another program made it non-blocking */
            (void)poll(&writable, 1, -1);
    }
}

static void give_up(int failure)
{
    char sentence[SENTENCE_MAX];

    (void)snprintf(sentence, sizeof sentence, "%s: cannot write the trace: %s; it ends here",
                   out.config.file, strerror(failure));
    out.config.trouble(sentence);
}

/* The caller has the lock, which is released meanwhile. */
static void write_batch(void)
{
    const char *at = out.queue + out.first;
    size_t len = batch(at), n;
    int failure;

    pthread_mutex_unlock(&out.lock);
    n = write_some(at, len);
    failure = errno;
    if (n == 0)
        give_up(failure);
    pthread_mutex_lock(&out.lock);
    out.broken = n == 0;
    out.writes++;
    remove_front(n == 0 ? len : n);
    if (out.stopping)
        pthread_cond_signal(&out.moved);
}

/* A gap at the end of the trace: nothing comes after it to announce it. */
static void end_last_gap(void)
{
    if (out.in_gap && queued() == 0)
        (void)end_gap();
}

static void *run(void *unused)
{
    pthread_mutex_lock(&out.lock);
    for (;;) {
        wait_for_lines();
        while (queued() > 0 && !out.broken)
            write_batch();
        end_last_gap();
        if (out.broken)
            remove_front(queued());
        if (out.stopping && queued() == 0)
            break;
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

/* ---- opening and closing ---- */

/* What is no regular file cannot keep what is written, so it may belong to anybody. O_NONBLOCK: a
 * named pipe without a reader is refused at once. */
static int open_special(const char *file, const struct errbuf *p)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        errbuf_say(p, "%s: %s", file, errno == ENXIO ? "nobody reads this pipe" : strerror(errno));
    return fd;
}

static int open_file(const char *file, const struct errbuf *p)
{
    struct stat status;

    if (strcmp(file, "-") == 0)
        return STDERR_FILENO;
    if (stat(file, &status) == 0 && !S_ISREG(status.st_mode))
        return open_special(file, p);
    return secret_file_open(file, SECRET_FILE_REPLACE, p);
}

static void make_conditions(void)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&out.work, &attributes);
    (void)pthread_cond_init(&out.moved, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

bool output_open(const struct output_config *config, const struct errbuf *p)
{
    out.config = *config;
    out.first = out.last = 0;
    out.wrapped = out.in_gap = out.broken = out.stopping = out.ended = false;
    out.queue = malloc(OUTPUT_QUEUE_SIZE);
    if (out.queue == NULL)
        return errbuf_say(p, "out of memory");
    out.fd = open_file(config->file, p);
    if (out.fd < 0) {
        free(out.queue);
        out.queue = NULL;
        return false;
    }
    make_conditions();
    return true;
}

void output_start(void)
{
    if (out.fd < 0)
        return;
    pthread_mutex_lock(&out.lock);
    out.running = create_thread();
    out.broken = !out.running;
    pthread_mutex_unlock(&out.lock);
    if (!out.running)
        give_up(EAGAIN);
}

/* True: the thread has written all. False: it is blocked. The caller has the lock. */
static bool wait_for_end(void)
{
    struct timespec end = after_ms(LAST_MS), stalled, now = after_ms(0);

    while (!out.ended && now.tv_sec < end.tv_sec) {
        uint64_t writes = out.writes;

        stalled = after_ms(STALLED_MS);
        while (!out.ended && out.writes == writes)
            if (pthread_cond_timedwait(&out.moved, &out.lock, &stalled) != 0)
                break;
        if (out.writes == writes)
            break;
        now = after_ms(0);
    }
    return out.ended;
}

/* A thread that its reader still blocks keeps what it writes from. */
void output_close(void)
{
    bool ended = true;

    if (out.fd < 0)
        return;
    pthread_mutex_lock(&out.lock);
    out.stopping = true;
    pthread_cond_signal(&out.work);
    if (out.running)
        ended = wait_for_end();
    out.broken = true;
    pthread_mutex_unlock(&out.lock);
    if (!ended)
        return;
    if (out.running)
        (void)pthread_join(out.thread, NULL);
    out.running = false;
    if (out.fd != STDERR_FILENO)
        (void)close(out.fd);
    out.fd = -1;
    free(out.queue);
    out.queue = NULL;
}
