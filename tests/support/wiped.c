#include "tests/support/wiped.h"

#include <stdlib.h>
#include <string.h>

enum { RECORDS = 1024 };

static struct bytes records[RECORDS];
static size_t count;
static bool recording;

/* In place of the one in crypto/bytes.c, which is weak here. The sanitizers see memset, so that a
 * length that is too large does not escape them. */
void wipe(void *secret, size_t len)
{
    if (recording && count < RECORDS) {
        records[count].len = len;
        records[count].at = aligned_alloc(16, len / 16 * 16 + 16); /* unseen by leftovers.c */
        if (records[count].at != NULL)
            memcpy((void *)records[count].at, secret, len);
        count++;
    }
    if (len > 0)
        memset(secret, 0, len);
    __asm__ volatile("" : : "r"(secret) : "memory");
}

void wiped_record(void)
{
    for (size_t i = 0; i < count; i++)
        free((void *)records[i].at);
    count = 0;
    recording = true;
}

size_t wiped_times(size_t len)
{
    size_t times = 0;

    for (size_t i = 0; i < count; i++)
        times += records[i].len == len;
    return times;
}

bool wiped_exactly(struct bytes secret)
{
    for (size_t i = 0; i < count; i++)
        if (records[i].len == secret.len && memcmp(records[i].at, secret.at, secret.len) == 0)
            return true;
    return false;
}

bool wiped_ends_with(struct bytes secret)
{
    for (size_t i = 0; i < count; i++)
        if (records[i].len >= secret.len &&
            memcmp(records[i].at + records[i].len - secret.len, secret.at, secret.len) == 0)
            return true;
    return false;
}
