/* Mutates a sequence of messages (fuzz_messages) for libFuzzer: whole messages, and fields together
 * with their lengths. Mutated byte by byte, hardly one would still be a message. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_session.h"

#include "crypto/bytes.h"

#include <stdio.h>
#include <string.h>

/* libFuzzer's own names. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max_len);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_len, const uint8_t *other,
                                 size_t other_len, uint8_t *out, size_t max_len, unsigned seed);

enum {
    ITEMS_MAX = 128,
    BODY_MAX = 16 * 1024, /* bytes of a message that is changed */
    ROOM = 256 * 1024,
    CHANGES_MAX = 4, /* at a time */
};

/* A message, or what the application does (len 0). */
struct item {
    uint16_t head; /* the uint16 before the message */
    const uint8_t *at;
    size_t len;
};

struct list {
    uint8_t options;
    size_t count;
    struct item items[ITEMS_MAX];
};

static uint8_t room[ROOM]; /* for messages that were changed */
static size_t room_used;
static uint32_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 1664525 + 1013904223;
    return below == 0 ? 0 : (state >> 8) % below;
}

static void read_list(struct list *l, const uint8_t *data, size_t len)
{
    const uint8_t *end = data + len;

    l->options = len > 0 ? *data++ : 0;
    l->count = 0;
    while (end - data >= 2 && l->count < ITEMS_MAX) {
        struct item *i = &l->items[l->count++];

        i->head = (uint16_t)(data[0] << 8 | data[1]);
        data += 2;
        i->at = data;
        i->len = i->head >= FUZZ_ACT ? 0 : i->head;
        if (i->len > (size_t)(end - data))
            i->len = (size_t)(end - data);
        data += i->len;
    }
}

static size_t write_list(const struct list *l, uint8_t *out, size_t max_len)
{
    size_t n = 0;

    if (max_len < 1)
        return 0;
    out[n++] = l->options;
    for (size_t i = 0; i < l->count; i++) {
        const struct item *item = &l->items[i];
        uint16_t head = item->head >= FUZZ_ACT ? item->head : (uint16_t)item->len;

        if (n + 2 + item->len > max_len)
            break;
        out[n++] = (uint8_t)(head >> 8);
        out[n++] = (uint8_t)head;
        if (item->len > 0)
            memcpy(out + n, item->at, item->len);
        n += item->len;
    }
    return n;
}

/* A writable copy with space for BODY_MAX bytes. NULL: the message is too long. */
static uint8_t *copy_of(struct item *item)
{
    uint8_t *copy = room + room_used;

    if (item->head >= FUZZ_ACT || item->len > BODY_MAX || room_used + BODY_MAX > sizeof room)
        return NULL;
    if (item->len > 0)
        memcpy(copy, item->at, item->len);
    item->at = copy;
    room_used += BODY_MAX;
    return copy;
}

/* ---- one message ---- */

static void change_bytes(struct item *item)
{
    uint8_t *copy = copy_of(item);

    if (copy != NULL)
        item->len = LLVMFuzzerMutate(copy, item->len, BODY_MAX);
}

/* The position of a string in the message, chosen among all that could be strings. */
static bool find_string(const struct item *item, size_t *at)
{
    size_t found = 0;

    for (size_t i = 1; i + 4 <= item->len; i++)
        if (load_u32(item->at + i) <= item->len - i - 4 && draw((uint32_t)++found) == 0)
            *at = i;
    return found > 0;
}

/* Change a string and its length. */
static void change_string(struct item *item)
{
    static uint8_t contents[BODY_MAX], rest[BODY_MAX];
    uint8_t *copy = copy_of(item);
    size_t at, len, rest_len, most;

    if (copy == NULL || !find_string(item, &at))
        return;
    len = load_u32(copy + at);
    rest_len = item->len - at - 4 - len;
    memcpy(rest, copy + at + 4 + len, rest_len);
    memcpy(contents, copy + at + 4, len);
    most = BODY_MAX - at - 4 - rest_len;
    len = draw(8) == 0 || most == 0 ? 0 : LLVMFuzzerMutate(contents, len, most);
    memcpy(copy + at + 4, contents, len);
    memcpy(copy + at + 4 + len, rest, rest_len);
    store_u32(copy + at, (uint32_t)len);
    item->len = at + 4 + len + rest_len;
}

