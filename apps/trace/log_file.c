#include "apps/trace/log_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void log_free(struct log_file *log)
{
    if (log->text != NULL)
        explicit_bzero(log->text, log->size);
    if (log->bytes != NULL)
        explicit_bzero(log->bytes, log->size / 2);
    free(log->text);
    free(log->bytes);
    explicit_bzero(log, sizeof *log);
}

/* Memory for a text of `len` bytes with a NUL after it, and for its values. */
static bool make_room(struct log_file *log, size_t len, const struct errbuf *why)
{
    log->text = calloc(1, len + 1);
    log->bytes = calloc(1, len / 2 + 1);
    log->size = log->text == NULL || log->bytes == NULL ? 0 : len;
    return log->size == len || errbuf_say(why, "not enough memory");
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Digits in pairs, perhaps after 0x. Returns the number of bytes, or -1. */
static long read_hex(const char *text, uint8_t *out)
{
    long len = 0;
    int high = -1;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    for (; *text != 0; text++) {
        int value = digit(*text);

        if (value < 0 && high < 0 && (isspace((unsigned char)*text) || *text == ':'))
            continue;
        if (value < 0)
            return -1;
        if (high >= 0)
            out[len++] = (uint8_t)(high << 4 | value);
        high = high >= 0 ? -1 : value;
    }
    return high >= 0 ? -1 : len;
}

static char *without_spaces(char *text)
{
    size_t len;

    while (isspace((unsigned char)*text))
        text++;
    for (len = strlen(text); len > 0 && isspace((unsigned char)text[len - 1]);)
        text[--len] = 0;
    return text;
}

/* One line, without its newline. *used: bytes of log->bytes. */
static bool read_line(struct log_file *log, char *line, unsigned number, size_t *used,
                      const char *path, const struct errbuf *why)
{
    struct log_line *l = &log->lines[log->count];
    char *equals, *name;
    long len;

    line[strcspn(line, "#")] = 0;
    line = without_spaces(line);
    if (line[0] == 0)
        return true;
    equals = strchr(line, '=');
    if (equals == NULL)
        return errbuf_say(why, "%s:%u: a line is 'name = hex'", path, number);
    *equals = 0;
    name = without_spaces(line);
    if (strlen(name) >= LOG_NAME_MAX)
        return errbuf_say(why, "%s:%u: the worksheet has no such name", path, number);
    len = read_hex(without_spaces(equals + 1), log->bytes + *used);
    if (len < 0)
        return errbuf_say(why, "%s:%u: %s is not a number of whole bytes in hex", path, number,
                          name);
    if (log->count + 1 == LOG_LINES_MAX)
        return errbuf_say(why, "%s:%u: there are too many lines", path, number);
    (void)snprintf(l->name, sizeof l->name, "%s", name);
    l->value = (struct bytes){log->bytes + *used, (size_t)len};
    l->number = number;
    *used += (size_t)len;
    log->count++;
    return true;
}

static bool read_lines(struct log_file *log, const char *path, const struct errbuf *why)
{
    char *line = log->text;
    size_t used = 0;

    for (unsigned number = 1; line != NULL; number++) {
        char *next = strchr(line, '\n');

        if (next != NULL)
            *next++ = 0;
        if (!read_line(log, line, number, &used, path, why))
            return false;
        line = next;
    }
    return log->count > 0 || errbuf_say(why, "%s has no line 'name = hex'", path);
}

bool log_parse(struct log_file *log, const char *name, const void *text, size_t size,
               const struct errbuf *why)
{
    bool good;

    memset(log, 0, sizeof *log);
    good = make_room(log, size, why);
    if (good && size > 0)
        memcpy(log->text, text, size);
    if (good && strlen(log->text) != size)
        good = errbuf_say(why, "%s is not a text", name);
    if (good && read_lines(log, name, why))
        return true;
    log_free(log);
    return false;
}

/* Read the file into `text`, which has LOG_SIZE_MAX + 1 bytes. */
static bool read_file(const char *path, char *text, size_t *len, const struct errbuf *why)
{
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "re");
    bool failed;

    if (file == NULL)
        return errbuf_say(why, "cannot open %s: %s", path, strerror(errno));
    *len = fread(text, 1, LOG_SIZE_MAX + 1, file);
    failed = ferror(file) != 0;
    if (!is_input)
        (void)fclose(file);
    if (failed)
        return errbuf_say(why, "cannot read %s", path);
    return *len <= LOG_SIZE_MAX || errbuf_say(why, "%s is larger than 4 MiB", path);
}

bool log_read(struct log_file *log, const char *path, const struct errbuf *why)
{
    char *text = malloc(LOG_SIZE_MAX + 1);
    size_t len = 0;
    bool good = text != NULL || errbuf_say(why, "not enough memory");

    good = good && read_file(path, text, &len, why) && log_parse(log, path, text, len, why);
    if (text != NULL)
        explicit_bzero(text, len);
    free(text);
    return good;
}

const struct log_line *log_find(const struct log_file *log, const char *name)
{
    for (size_t i = 0; i < log->count; i++)
        if (strcmp(log->lines[i].name, name) == 0)
            return &log->lines[i];
    return NULL;
}
