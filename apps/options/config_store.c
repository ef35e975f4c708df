#include "apps/options/config_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SENTENCE_MAX = 2048,       /* bytes */
    PROBLEMS_MAX = 256 * 1024, /* bytes */
    ENTRIES_FIRST = 32,
};

/* ---- memory ---- */

void *config_allocate(struct config *config, size_t size)
{
    struct config_block *block = malloc(sizeof *block + size);

    if (block == NULL) {
        config->out_of_memory = true;
        return NULL;
    }
    block->next = config->blocks;
    config->blocks = block;
    return block + 1;
}

char *config_copy(struct config *config, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = config_allocate(config, size);

    return copy == NULL ? NULL : memcpy(copy, text, size);
}

struct config *config_new(const struct command_line *line)
{
    struct config *config = calloc(1, sizeof *config);

    if (config != NULL)
        config->line = line;
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    while (config->blocks != NULL) {
        struct config_block *block = config->blocks;

        config->blocks = block->next;
        free(block);
    }
    free(config->entries);
    free(config->problems);
    free(config);
}

/* ---- problems ---- */

/* Add a line to the problems. After PROBLEMS_MAX bytes of them, no further line is read. */
static void add_problem(struct config *config, const char *text)
{
    size_t len = strlen(text), all = config->problems_len + len + 1;
    char *grown = all <= PROBLEMS_MAX ? realloc(config->problems, all + 1) : NULL;

    if (grown == NULL) {
        config->full = true;
        return;
    }
    config->problems = grown;
    memcpy(grown + config->problems_len, text, len);
    memcpy(grown + all - 1, "\n", 2);
    config->problems_len = all;
}

void config_problem(struct config *config, const struct config_place *at, const char *format, ...)
{
    char text[SENTENCE_MAX];
    va_list arguments;
    int n = 0;

    if (at != NULL)
        n = snprintf(text, sizeof text / 2, "%s:%u: ", at->file, at->line);
    if (n < 0 || (size_t)n >= sizeof text / 2)
        n = 0; /* a name without end */
    va_start(arguments, format);
    (void)vsnprintf(text + n, sizeof text - (size_t)n, format, arguments);
    va_end(arguments);
    add_problem(config, text);
}

const char *config_problems(const struct config *config)
{
    if (config->problems_len > 0)
        return config->problems;
    return config->out_of_memory || config->full ? "out of memory\n" : "";
}

/* ---- what was read ---- */

const struct config_entry *config_entry(const struct config *config, size_t i)
{
    return i < config->count ? &config->entries[i] : NULL;
}

const char *config_file(const struct config *config, size_t i)
{
    return i < config->file_count ? config->files[i] : NULL;
}

const char *config_searched(const struct config *config, size_t i)
{
    return i < config->searched_count ? config->searched[i] : NULL;
}

char **config_command(const struct config *config)
{
    for (size_t i = 0; i < config->count; i++)
        if (config->entries[i].row == config->line->command)
            return (char **)(uintptr_t)config->entries[i].words;
    return NULL;
}

const char *config_place(const struct config *config, const char *value, char *out, size_t size)
{
    out[0] = 0;
    for (size_t i = 0; config != NULL && i < config->count; i++)
        if (config->entries[i].value == value)
            (void)snprintf(out, size, "%s:%u", config->entries[i].at.file,
                           config->entries[i].at.line);
    return out;
}

void config_add(struct config *config, const struct config_entry *entry)
{
    if (entry->value == NULL)
        return; /* memory is out */
    if (config->count == config->size) {
        size_t size = config->size == 0 ? ENTRIES_FIRST : 2 * config->size;
        struct config_entry *grown = realloc(config->entries, size * sizeof *grown);

        if (grown == NULL) {
            config->out_of_memory = true;
            return;
        }
        config->entries = grown;
        config->size = size;
    }
    config->entries[config->count++] = *entry;
}