/* Numbers at the limits of windows, channels and counts. */
static void change_number(struct item *item)
{
    static const uint32_t numbers[] = {0,     1,     2,         3,          4,          16,
                                       32768, 65535, 0x1ffff,   0x20000,    0x7fffffff, 0x80000000,
                                       17,    32767, 0xfffffff, 0xfffffffe, 0xffffffff};
    uint8_t *copy = copy_of(item);

    if (copy != NULL && item->len >= 5)
        store_u32(copy + 1 + draw((uint32_t)item->len - 4),
                  numbers[draw(sizeof numbers / sizeof numbers[0])]);
}

static void change_kind(struct item *item)
{
    static const uint8_t kinds[] = {1,  2,  3,  4,  5,  6,  7,  20,  21,  30,  31, 32, 33,
                                    34, 50, 51, 52, 53, 60, 61, 80,  81,  82,  90, 91, 92,
                                    93, 94, 95, 96, 97, 98, 99, 100, 192, 193, 255};
    uint8_t *copy = copy_of(item);

    if (copy != NULL && item->len > 0)
        copy[0] = kinds[draw(sizeof kinds)];
}

/* ---- the run ---- */

static void take_out(struct list *l, size_t at)
{
    memmove(&l->items[at], &l->items[at + 1], (l->count - at - 1) * sizeof l->items[0]);
    l->count--;
}

static void put_in(struct list *l, struct item item)
{
    size_t at = draw((uint32_t)l->count + 1);

    if (l->count == ITEMS_MAX)
        return;
    memmove(&l->items[at + 1], &l->items[at], (l->count - at) * sizeof l->items[0]);
    l->items[at] = item;
    l->count++;
}

static struct item act(void)
{
    return (struct item){
        .head = (uint16_t)(FUZZ_ACT | (draw(16) == 0 ? 0x7ffe + draw(2) : draw(0x400)))};
}

static void change(struct list *l)
{
    uint32_t at = draw((uint32_t)l->count), other = draw((uint32_t)l->count);
    struct item item;

    if (l->count == 0) {
        put_in(l, act());
        return;
    }
    item = l->items[at];
    switch (draw(16)) {
    case 0:
        take_out(l, at);
        return;
    case 1:
    case 2:
        put_in(l, item);
        return;
    case 3:
        l->items[at] = l->items[other];
        l->items[other] = item;
        return;
    case 4:
    case 5:
        put_in(l, act());
        return;
    case 6:
        l->options ^= (uint8_t)(1 << draw(8));
        return;
    case 7:
        change_kind(&l->items[at]);
        return;
    case 8:
    case 9:
        change_number(&l->items[at]);
        return;
    case 10:
    case 11:
        change_bytes(&l->items[at]);
        return;
    default:
        change_string(&l->items[at]);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max_len, unsigned seed)
{
    static uint8_t out[ROOM];
    struct list l;
    size_t n;

    state = seed;
    room_used = 0;
    if (draw(32) == 0)
        return LLVMFuzzerMutate(data, len, max_len);
    read_list(&l, data, len);
    for (uint32_t changes = 1 + draw(CHANGES_MAX); changes > 0; changes--)
        change(&l);
    n = write_list(&l, out, max_len < sizeof out ? max_len : sizeof out);
    memcpy(data, out, n);
    return n;
}

/* Insert some messages of another sequence. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_len, const uint8_t *other,
                                 size_t other_len, uint8_t *out, size_t max_len, unsigned seed)
{
    struct list l, from;

    state = seed;
    read_list(&l, one, one_len);
    read_list(&from, other, other_len);
    for (uint32_t n = 1 + draw(4); n > 0 && from.count > 0; n--)
        put_in(&l, from.items[draw((uint32_t)from.count)]);
    return write_list(&l, out, max_len);
}
