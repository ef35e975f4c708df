#include "apps/options/config_parts.h"

#include <string.h>
#include <strings.h>

/* The n-th entry of the row that counts; NULL: there is none. */
static const struct config_entry *nth(const struct config *config, const struct option_row *row,
                                      size_t n)
{
    for (size_t i = 0; i < config->count && (n == 0 || row->repeatable); i++)
        if (config->entries[i].row == row && n-- == 0)
            return &config->entries[i];
    return NULL;
}

static const char *value_of(const struct option_row *row, const struct config_entry *entry)
{
    if (entry != NULL)
        return entry->value;
    return row->argument == NULL ? "no" : row->default_value;
}

static bool same_words(const char *const *one, const char *const *other)
{
    while (*one != NULL && *other != NULL && strcmp(*one, *other) == 0) {
        one++;
        other++;
    }
    return *one == NULL && *other == NULL;
}

static bool same_value(const struct option_row *row, const struct config_entry *one,
                       const struct config_entry *other)
{
    const char *a = value_of(row, one), *b = value_of(row, other);

    if (a == NULL || b == NULL)
        return a == b;
    if (one != NULL && other != NULL && one->words != NULL)
        return same_words(one->words, other->words);
    return row->argument == NULL ? strcasecmp(a, b) == 0 : strcmp(a, b) == 0;
}

void config_compare(struct config *config, const struct config *before,
                    const struct option_row *row)
{
    const struct config_entry *now, *then;
    char keyword[CONFIG_KEYWORD_MAX];
    size_t n = 0;

    do {
        now = nth(config, row, n);
        then = nth(before, row, n++);
        if (!same_value(row, now, then)) {
            config_problem(config, now != NULL ? &now->at : NULL,
                           "%s cannot change while the program runs: restart it",
                           config_keyword(row, keyword));
            return;
        }
    } while (now != NULL || then != NULL);
}
