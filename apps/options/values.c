#include "apps/options/values.h"

#include "transport/limit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void *member(const struct option_row *row, void *options)
{
    return (char *)options + row->member;
}

bool option_flag(const struct option_row *row, void *options, const char *value,
                 const struct errbuf *p)
{
    bool on = value == NULL || strcasecmp(value, "yes") == 0;

    if (!on && strcasecmp(value, "no") != 0)
        return errbuf_say(p, "'%s' is neither yes nor no", value);
    *(bool *)member(row, options) = on;
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

/* A number of this row from `least` on, in the unit of the member. */
static bool read_number(const struct option_row *row, const char *value, uint64_t least,
                        uint64_t *number)
{
    const uint64_t bare = row->scale == 0 ? 1 : row->scale;
    const struct number_range range = {bare, least * bare, row->most * bare};

    if (row->second > 0)
        return number_read_time(&value, &range, row->second, number) && *value == 0;
    if (row->units)
        return number_read_size(&value, &range, number) && *value == 0;
    if (!number_whole(value, least, row->most, number))
        return false;
    *number *= bare;
    return true;
}

/* Does the value stand for NACRE_UNLIMITED? If 0 does, so does 0s. */
static bool is_unlimited(const struct option_row *row, const char *value)
{
    uint64_t number = 0;

    if (row->unlimited == NULL)
        return false;
    return strcmp(value, row->unlimited) == 0 ||
           (strcmp(row->unlimited, "0") == 0 && read_number(row, value, 0, &number) && number == 0);
}

bool option_u64(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p)
{
    uint64_t number = 0;

    if (is_unlimited(row, value))
        number = NACRE_UNLIMITED;
    else if (!read_number(row, value, row->least, &number))
        return errbuf_say(
            p, "'%s' is not a number from %" PRIu64 " to %" PRIu64 "%s%s%s%s", value, row->least,
            row->most, row->units ? ", or a size such as 256k or 1.5G" : "",
            row->second > 0 ? ", or a time such as 1h30m" : "",
            row->unlimited != NULL ? ", or " : "", row->unlimited != NULL ? row->unlimited : "");
    *(uint64_t *)member(row, options) = number;
    return true;
}

bool option_u32(const struct option_row *row, void *options, const char *value,
                const struct errbuf *p)
{
    struct option_row wide = *row;
    uint64_t number = 0;

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
