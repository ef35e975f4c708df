/* A file that a thread of its own writes: those who add to it never wait for the disk. What waits
 * to be written is bounded. */
#ifndef NACRE_APPS_OBSERVE_SPOOL_H
#define NACRE_APPS_OBSERVE_SPOOL_H

#include "crypto/bytes.h"

struct spool;

struct spool_config {
    int fd;          /* the spool closes it */
    size_t capacity; /* bytes that may wait */
    /* Writing failed with this errno, called once, on the spool's thread or in spool_start or
     * spool_free: what follows is dropped. */
    void (*failed)(void *context, int failure);
    void *context;
};

/* NULL: out of memory; fd is closed then, too. */
struct spool *spool_new(const struct spool_config *config);

/* Start the thread; what was added before waits. False: there is no thread, and spool_free writes
 * what has fitted. */
bool spool_start(struct spool *spool);

/* Add the parts as one record, of which nothing is missing in the file. False: it was dropped,
 * because it does not fit now, or writing has failed. From any thread. */
bool spool_add(struct spool *spool, const struct bytes *parts, size_t count);

/* Write what waits, end the thread, close the file. NULL is allowed. */
void spool_free(struct spool *spool);

#endif
