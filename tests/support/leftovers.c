/* After each test: the heap blocks that it took, the descriptors that it opened and the locks that
 * it acquired are released. Nothing was written past the end of a block, and what is freed becomes
 * useless at once, so that whoever still uses it is noticed.
 *
 * The programs of LEFTOVER_TESTS (tests.mk) are linked with this file, and their calls of the
 * functions in LEFTOVER_CALLS come here. Blocks of the C library and of the crypto libraries
 * are not seen; the sanitizers see them. */
#include "tests/support/leftovers.h"

#include <errno.h>
#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SLOTS = 1 << 18,
    FDS = 1024,
    USELESS = 4096, /* bytes of a block that is freed */
};

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_mutex_trylock(pthread_mutex_t *mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __real_pthread_rwlock_rdlock(pthread_rwlock_t *rwlock);
int __real_pthread_rwlock_wrlock(pthread_rwlock_t *rwlock);
int __real_pthread_rwlock_unlock(pthread_rwlock_t *rwlock);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex);
int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *rwlock);
int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *rwlock);
int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *rwlock);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* A hash table with linear probing. Inverted addresses, so that a leak checker takes none of them
 * for a reference. */
static uintptr_t blocks[SLOTS];
static size_t sizes[SLOTS];             /* without the guard */
static const char guard[8] = "guarded"; /* after each block */
static unsigned count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t home_of(uintptr_t key)
{
    return (size_t)((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) >> 46) % SLOTS;
}

static size_t place_of(uintptr_t key)
{
    size_t i = home_of(key);

    while (blocks[i] != 0 && blocks[i] != key)
        i = (i + 1) % SLOTS;
    return i;
}

static void *note(void *block, size_t size)
{
    uintptr_t key = ~(uintptr_t)block;
    size_t i;

    if (block == NULL)
        return NULL;
    memcpy((char *)block + size, guard, sizeof guard);
    (void)__real_pthread_mutex_lock(&lock);
    i = place_of(key);
    if (blocks[i] == 0)
        count++;
    blocks[i] = key;
    sizes[i] = size;
    if (count > SLOTS / 2)
        abort();
    (void)__real_pthread_mutex_unlock(&lock);
    return block;
}

/* Returns its size. Those after it, which its slot may have displaced, move up. */
static size_t forget(const void *block)
{
    size_t gone, size = 0;

    if (block == NULL)
        return 0;
    (void)__real_pthread_mutex_lock(&lock);
    gone = place_of(~(uintptr_t)block);
    if (blocks[gone] != 0) {
        if (memcmp((const char *)block + sizes[gone], guard, sizeof guard) != 0)
            abort(); /* something was written past its end */
        size = sizes[gone];
        count--;
        for (size_t i = (gone + 1) % SLOTS; blocks[i] != 0; i = (i + 1) % SLOTS) {
            if ((i - home_of(blocks[i])) % SLOTS < (i - gone) % SLOTS)
                continue;
            blocks[gone] = blocks[i];
            sizes[gone] = sizes[i];
            gone = i;
        }
        blocks[gone] = 0;
    }
    (void)__real_pthread_mutex_unlock(&lock);
    return size;
}

/* ---- memory that runs out ---- */

static _Atomic unsigned refuse_in; /* allocations; 0: none fails */

void leftovers_refuse(unsigned n)
{
    refuse_in = n;
}

static bool refused(void)
{
    if (refuse_in == 0 || --refuse_in > 0)
        return false;
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    if (refused())
        return NULL;
    return note(__real_malloc(size + sizeof guard), size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    size_t whole;

    if (__builtin_mul_overflow(n, size, &whole) || refused())
        return NULL;
    return note(__real_calloc(1, whole + sizeof guard), whole);
}

/* Nothing reallocates to 0 bytes. */
void *__wrap_realloc(void *block, size_t size)
{
    void *moved;

    if (refused())
        return NULL;
    (void)forget(block);
    moved = __real_realloc(block, size + sizeof guard);
    if (moved == NULL)
        abort();
    return note(moved, size);
}

char *__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

static const void *secret;
static size_t secret_len;
static _Atomic unsigned secrets_freed;

void leftovers_secret(const void *bytes, size_t len)
{
    secret = bytes;
    secret_len = len;
}

void __wrap_free(void *block)
{
    size_t size = forget(block);

    if (size > 0 && secret_len > 0 && memmem(block, size, secret, secret_len) != NULL)
        secrets_freed++;
    if (size > 0) /* not all of a large one, which must not cost more to free than it should */
        memset(block, 0xa5, size < USELESS ? size : USELESS);
    __real_free(block);
}

/* ---- locks ---- */

static _Thread_local unsigned held; /* by this thread */

/* The C library lets a thread unlock what it has not locked. */
static void release_lock(void)
{
    if (held == 0)
        abort();
    held--;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    held++;
    return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    int failure = __real_pthread_mutex_trylock(mutex);

    held += failure == 0;
    return failure;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    release_lock();
    return __real_pthread_mutex_unlock(mutex);
}

int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *rwlock)
{
    held++;
    return __real_pthread_rwlock_rdlock(rwlock);
}

int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *rwlock)
{
    held++;
    return __real_pthread_rwlock_wrlock(rwlock);
}

int __wrap_pthread_rwlock_unlock(pthread_rwlock_t *rwlock)
{
    release_lock();
    return __real_pthread_rwlock_unlock(rwlock);
}

/* ---- before and after ---- */

static bool open_before[FDS];
static unsigned count_before;

static bool is_open(int fd)
{
    struct stat about;

    return fstat(fd, &about) == 0;
}

static unsigned blocks_now(void)
{
    unsigned now;

    (void)__real_pthread_mutex_lock(&lock);
    now = count;
    (void)__real_pthread_mutex_unlock(&lock);
    return now;
}

/* The first descriptor of a test is 0, which is as good as any other. In one process, though, Check
 * itself would open it. */
static void before(void)
{
    const char *forks = getenv("CK_FORK");

    if (forks == NULL || strcmp(forks, "no") != 0)
        (void)close(STDIN_FILENO);
    for (int fd = 0; fd < FDS; fd++)
        open_before[fd] = is_open(fd);
    count_before = blocks_now();
    leftovers_refuse(0);
    leftovers_secret(NULL, 0);
    secrets_freed = 0;
}

static void after(void)
{
    unsigned left;

    for (int fd = 0; fd < FDS; fd++) {
        char link[64], path[256] = "";

        if (open_before[fd] || !is_open(fd))
            continue;
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        (void)!readlink(link, path, sizeof path - 1);
        ck_abort_msg("descriptor %d is left: %s", fd, path);
    }
    leftovers_secret(NULL, 0);
    ck_assert_msg(secrets_freed == 0, "%u blocks were freed with a secret in them",
                  (unsigned)secrets_freed);
    ck_assert_msg(held == 0, "%u locks are still held", held);
    left = blocks_now();
    ck_assert_msg(left <= count_before, "%u heap blocks are left", left - count_before);
}

void suite_leftovers(TCase *tests)
{
    tcase_add_checked_fixture(tests, before, after);
}
