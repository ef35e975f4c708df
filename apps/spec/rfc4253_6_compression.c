/* RFC 4253 section 6.2, PROTOCOL section 1.2: compression. */
#include "apps/spec/compression.h"
#include "apps/spec/program.h"
#include "apps/spec/tables.h"

enum { SOME = 100000, GARBAGE = 64 };

static const char delayed[] = "zlib@openssh.com";

/* Offer compression alone, both ways. */
static void offer(struct peer *p, const char *name)
{
    reach(p, AT_KEXINIT);
    only(p, LIST_COMPRESSION_TO_SERVER, name);
    only(p, LIST_COMPRESSION_TO_CLIENT, name);
}

/* ... the kind that the peer has. */
static void offer_any(struct peer *p)
{
    const char *theirs = p->setting->facts.theirs.list[LIST_COMPRESSION_TO_SERVER];

    need(p, list_contains(theirs, "zlib") || list_contains(theirs, delayed), "no compression");
    offer(p, list_contains(theirs, "zlib") ? "zlib" : delayed);
}

static void zlib_delayed(struct peer *p)
{
    need_name(p, LIST_COMPRESSION_TO_SERVER, delayed);
    offer(p, delayed);
    reach(p, AT_LOGIN);
    go_on(p);
}

/* Text, which it compresses, and bytes that it cannot compress. Each of its packets is decompressed
 * when it comes. */
static void send_and_compare(struct peer *p, struct spec_channel *ch)
{
    struct bytes bytes = message(p, "rr", filled(p, 'x', SOME / 2), sample(p, SOME / 2));
    size_t before = ch->received.len;

    p->conforming = true;
    (void)send_all(p, ch, bytes);
    (void)wait_received(p, ch, before + bytes.len);
    p->conforming = false;
    if (!bytes_equal(bytes_from(ch->received, before), bytes))
        observe(p, "%zu of %zu bytes, or others", ch->received.len - before, bytes.len);
}

static void zlib_flush(struct peer *p)
{
    struct spec_channel *ch;

    offer_any(p);
    ch = open_cat(p, (struct opening){0});
    send_and_compare(p, ch);
    go_on(p);
}

static void zlib_rekey(struct peer *p)
{
    struct spec_channel *ch;

    offer_any(p);
    ch = open_cat(p, (struct opening){0});
    for (int i = 0; i < 3 && !over(p); i++) {
        send_and_compare(p, ch);
        rekey(p);
    }
    go_on(p);
}

/* A block of a type that does not exist. */
static void zlib_garbage(struct peer *p)
{
    offer_any(p);
    reach(p, AT_LOGIN);
    p->deflating = false;
    send_payload(p, filled(p, 0xff, GARBAGE));
    go_on(p);
}

static void zlib_bomb(struct peer *p)
{
    struct bytes bomb;

    offer_any(p);
    reach(p, AT_LOGIN);
    bomb = compression_bomb(p);
    p->deflating = false;
    send_payload(p, bomb);
    p->deflating = true;
    go_on(p);
}

/* clang-format off */
const struct spec_case spec_compression[] = {
    {"ossh/1.2/zlib-delayed", BOTH, MUST, "PROTOCOL 1.2", "ossh/1.2/1 ossh/1.2/2",
     "zlib@openssh.com takes effect right after SUCCESS", "go-on",
     .run = zlib_delayed},
    {"4253/6.2/zlib-garbage", BOTH, PRACTICE, "RFC 4253 6.2", "4253/6.2/4",
     "bytes that are not valid compressed data", "close",
     .run = zlib_garbage},
    {"4253/6.2/zlib-bomb", BOTH, PRACTICE, "RFC 4253 6.2", "4253/6.2/5",
     "32 KiB that decompress to 32 MiB", "close",
     .run = zlib_bomb},
    {"4253/6.2/zlib-rekey", BOTH, MUST, "RFC 4253 6.2", "4253/6.2/2",
     "the compression state is reset by a rekey", "go-on",
     .run = zlib_rekey},
    {"4253/6.2/zlib-flush", BOTH, MUST, "RFC 4253 6.2", "4253/6.2/3",
     "each compressed packet can be decompressed as soon as it arrives", "go-on",
     .run = zlib_flush},
    {0},
};
/* clang-format on */
