#include "apps/runtime/locked_memory.h"

#include "apps/runtime/short_lock.h"
#include "crypto/bytes.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* One range of addresses, of which a growing part is locked. It is divided into runs of pages, and
 * each run into pieces of one size. A piece that is released goes to the list of its size, so the
 * range never shrinks. */
enum {
    PAGE = 4096,           /* bytes; a multiple of it does no harm */
    PAGES = 64 * 1024 / 4, /* 64 MiB: enough for 20,000 sessions */
    RUN = 4,               /* pages; more for a single piece that is longer */
    FINE = 8,              /* sizes 16, 32 ... 128, then four sizes per doubling */
    SIZES = FINE + 4 * 9,  /* up to: */
    LONGEST = 64 * 1024,   /* bytes */
};

struct piece {
    struct piece *next;
};

static struct {
    pthread_mutex_t lock; /* for everything below */
    uint8_t *base;        /* NULL: not started */
    size_t room, used;    /* pages that may be locked, and that are */
    struct piece *free[SIZES];
    uint8_t size_of[PAGES]; /* the size of the pieces of each page, as an index */
    void (*used_up)(const char *sentence);
} heap = {.lock = SHORT_LOCK};

/* The pieces that a thread released last, which it can reuse without the lock. */
static _Thread_local struct {
    struct piece *free[SIZES];
    uint16_t count[SIZES];
} mine;

enum { MINE = 16 * 1024 /* bytes of each size that a thread keeps, plus one piece */ };

static struct piece *take_mine(unsigned size)
{
    struct piece *piece = mine.free[size];

    if (piece == NULL)
        return NULL;
    mine.free[size] = piece->next;
    mine.count[size]--;
    return piece;
}

static unsigned size_for(size_t bytes)
{
    unsigned log, quarter;

    if (bytes <= 16 * FINE)
        return bytes == 0 ? 0 : (unsigned)((bytes - 1) / 16);
    log = 63 - (unsigned)__builtin_clzl(bytes - 1);
    quarter = (unsigned)((bytes - 1) >> (log - 2)) & 3;
    return FINE + (log - 7) * 4 + quarter;
}

static size_t size_bytes(unsigned size)
{
    unsigned log = 7 + (size - FINE) / 4, quarter = (size - FINE) % 4;

    return size < FINE ? 16 * (size + 1)
                       : ((size_t)1 << log) + ((size_t)(quarter + 1) << (log - 2));
}

/* Lock more pages, and divide them into pieces. False: there are no more. */
static bool grow(unsigned size)
{
    size_t bytes = size_bytes(size);
    size_t pages = bytes > RUN * PAGE / 4 ? (bytes + PAGE - 1) / PAGE : RUN;
    uint8_t *run = heap.base + heap.used * PAGE;

    if (pages > heap.room - heap.used)
        return false;
    if (mlock(run, pages * PAGE) != 0) {
        heap.room = heap.used;
        return false;
    }
    memset(heap.size_of + heap.used, (int)size, pages);
    heap.used += pages;
    for (size_t at = 0; at + bytes <= pages * PAGE; at += bytes) {
        struct piece *piece = (struct piece *)(void *)(run + at);

        piece->next = heap.free[size];
        heap.free[size] = piece;
    }
    return true;
}

/* The function to call because memory is used up: only the first time, otherwise NULL. */
static void (*take_used_up(void))(const char *sentence)
{
    void (*used_up)(const char *sentence) = heap.used_up;

    heap.used_up = NULL;
    return used_up;
}

static void *allocate(void *context, size_t bytes)
{
    void (*used_up)(const char *sentence) = NULL;
    struct piece *piece;

    (void)context;
    if (heap.base == NULL || bytes > LONGEST)
        return malloc(bytes);
    piece = take_mine(size_for(bytes));
    if (piece != NULL)
        return piece;
    pthread_mutex_lock(&heap.lock);
    if (heap.free[size_for(bytes)] != NULL || grow(size_for(bytes))) {
        piece = heap.free[size_for(bytes)];
        heap.free[size_for(bytes)] = piece->next;
    } else {
        used_up = take_used_up();
    }
    pthread_mutex_unlock(&heap.lock);
    if (used_up != NULL)
        used_up("locked memory is used up (ulimit -l): keys of further sessions may be written to "
                "a swap device");
    return piece != NULL ? piece : malloc(bytes);
}

static bool is_ours(const void *block)
{
    const uint8_t *at = block;

    return heap.base != NULL && at >= heap.base && at < heap.base + (size_t)PAGES * PAGE;
}

static unsigned size_at(const void *block)
{
    return heap.size_of[(size_t)((const uint8_t *)block - heap.base) / PAGE];
}

static void push(struct piece **list, void *block)
{
    struct piece *piece = block;

    piece->next = *list;
    *list = piece;
}

static void release(void *context, void *block, size_t bytes)
{
    unsigned size;

    (void)context;
    (void)bytes;
    if (!is_ours(block)) {
        free(block);
        return;
    }
    size = size_at(block);
    if (mine.count[size] * size_bytes(size) < MINE) {
        push(&mine.free[size], block);
        mine.count[size]++;
        return;
    }
    pthread_mutex_lock(&heap.lock);
    push(&heap.free[size], block);
    pthread_mutex_unlock(&heap.lock);
}

/* ---- for libcrypto ---- */

static void *crypto_allocate(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return allocate(NULL, bytes);
}

static void crypto_release(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    release(NULL, block, 0);
}

/* The old block is wiped: libcrypto wipes only what it knows to be secret, and only when it frees
 * it.
 */
static void *crypto_resize(void *block, size_t bytes, const char *file, int line)
{
    size_t had;
    void *moved;

    (void)file;
    (void)line;
    if (block != NULL && !is_ours(block))
        return realloc(block, bytes);
    had = block != NULL ? size_bytes(size_at(block)) : 0;
    if (block != NULL && bytes > 0 && bytes <= had)
        return block;
    moved = bytes > 0 ? allocate(NULL, bytes) : NULL;
    if (block != NULL && (moved != NULL || bytes == 0)) {
        if (moved != NULL)
            memcpy(moved, block, had);
        wipe(block, had);
        release(NULL, block, 0);
    }
    return moved;
}

const struct nacre_memory *nacre_locked_memory(void)
{
    static const struct nacre_memory memory = {allocate, release, NULL};

    return &memory;
}

bool nacre_locked_memory_start(void (*used_up)(const char *sentence))
{
    const size_t range = (size_t)PAGES * PAGE;
    void *base = mmap(NULL, range, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    int failure;

    if (base == MAP_FAILED)
        return false;
    (void)madvise(base, range, MADV_DONTDUMP);
    errno = EBUSY;
    if (heap.base == NULL && mlock(base, RUN * PAGE) == 0 &&
        crypto_use_memory(crypto_allocate, crypto_resize, crypto_release)) {
        heap.base = base;
        heap.room = PAGES;
        heap.used_up = used_up;
        return true;
    }
    failure = errno;
    (void)munmap(base, range);
    errno = failure;
    return false;
}

size_t nacre_locked_memory_size(void)
{
    size_t used;

    pthread_mutex_lock(&heap.lock);
    used = heap.used;
    pthread_mutex_unlock(&heap.lock);
    return used * PAGE;
}
