#include "apps/options/values.h"

#include "transport/limit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void *member(const struct option_row *row, void *options)
{
    return (char *)options + row->member;
}

bool option_flag(const struct option_row *row, void *options, const char *value,
                 const struct errbuf *p)
{
    (void)value;
    (void)p;
    *(bool *)member(row, options) = true;
    return true;
}

bool option_text(const struct option_row *row, void *options, const char *value,
                 const struct errbuf *p)
{
    *(const char **)member(row, options) = value;
    if (strlen(value) >= row->least)
        return true;
    return errbuf_say(p, "the value is empty");
}

bool option_add(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p)
{
    struct option_list *list = member(row, options);

    if (list->count == row->most)
        return errbuf_say(p, "given more than %zu times", list->count);
    list->items[list->count++] = value;
    return true;
}

bool option_u64(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p)
{
    uint64_t *number = member(row, options);
    const char *at = value;

    if (row->unlimited != NULL && strcmp(value, row->unlimited) == 0) {
        *number = NACRE_UNLIMITED;
        return true;
    }
    if ((row->units ? number_read_size : number_read)(&at, row->least, row->most, number) &&
        *at == 0) {
        *number *= row->scale == 0 ? 1 : row->scale;
        return true;
    }
    return errbuf_say(p, "'%s' is not a number from %" PRIu64 " to %" PRIu64 "%s%s%s", value,
                      row->least, row->most, row->units ? ", perhaps with K, M or G" : "",
                      row->unlimited != NULL ? ", or " : "",
                      row->unlimited != NULL ? row->unlimited : "");
}

bool option_u32(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p)
{
    struct option_row wide = *row;
    uint64_t number;

    wide.member = 0;
    if (!option_u64(&wide, &number, value, p))
        return false;
    *(uint32_t *)member(row, options) = (uint32_t)number;
    return true;
}

bool list_next(const char **list, const char **item, size_t *len)
{
    *item = *list;
    if (*list == NULL)
        return false;
    *len = strcspn(*list, ",");
    *list = (*list)[*len] == ',' ? *list + *len + 1 : NULL;
    return true;
}

bool list_has(const char *list, const char *name)
{
    const char *item;
    size_t len;

    while (list_next(&list, &item, &len))
        if (strlen(name) == len && memcmp(item, name, len) == 0)
            return true;
    return false;
}
