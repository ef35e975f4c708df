#include "tests/support/scratch.h"

#include "apps/files/private_group.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[PATH_MAX / 2];

static void make(void)
{
    const char *above = getenv("TMPDIR");

    /* Whether the group that runs the tests has other members must not matter. */
    private_group_learn(geteuid(), getegid(), "/dev/null", "/dev/null");
    snprintf(folder, sizeof folder, "%s/nacre-test-XXXXXX", above != NULL ? above : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void remove_all(void)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void scratch_folder(struct suite *suite)
{
    suite_fixture(suite, make, remove_all);
}

const char *scratch_path(const char *name)
{
    static char paths[8][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *scratch_write_bytes(const char *name, const void *data, size_t len, mode_t mode)
{
    const char *path = scratch_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_msg(fd >= 0, "%s", path);
    ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

const char *scratch_write(const char *name, const char *text, mode_t mode)
{
    return scratch_write_bytes(name, text, strlen(text), mode);
}

char *scratch_read(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    ck_assert_msg(file != NULL, "%s", path);
    if (getdelim(&text, &size, '\0', file) < 0)
        text[0] = '\0';
    fclose(file);
    return text;
}

void assert_says(const char *sentence, const char *text)
{
    ck_assert_msg(strstr(sentence, text) != NULL, "'%s' does not say '%s'", sentence, text);
}
