/* The data types of RFC 4251 section 5, read in an order that the input chooses. What was read is
 * written again, and must be the same. */
#include "tests/fuzz/fuzz.h"

#include "transport/wire.h"

#include <string.h>

enum { KINDS_MAX = 64 };

static void copy_u8(struct reader *r, struct writer *w)
{
    write_u8(w, read_u8(r));
}

static void copy_u32(struct reader *r, struct writer *w)
{
    write_u32(w, read_u32(r));
}

static void copy_u64(struct reader *r, struct writer *w)
{
    write_u64(w, read_u64(r));
}

static void copy_string(struct reader *r, struct writer *w)
{
    write_string(w, read_string(r));
}

static void copy_mpint(struct reader *r, struct writer *w)
{
    write_mpint(w, read_mpint(r));
}

static void copy_names(struct reader *r, struct writer *w)
{
    struct bytes list = read_name_list(r), rest = list, name;
    const uint8_t *last = list.at;

    while (next_name(&rest, &name)) {
        require(name.len > 0 && is_name(name) && memchr(name.at, ',', name.len) == NULL);
        for (; last < name.at; last++)
            require(*last == ','); /* nothing else is left out */
        last = name.at + name.len;
    }
    write_string(w, list);
}

static void copy_bytes(struct reader *r, struct writer *w)
{
    write_bytes(w, read_bytes(r, 3));
}

typedef void copier(struct reader *r, struct writer *w);
static copier *const copiers[] = {copy_u8,    copy_u32,   copy_u64,  copy_string,
                                  copy_mpint, copy_names, copy_bytes};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t kinds = len == 0 ? 0 : data[0] % KINDS_MAX;
    struct reader r;
    struct writer w;
    const uint8_t *message;
    uint8_t *out;

    if (len < 1 + kinds)
        return 0;
    message = data + 1 + kinds;
    r = read_from((struct bytes){message, len - 1 - kinds});
    out = malloc(len + 16);
    require(out != NULL);
    w = write_to(out, len + 16);
    for (size_t i = 0; i < kinds && !r.bad; i++)
        copiers[data[1 + i] % (sizeof copiers / sizeof copiers[0])](&r, &w);
    require(r.at <= r.end);
    if (!r.bad) {
        require(!w.bad && written(&w) == (size_t)(r.at - message));
        require(written(&w) == 0 || memcmp(out, message, written(&w)) == 0);
    }
    free(out);
    return 0;
}
