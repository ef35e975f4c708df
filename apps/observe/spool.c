#include "apps/observe/spool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITE_MAX = 64 * 1024 /* bytes of one write: adding waits for none */ };

struct spool {
    struct spool_config config;
    pthread_mutex_t lock;
    pthread_cond_t work; /* there are bytes, or it is time to stop */
    pthread_t thread;
    bool started, waiting, stopping, failed;
    size_t first, len; /* bytes of the ring that are in use */
    size_t touched;    /* bytes at its start that have ever been */
    uint8_t *ring;
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct spool *spool_new(const struct spool_config *config)
{
    struct spool *spool = calloc(1, sizeof *spool);

    if (spool != NULL)
        spool->ring = malloc(config->capacity);
    if (spool == NULL || spool->ring == NULL) {
        (void)close(config->fd);
        free(spool);
        return NULL;
    }
    spool->config = *config;
    (void)pthread_mutex_init(&spool->lock, NULL);
    (void)pthread_cond_init(&spool->work, NULL);
    return spool;
}

/* ---- the ring; the caller has the lock ---- */

static void append(struct spool *spool, struct bytes part)
{
    size_t capacity = spool->config.capacity;
    size_t at = (spool->first + spool->len) % capacity;
    size_t straight = least(part.len, capacity - at);

    memcpy(spool->ring + at, part.at, straight);
    memcpy(spool->ring, part.at + straight, part.len - straight);
    spool->len += part.len;
    if (spool->touched < at + straight)
        spool->touched = at + straight;
}

/* The next bytes to write; they stay in the ring until they are removed. */
static struct bytes next_bytes(const struct spool *spool)
{
    size_t straight = least(spool->len, spool->config.capacity - spool->first);

    return (struct bytes){spool->ring + spool->first, least(straight, WRITE_MAX)};
}

/* An empty ring begins at its start again, so that a fast disk touches few pages. */
static void remove_front(struct spool *spool, size_t n)
{
    spool->len -= n;
    spool->first = spool->len == 0 ? 0 : (spool->first + n) % spool->config.capacity;
}

/* ---- writing ---- */

/* Returns 0 or errno; *n bytes were written. */
static int write_some(int fd, struct bytes bytes, size_t *n)
{
    ssize_t result;

    do
        result = write(fd, bytes.at, bytes.len);
    while (result < 0 && errno == EINTR);
    *n = result > 0 ? (size_t)result : 0;
    if (result > 0)
        return 0;
    return result < 0 ? errno : ENOSPC;
}

/* Write the next bytes, without the lock while it takes time. The caller has the lock. */
static void write_next(struct spool *spool)
{
    struct bytes bytes = next_bytes(spool);
    size_t n;
    int failure;

    pthread_mutex_unlock(&spool->lock);
    failure = write_some(spool->config.fd, bytes, &n);
    if (failure != 0)
        spool->config.failed(spool->config.context, failure);
    pthread_mutex_lock(&spool->lock);
    remove_front(spool, failure != 0 ? spool->len : n);
    spool->failed = spool->failed || failure != 0;
}

static void *run(void *argument)
{
    struct spool *spool = argument;

    pthread_mutex_lock(&spool->lock);
    while (!spool->stopping || spool->len > 0) {
        if (spool->len > 0) {
            write_next(spool);
            continue;
        }
        spool->waiting = true;
        pthread_cond_wait(&spool->work, &spool->lock);
        spool->waiting = false;
    }
    pthread_mutex_unlock(&spool->lock);
    return NULL;
}

/* No handler runs on that thread, except that of SIGSYS: the sandbox raises it. */
bool spool_start(struct spool *spool)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)sigdelset(&all, SIGSYS);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    spool->started = pthread_create(&spool->thread, NULL, run, spool) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return spool->started;
}

bool spool_add(struct spool *spool, const struct bytes *parts, size_t count)
{
    size_t len = 0;
    bool fits;

    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    pthread_mutex_lock(&spool->lock);
    fits = !spool->failed && len <= spool->config.capacity - spool->len;
    for (size_t i = 0; fits && i < count; i++)
        if (parts[i].len > 0)
            append(spool, parts[i]);
    if (fits && spool->waiting)
        pthread_cond_signal(&spool->work);
    pthread_mutex_unlock(&spool->lock);
    return fits;
}

void spool_free(struct spool *spool)
{
    if (spool == NULL)
        return;
    pthread_mutex_lock(&spool->lock);
    spool->stopping = true;
    pthread_cond_signal(&spool->work);
    while (!spool->started && spool->len > 0)
        write_next(spool);
    pthread_mutex_unlock(&spool->lock);
    if (spool->started)
        (void)pthread_join(spool->thread, NULL);
    (void)close(spool->config.fd);
    (void)pthread_cond_destroy(&spool->work);
    (void)pthread_mutex_destroy(&spool->lock);
    explicit_bzero(spool->ring, spool->touched);
    free(spool->ring);
    free(spool);
}
