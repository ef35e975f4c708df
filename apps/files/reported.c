#include "apps/files/reported.h"

#include "apps/files/trusted_file.h"
#include "crypto/hash.h"

#include <stdlib.h>

struct reported_file {
    uint8_t path[32]; /* SHA-256 */
    struct stat state;
    size_t count;                       /* of lines; more than the array has: the limit too */
    unsigned lines[REPORTED_LINES_MAX]; /* that were reported */
};

static struct reported_file *find(struct reported *r, const uint8_t path[32])
{
    for (size_t i = 0; i < r->count; i++)
        if (memcmp(r->files[i].path, path, sizeof r->files[i].path) == 0)
            return &r->files[i];
    return NULL;
}

/* NULL: out of memory. */
static struct reported_file *add(struct reported *r)
{
    size_t space = r->space == 0 ? 8 : 2 * r->space;
    struct reported_file *files;

    if (r->count == REPORTED_FILES_MAX) {
        files = &r->files[r->oldest];
        r->oldest = (r->oldest + 1) % REPORTED_FILES_MAX;
        return files;
    }
    if (r->count == r->space) {
        files = realloc(r->files, space * sizeof *files);
        if (files == NULL)
            return NULL;
        r->files = files;
        r->space = space;
    }
    return &r->files[r->count++];
}

static bool has_line(const struct reported_file *file, unsigned line)
{
    for (size_t i = 0; i < file->count && i < REPORTED_LINES_MAX; i++)
        if (file->lines[i] == line)
            return true;
    return false;
}

static enum report note(struct reported *r, const uint8_t path[32], const struct stat *state,
                        unsigned line)
{
    struct reported_file *file = find(r, path);

    if (file == NULL || !trusted_same_state(&file->state, state)) {
        file = file == NULL ? add(r) : file;
        if (file == NULL)
            return REPORT_THIS;
        *file = (struct reported_file){.state = *state};
        memcpy(file->path, path, sizeof file->path);
    }
    if (file->count > REPORTED_LINES_MAX || has_line(file, line))
        return REPORT_NOT;
    if (file->count++ == REPORTED_LINES_MAX)
        return REPORT_LIMIT;
    file->lines[file->count - 1] = line;
    return REPORT_THIS;
}

enum report reported_note(struct reported *r, const char *path, const struct stat *state,
                          unsigned line)
{
    uint8_t digest[32];
    enum report report;

    hash_of(&hash_sha256, bytes_of(path), digest);
    pthread_mutex_lock(&r->lock);
    report = note(r, digest, state, line);
    pthread_mutex_unlock(&r->lock);
    return report;
}

void reported_look(struct reported *r, const char *path, const struct stat *state)
{
    struct reported_file *file;
    uint8_t digest[32];

    pthread_mutex_lock(&r->lock);
    if (r->count > 0) {
        hash_of(&hash_sha256, bytes_of(path), digest);
        file = find(r, digest);
        if (file != NULL && !trusted_same_state(&file->state, state)) {
            file->state = *state;
            file->count = 0;
        }
    }
    pthread_mutex_unlock(&r->lock);
}

void reported_clear(struct reported *r)
{
    free(r->files);
    r->files = NULL;
    r->count = r->space = 0;
}
