#include "apps/options/config_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *config_keyword(const struct option_row *row, char out[CONFIG_KEYWORD_MAX])
{
    size_t n = 0;
    bool begins = true;

    if (row->keyword != NULL || row->answer != NULL) {
        (void)snprintf(out, CONFIG_KEYWORD_MAX, "%s", row->keyword != NULL ? row->keyword : "");
        return out;
    }
    for (const char *c = row->name; *c != 0 && n + 1 < CONFIG_KEYWORD_MAX; c++) {
        if (*c != '-')
            out[n++] = begins ? (char)toupper((unsigned char)*c) : *c;
        begins = *c == '-';
    }
    out[n] = 0;
    return out;
}

static bool has_keyword(const struct option_row *row)
{
    return row->answer == NULL && (row->keyword == NULL || row->keyword[0] != 0);
}

const struct option_row *config_next_row(const struct command_line *line, size_t i)
{
    for (const struct option_use *use = line->uses; use->group != NULL; use++)
        for (const struct option_row *row = use->group->rows; row->name != NULL; row++)
            if (has_keyword(row) && i-- == 0)
                return row;
    return i == 0 ? line->command : NULL;
}

const struct option_row *config_row(const struct command_line *line, const char *word)
{
    char keyword[CONFIG_KEYWORD_MAX];
    const struct option_row *row;

    for (size_t i = 0; (row = config_next_row(line, i)) != NULL; i++)
        if (strcasecmp(config_keyword(row, keyword), word) == 0)
            return row;
    return NULL;
}

/* The least number of letters to add, remove and replace to make one word of the other. Of `a`,
 * only as much counts as a keyword may have. */
static size_t distance(const char *a, const char *b)
{
    size_t row[CONFIG_KEYWORD_MAX], len = strlen(b);

    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 0; i < CONFIG_KEYWORD_MAX && a[i] != 0; i++) {
        size_t before = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
            size_t least = before + !same;

            before = row[j + 1];
            least = row[j] + 1 < least ? row[j] + 1 : least;
            row[j + 1] = before + 1 < least ? before + 1 : least;
        }
    }
    return row[len];
}

void config_unknown(struct config *config, const char *word, const struct config_place *at)
{
    char keyword[CONFIG_KEYWORD_MAX], nearest[CONFIG_KEYWORD_MAX] = "Include";
    size_t least = distance(word, nearest);
    const struct option_row *row;

    for (size_t i = 0; (row = config_next_row(config->line, i)) != NULL; i++) {
        size_t d = distance(word, config_keyword(row, keyword));

        if (d < least) {
            least = d;
            memcpy(nearest, keyword, sizeof nearest);
        }
    }
    config_problem(config, at, "there is no keyword '%.*s'; the nearest is %s", CONFIG_KEYWORD_MAX,
                   word, nearest);
}
