#include "tests/support/vectors.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

struct line {
    char *name;
    char *text;
    uint8_t *decoded; /* NULL until it is needed */
    size_t len;
};

struct vectors {
    char *content;
    struct line *lines;
    size_t count;
};

static char *read_whole(FILE *file)
{
    size_t size = 0, capacity = 1 << 16;
    char *content = malloc(capacity), *larger;

    ck_assert_ptr_nonnull(content);
    for (;;) {
        size += fread(content + size, 1, capacity - size - 1, file);
        if (size < capacity - 1)
            break;
        capacity *= 2;
        larger = realloc(content, capacity);
        ck_assert_ptr_nonnull(larger);
        content = larger;
    }
    content[size] = '\0';
    return content;
}

static void add_line(struct vectors *v, char *name, char *text)
{
    v->lines = realloc(v->lines, (v->count + 1) * sizeof *v->lines);
    ck_assert_ptr_nonnull(v->lines);
    v->lines[v->count++] = (struct line){.name = name, .text = text};
}

/* Split the content into lines, and each line at its first " =". */
static void parse(struct vectors *v)
{
    char *next;

    for (char *line = v->content; line != NULL; line = next) {
        char *equals = strstr(line, " =");

        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (line[0] == '#' || equals == NULL || (next != NULL && equals >= next))
            continue;
        *equals = '\0';
        equals += 2;
        add_line(v, line, equals + strspn(equals, " "));
    }
}

static struct vectors *open_path(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct vectors *v;

    if (file == NULL)
        return NULL;
    v = calloc(1, sizeof *v);
    ck_assert_ptr_nonnull(v);
    v->content = read_whole(file);
    fclose(file);
    parse(v);
    return v;
}

struct vectors *vectors_open(const char *name)
{
    char path[256];
    struct vectors *v;

    snprintf(path, sizeof path, "vectors/%s", name);
    v = open_path(path);
    ck_assert_msg(v != NULL, "%s is missing: run the tests from the top folder", path);
    return v;
}

bool vectors_shared_path(char *path, size_t size, const char *name)
{
    const char *folder = getenv("NACRE_VECTORS");
    int len = snprintf(path, size, "%s/%s", folder != NULL ? folder : "../shared/vectors", name);
    FILE *file;

    if (len < 0 || (size_t)len >= size)
        return false;
    file = fopen(path, "rb");
    if (file == NULL)
        return false;
    fclose(file);
    return true;
}

struct vectors *vectors_open_shared(const char *name)
{
    char path[512];

    return vectors_shared_path(path, sizeof path, name) ? open_path(path) : NULL;
}

static struct line *find(const struct vectors *v, const char *name, size_t nth)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->lines[i].name, name) == 0 && nth-- == 0)
            return &v->lines[i];
    return NULL;
}

size_t vectors_count(const struct vectors *v, const char *name)
{
    size_t count = 0;

    for (size_t i = 0; i < v->count; i++)
        count += strcmp(v->lines[i].name, name) == 0;
    return count;
}

struct bytes vectors_nth(struct vectors *v, const char *name, size_t nth)
{
    struct line *line = find(v, name, nth);

    ck_assert_msg(line != NULL, "no vector %s number %zu", name, nth);
    if (line->decoded == NULL) {
        size_t room = strlen(line->text) / 2 + 1;

        line->decoded = malloc(room);
        ck_assert_ptr_nonnull(line->decoded);
        line->len = unhex(line->decoded, room, line->text);
        ck_assert_msg(line->len != SIZE_MAX, "vector %s is not hex", name);
    }
    return (struct bytes){line->decoded, line->len};
}

struct bytes vectors_get(struct vectors *v, const char *name)
{
    return vectors_nth(v, name, 0);
}

const char *vectors_text(const struct vectors *v, const char *name, size_t nth)
{
    struct line *line = find(v, name, nth);

    ck_assert_msg(line != NULL, "no vector %s number %zu", name, nth);
    return line->text;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

size_t unhex(uint8_t *out, size_t size, const char *hex)
{
    size_t len = strcspn(hex, "\r\n");

    if (len % 2 != 0 || len / 2 > size)
        return SIZE_MAX;
    for (size_t i = 0; i < len / 2; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

        if (high < 0 || low < 0)
            return SIZE_MAX;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return len / 2;
}

void vectors_report(const char *set, size_t cases)
{
    printf("%s: %zu cases\n", set, cases);
    fflush(stdout); /* Check ends its children without flushing */
}

void vectors_close(struct vectors *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; i < v->count; i++)
        free(v->lines[i].decoded);
    free(v->lines);
    free(v->content);
    free(v);
}
