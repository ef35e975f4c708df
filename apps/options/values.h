/* The usual values of options, and what they are made of: numbers (apps/session/number.h) and
 * comma-separated lists. */
#ifndef NACRE_APPS_OPTIONS_VALUES_H
#define NACRE_APPS_OPTIONS_VALUES_H

#include "apps/options/options.h"
#include "apps/session/number.h"

enum { OPTION_LIST_MAX = 32 };

/* The values of an option that may be repeated. */
struct option_list {
    const char *items[OPTION_LIST_MAX + 1]; /* NULL-terminated */
    size_t count;
};

/* Functions for option_row.take. Each sets a member of one type; the macros below name the function
 * and the member. */
bool option_flag(const struct option_row *row, void *options, const char *value,
                 const struct errbuf *p);
bool option_text(const struct option_row *row, void *options, const char *value,
                 const struct errbuf *p); /* of row->least bytes or more; borrowed */
bool option_add(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p); /* up to row->most of them */
bool option_u32(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p);
bool option_u64(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p);

/* The offset of a member, which must be of that type. */
#define OPTION_MEMBER(type, options, m)                                                            \
    (offsetof(options, m) + 0 * sizeof(1 ? (type *)0 : &((options *)0)->m))

/* The take function and the member of a row whose group fills a struct of type `options`. */
#define OPTION_FLAG(options, m) .take = option_flag, .member = OPTION_MEMBER(bool, options, m)
#define OPTION_TEXT(options, m)                                                                    \
    .take = option_text, .member = OPTION_MEMBER(const char *, options, m)
#define OPTION_ADD(options, m)                                                                     \
    .take = option_add, .member = OPTION_MEMBER(struct option_list, options, m)
#define OPTION_U32(options, m) .take = option_u32, .member = OPTION_MEMBER(uint32_t, options, m)
#define OPTION_U64(options, m) .take = option_u64, .member = OPTION_MEMBER(uint64_t, options, m)

/* The next item of a comma-separated list, which may be empty: `len` bytes, not NUL-terminated.
 * *list starts as the whole text and ends as NULL; false: there is no further item. */
bool list_next(const char **list, const char **item, size_t *len);

/* Is the name an item of the list? No if the list is NULL. */
bool list_has(const char *list, const char *name);

#endif
