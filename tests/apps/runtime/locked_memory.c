/* Memory for keys: it is locked, blocks do not overlap, and malloc serves when it is used up. */
#include "apps/files/key_file.h"
#include "apps/runtime/locked_memory.h"
#include "apps/session/session.h"
#include "crypto/ecdsa.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "tests/support/wiped.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static unsigned reported;

static void report(const char *sentence)
{
    assert_says(sentence, "used up");
    reported++;
}

static size_t locked_by_kernel(void)
{
    char *status = scratch_read("/proc/self/status");
    char *line = strstr(status, "VmLck:");
    size_t kilobytes = 0;

    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(sscanf(line, "VmLck: %zu", &kilobytes), 1);
    free(status);
    return kilobytes * 1024;
}

/* May 1 MiB be locked here? Otherwise libcrypto alone uses up what may. */
static bool may_lock(void)
{
    const size_t size = 1 << 20;
    void *probe = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool may = mlock(probe, size) == 0;

    (void)munmap(probe, size);
    if (!may)
        (void)fprintf(stderr, "skipped: too little memory may be locked (ulimit -l)\n");
    return may;
}

static void *take(size_t size)
{
    return nacre_locked_memory()->allocate(NULL, size);
}

static void give(void *block, size_t size)
{
    nacre_locked_memory()->release(NULL, block, size);
}

/* Pseudo-random numbers, the same every time. */
static uint32_t random_below(uint32_t below)
{
    static uint32_t state = 1;

    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

START_TEST(blocks_of_every_size_do_not_overlap)
{
    enum { COUNT = 3000 };
    static unsigned char *blocks[COUNT];
    static size_t sizes[COUNT];

    ck_assert(nacre_locked_memory_start(report));
    ck_assert(!nacre_locked_memory_start(report)); /* only once */
    for (unsigned round = 0; round < 4; round++) {
        for (size_t i = 0; i < COUNT; i++)
            if (blocks[i] == NULL) {
                sizes[i] = i < 600 ? i : random_below(1u << random_below(18));
                blocks[i] = take(sizes[i]);
                ck_assert_ptr_nonnull(blocks[i]);
                ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
                memset(blocks[i], (int)(i % 251), sizes[i]);
            }
        for (size_t i = 0; i < COUNT; i++) {
            size_t right = 0;

            while (right < sizes[i] && blocks[i][right] == i % 251)
                right++;
            ck_assert_uint_eq(right, sizes[i]);
            if (round == 3 || i % 3 == round) {
                give(blocks[i], sizes[i]);
                blocks[i] = NULL;
            }
        }
    }
    ck_assert_uint_ge(locked_by_kernel(), nacre_locked_memory_size());
    ck_assert(reported == 1 || nacre_locked_memory_size() > 1 << 20); /* ulimit -l may be small */
}
END_TEST

/* A block takes at most a quarter more than its size, so that as many sessions fit as planned. */
START_TEST(blocks_waste_little)
{
    enum { TOTAL = 256 * 1024 };
    static const size_t sizes[] = {16,  17,  32,   64,   112,  128,  129,   160,   161,
                                   224, 256, 1024, 1280, 4096, 8192, 10240, 16384, 65536};

    if (!may_lock())
        return;
    ck_assert(nacre_locked_memory_start(report));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i], fits = size <= 128 ? (size + 15) / 16 * 16 : size + size / 4;
        size_t before = nacre_locked_memory_size();

        for (size_t n = 0; n < TOTAL / size; n++)
            ck_assert_ptr_nonnull(take(size)); /* until the test's process ends */
        ck_assert_msg(nacre_locked_memory_size() - before <=
                          TOTAL / size * fits + TOTAL / 16 + 4 * 4096,
                      "blocks of %zu bytes take %zu", size, nacre_locked_memory_size() - before);
    }
}
END_TEST

START_TEST(a_released_block_is_reused)
{
    size_t size;

    ck_assert(nacre_locked_memory_start(report));
    give(take(5000), 5000);
    size = nacre_locked_memory_size();
    for (unsigned i = 0; i < 10000; i++)
        give(take(5000), 5000);
    ck_assert_uint_eq(nacre_locked_memory_size(), size);
}
END_TEST

