#include "apps/session/algorithm_list.h"

#include "apps/session/errbuf.h"
#include "transport/algorithms.h"

static enum algorithm_kind inner(enum nacre_algorithm_kind kind)
{
    static const enum algorithm_kind kinds[NACRE_ALGORITHM_KINDS] = {
        [NACRE_KEX] = ALGORITHM_KEX,
        [NACRE_HOST_KEY] = ALGORITHM_HOST_KEY,
        [NACRE_PUBLIC_KEY] = ALGORITHM_PUBLIC_KEY,
        [NACRE_CIPHER] = ALGORITHM_CIPHER,
        [NACRE_MAC] = ALGORITHM_MAC,
    };

    return kinds[kind];
}

const char *nacre_algorithm_kind_name(enum nacre_algorithm_kind kind)
{
    static const char *const names[NACRE_ALGORITHM_KINDS] = {
        [NACRE_KEX] = "key exchange",
        [NACRE_HOST_KEY] = "host key",
        [NACRE_PUBLIC_KEY] = "public key",
        [NACRE_CIPHER] = "cipher",
        [NACRE_MAC] = "MAC",
    };

    return names[kind];
}

const char *nacre_algorithm_name(enum nacre_algorithm_kind kind, size_t i, bool *off)
{
    const struct algorithm *a = algorithms_of(inner(kind));

    for (; i > 0 && a->name != NULL; i--)
        a++;
    *off = a->off;
    return a->name;
}

/* "cipher 'x' is not known; known are a b c" */
static bool explain(enum nacre_algorithm_kind kind, struct bytes unknown, const struct errbuf *p)
{
    uint8_t known[NACRE_ALGORITHM_LIST_MAX];
    struct writer w = write_to(known, sizeof known);

    for (const struct algorithm *a = algorithms_of(inner(kind)); a->name != NULL; a++) {
        write_u8(&w, ' ');
        write_bytes(&w, bytes_of(a->name));
    }
    return errbuf_say(p, "%s '%.*s' is not known; known are%.*s", nacre_algorithm_kind_name(kind),
                      (int)unknown.len, (const char *)unknown.at, (int)written(&w),
                      (const char *)known);
}

bool nacre_algorithms_apply(enum nacre_algorithm_kind kind, const char *list,
                            char out[NACRE_ALGORITHM_LIST_MAX], char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct writer w = write_to((uint8_t *)out, NACRE_ALGORITHM_LIST_MAX - 1);
    struct bytes unknown;

    if (algorithm_list_apply(inner(kind), bytes_of(list), &w, &unknown)) {
        out[written(&w)] = 0;
        return true;
    }
    if (unknown.at == NULL)
        return errbuf_say(&p, "'%s' leaves no %s algorithm", list, nacre_algorithm_kind_name(kind));
    return explain(kind, unknown, &p);
}
