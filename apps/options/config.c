#include "apps/options/config_parts.h"

#include "apps/files/trusted_file.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    FILE_MAX = 1024 * 1024, /* bytes */
    SENTENCE_MAX = 2048,    /* bytes */
};

/* ---- lines ---- */

/* The words of a value in one, as options take them: "a b" as "a,b". */
static const char *join(struct config *config, const struct config_line *line, char separator)
{
    size_t len = 0;
    char *joined;

    for (size_t i = 1; i < line->count; i++)
        len += strlen(line->words[i]) + 1;
    joined = config_allocate(config, len);
    for (size_t i = 1, at = 0; i < line->count && joined != NULL; i++) {
        size_t n = strlen(line->words[i]);

        memcpy(joined + at, line->words[i], n);
        at += n;
        joined[at++] = separator;
    }
    if (joined != NULL)
        joined[len - 1] = 0;
    return joined;
}

static const char *const *copy_words(struct config *config, const struct config_line *line)
{
    const char **words = config_allocate(config, line->count * sizeof *words);

    for (size_t i = 1; i <= line->count && words != NULL; i++)
        words[i - 1] = line->words[i];
    return words;
}

static void take_setting(struct config *config, const struct config_line *line,
                         const struct config_place *at)
{
    const struct option_row *row = config_row(config->line, line->words[0]);
    struct config_entry entry = {.row = row, .at = *at};

    if (row == NULL) {
        config_unknown(config, line->words[0], at);
    } else if (line->count == 1) {
        config_problem(config, at, "%s: the value is missing", line->words[0]);
    } else if (row == config->line->command) {
        entry.words = copy_words(config, line);
        entry.value = entry.words == NULL ? NULL : entry.words[0];
        config_add(config, &entry);
    } else if (line->count > 2 && row->join == 0) {
        config_problem(config, at, "%s: there is more than one value; put spaces in quotes",
                       line->words[0]);
    } else {
        entry.value = row->join != 0 ? join(config, line, row->join) : line->words[1];
        config_add(config, &entry);
    }
}

/* ---- Include ---- */

/* A relative name is one in the folder of the file that includes it. */
static const char *resolve(struct config *config, const char *word, const char *file)
{
    const char *slash = strrchr(file, '/');
    int folder = slash != NULL ? (int)(slash - file) + 1 : 0;
    size_t size = strlen(word) + (size_t)folder + 1;
    char *path;

    if (word[0] == '/')
        return word;
    path = config_allocate(config, size);
    if (path != NULL)
        (void)snprintf(path, size, "%.*s%s", folder, file, word);
    return path;
}

/* A folder that does not exist contains no file. */
static int on_error(const char *path, int failure)
{
    (void)path;
    return failure != ENOENT && failure != ENOTDIR;
}

/* Remember the folder in which the wildcards of a pattern are. */
static void note_folder(struct config *config, const char *pattern)
{
    size_t len = strcspn(pattern, "*?["), size = config->searched_count;
    char *folder = config_copy(config, pattern);

    if (folder == NULL || size == CONFIG_FILES_MAX)
        return;
    while (len > 0 && folder[len - 1] != '/')
        len--;
    folder[len > 1 ? len - 1 : len] = 0;
    config->searched[config->searched_count++] = len > 0 ? folder : ".";
}

static void read_all(struct config *config, const char *pattern, const struct config_place *at)
{
    glob_t found = {0};
    bool searches = strpbrk(pattern, "*?[") != NULL;
    int failure = glob(pattern, 0, on_error, &found);

    if (searches)
        note_folder(config, pattern);
    if (failure == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            config_read(config, found.gl_pathv[i]);
    else if (failure == GLOB_NOSPACE)
        config->out_of_memory = true;
    else if (failure == GLOB_ABORTED)
        config_problem(config, at, "Include: the folder of %s cannot be read", pattern);
    else if (!searches)
        config_problem(config, at, "Include: there is no file %s", pattern);
    globfree(&found);
}

static void include(struct config *config, const struct config_line *line,
                    const struct config_place *at)
{
    if (line->count == 1)
        config_problem(config, at, "Include: the name of a file is missing");
    for (size_t i = 1; i < line->count; i++) {
        const char *pattern = resolve(config, line->words[i], at->file);

        if (pattern != NULL)
            read_all(config, pattern, at);
    }
}

/* ---- texts ---- */

static void take_line(struct config *config, char *text, const struct config_place *at,
                      bool includes)
{
    struct config_line line;
    const char *wrong = config_line_split(&line, text);

    if (wrong != NULL)
        config_problem(config, at, "%s", wrong);
    else if (line.count > 0 && strcasecmp(line.words[0], "Include") != 0)
        take_setting(config, &line, at);
    else if (line.count > 0 && includes)
        include(config, &line, at);
    else if (line.count > 0)
        config_problem(config, at, "Include is not possible here");
}

void config_read_text(struct config *config, const char *file, char *text, size_t len,
                      bool includes)
{
    struct config_place at = {file, 1};
    char *end = text + len;

    for (; text < end && !config->full; at.line++) {
        char *newline = memchr(text, '\n', (size_t)(end - text));
        char *next = newline != NULL ? newline + 1 : end;

        if (memchr(text, 0, (size_t)(next - text)) != NULL) {
            config_problem(config, &at, "the line contains a NUL byte");
        } else {
            if (newline != NULL)
                *newline = 0;
            take_line(config, text, &at, includes);
        }
        text = next;
    }
}

/* ---- files ---- */

static bool is_open(const struct config *config, const struct stat *status)
{
    for (int i = 0; i < config->depth; i++)
        if (config->open[i].st_dev == status->st_dev && config->open[i].st_ino == status->st_ino)
            return true;
    return false;
}

/* May it be read, as one more file? */
static bool enter(struct config *config, const char *file)
{
    struct stat status = {0};

    if (stat(file, &status) == 0 && is_open(config, &status)) {
        config_problem(config, NULL, "%s: the file includes itself", file);
        return false;
    }
    if (config->depth == CONFIG_DEPTH_MAX || config->file_count == CONFIG_FILES_MAX) {
        config_problem(config, NULL,
                       "%s: not read: more than %d files include each other, or %d "
                       "are included",
                       file, CONFIG_DEPTH_MAX, CONFIG_FILES_MAX);
        return false;
    }
    config->files[config->file_count++] = file;
    config->open[config->depth++] = status;
    return true;
}

/* The text of a file, which the entries point into. NULL: there is a problem. */
static char *read_text(struct config *config, const char *file, size_t *len)
{
    char sentence[SENTENCE_MAX] = "";
    const struct errbuf p = errbuf_in(sentence, sizeof sentence);
    struct trusted_file read;
    char *text = NULL;

    switch (trusted_file_read(&read, file, OTHERS_MAY_READ, FILE_MAX, &p)) {
    case FILE_READ:
        *len = read.len;
        text = config_allocate(config, read.len + 1);
        if (text != NULL)
            memcpy(text, read.text, read.len + 1);
        trusted_file_clear(&read);
        break;
    case FILE_MISSING:
        config_problem(config, NULL, "%s: there is no such file", file);
        break;
    default:
        config_problem(config, NULL, "%s", sentence);
        break;
    }
    return text;
}

void config_read(struct config *config, const char *file)
{
    const char *name = config_copy(config, file);
    size_t len;
    char *text;

    if (name == NULL || !enter(config, name))
        return;
    text = read_text(config, name, &len);
    if (text != NULL)
        config_read_text(config, name, text, len, true);
    config->depth--;
}