START_TEST(using_it_up_is_reported_once_and_is_no_failure)
{
    const struct rlimit little = {256 * 1024, 256 * 1024};
    static void *blocks[200];
    uid_t uid = geteuid();

    if (!may_lock())
        return;
    ck_assert(nacre_locked_memory_start(report));
    ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &little), 0);
    if (uid == 0) /* the limit does not apply to root */
        ck_assert_int_eq(seteuid(65534), 0);
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = take(4096);
        ck_assert_ptr_nonnull(blocks[i]);
        memset(blocks[i], 1, 4096);
    }
    ck_assert_uint_eq(reported, 1);
    ck_assert_uint_le(nacre_locked_memory_size(), little.rlim_cur);
    ck_assert_uint_gt(nacre_locked_memory_size(), little.rlim_cur / 2);
    for (size_t i = 0; i < 200; i++)
        give(blocks[i], 4096);
    ck_assert_int_eq(seteuid(uid), 0);
}
END_TEST

/* Is it locked, and left out of core files, according to the kernel? */
static bool is_locked(const void *block)
{
    unsigned long from, to;
    char line[512];
    bool locked = false, inside = false;
    FILE *maps = fopen("/proc/self/smaps", "re");

    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)block >= from && (uintptr_t)block < to;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            locked = strstr(line, " lo") != NULL && strstr(line, " dd") != NULL;
    }
    (void)fclose(maps);
    return locked;
}

START_TEST(private_keys_and_libcryptos_memory_are_locked)
{
    char errbuf[256] = "";
    struct nacre_key *key;
    void *block, *old;

    if (!may_lock())
        return;
    ck_assert(nacre_locked_memory_start(report));
    key = nacre_key_make(scratch_path("key"), errbuf, sizeof errbuf);
    ck_assert_msg(key != NULL, "%s", errbuf);
    ck_assert(is_locked(key));
    nacre_key_free(key);
    block = OPENSSL_malloc(100);
    ck_assert(is_locked(block));
    block = OPENSSL_realloc(block, 100000);
    ck_assert(!is_locked(block)); /* too long to be locked */
    OPENSSL_free(block);
    block = OPENSSL_realloc(NULL, 10);
    memset(block, 7, 10);
    old = block;
    wiped_record();
    block = OPENSSL_realloc(block, 1000);
    ck_assert(is_locked(block));
    assert_wiped(16, 1); /* the old block, as long as blocks for 10 bytes are */
    ck_assert_ptr_eq(OPENSSL_malloc(10), old);
    OPENSSL_free(old);
    ck_assert_mem_eq(block, "\7\7\7\7\7\7\7\7\7\7", 10);
    OPENSSL_free(block);
}
END_TEST

START_TEST(before_the_start_it_is_malloc)
{
    void *block = take(100);

    ck_assert(!is_locked(block));
    ck_assert(nacre_locked_memory_start(NULL));
    give(block, 100);
    ck_assert_uint_ge(locked_by_kernel(), 4096);
}
END_TEST

START_TEST(sessions_are_locked)
{
    const struct nacre_endpoint_config config = {.version = NACRE_VERSION_NUMBER,
                                                 .role = NACRE_CLIENT,
                                                 .user = "alice",
                                                 .secrets = nacre_locked_memory()};
    struct nacre_endpoint *endpoint;
    struct nacre_session *session;

    if (!may_lock())
        return;
    ck_assert(nacre_locked_memory_start(NULL));
    endpoint = nacre_endpoint_new(&config, NULL, 0);
    ck_assert_ptr_nonnull(endpoint);
    session = nacre_session_new(endpoint, NULL, 0);
    ck_assert(is_locked(session));
    nacre_session_free(session);
    nacre_endpoint_free(endpoint);
}
END_TEST

START_TEST(it_cannot_start_once_libcrypto_is_in_use)
{
    OPENSSL_free(OPENSSL_malloc(1));
    ck_assert(!nacre_locked_memory_start(NULL));
    ck_assert_uint_eq(nacre_locked_memory_size(), 0);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_without_crypto(suite);
    add_test(suite, blocks_of_every_size_do_not_overlap);
    add_test(suite, blocks_waste_little);
    add_test(suite, a_released_block_is_reused);
    add_test(suite, using_it_up_is_reported_once_and_is_no_failure);
    add_test(suite, private_keys_and_libcryptos_memory_are_locked);
    add_test(suite, before_the_start_it_is_malloc);
    add_test(suite, sessions_are_locked);
    add_test(suite, it_cannot_start_once_libcrypto_is_in_use);
}
