/* What the files that read a configuration share. */
#ifndef NACRE_APPS_OPTIONS_CONFIG_PARTS_H
#define NACRE_APPS_OPTIONS_CONFIG_PARTS_H

#include "apps/options/config.h"
#include "apps/options/config_line.h"

#include <sys/stat.h>

/* A piece of memory that lives as long as the struct config. */
struct config_block {
    struct config_block *next;
};

struct config {
    const struct command_line *line;
    struct config_entry *entries;
    size_t count, size; /* entries that there are, and that fit */
    struct config_block *blocks;
    char *problems;
    size_t problems_len;
    const char *files[CONFIG_FILES_MAX];
    size_t file_count;
    const char *searched[CONFIG_FILES_MAX]; /* folders of wildcards */
    size_t searched_count;
    /* The files that are being read, the outermost first */
    struct stat open[CONFIG_DEPTH_MAX];
    int depth;
    bool out_of_memory;
    bool full; /* of problems */
};

/* Memory that config_free frees; NULL, which is recorded as a problem. */
void *config_allocate(struct config *config, size_t size);
char *config_copy(struct config *config, const char *text);

/* Add an entry; one without a value means that memory is out. */
void config_add(struct config *config, const struct config_entry *entry);

/* Say which keyword is the nearest to an unknown one. */
void config_unknown(struct config *config, const char *word, const struct config_place *at);

/* The row of a keyword, in upper or lower case; NULL: unknown. */
const struct option_row *config_row(const struct command_line *line, const char *word);

#endif
