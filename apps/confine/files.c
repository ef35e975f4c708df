/* Which files it can still open: Landlock. What is read again is replaced by renaming, so the rules
 * are for the directories; landlock(7). */
#include "apps/confine/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/landlock.h, of which the system that we are built on may have an older one */
enum { CREATE_RULESET = 444, ADD_RULE, RESTRICT_SELF }; /* system calls, the same everywhere */
enum { ASK_VERSION = 1, PATH_BENEATH = 1 };
#define READ_FILE (UINT64_C(1) << 2)

struct ruleset {
    uint64_t files, network, scopes; /* what is forbidden unless a rule allows it */
};
struct __attribute__((packed)) path_rule {
    uint64_t allowed;
    int32_t folder;
};

/* What each version of Landlock can forbid: bits from 0 on. */
static const struct {
    uint8_t files, network, scopes;
} versions[] = {
    {0, 0, 0},  {13, 0, 0}, {14, 0, 0}, /* moving to another directory */
    {15, 0, 0},                         /* truncating */
    {15, 2, 0},                         /* TCP: binding, connecting */
    {16, 2, 0},                         /* ioctl on devices */
    {16, 2, 2},                         /* abstract sockets and signals of other processes */
};
enum { VERSION_MAX = sizeof versions / sizeof versions[0] - 1 };

/* Beyond what is read again. */
static const struct {
    const char *path, *why;
} always[] = {
    {"/dev/null", "the spare descriptor, to turn connections away when there are no more"},
};

bool confine_is_pattern(const char *pattern)
{
    for (const char *at = pattern; (at = strchr(at, '%')) != NULL; at += at[1] != 0 ? 2 : 1)
        if (at[1] == 'u')
            return true;
    return false;
}

void confine_folder(char out[PATH_MAX], const char *pattern)
{
    size_t len = 0, end = 0;

    for (const char *at = pattern; *at != 0 && len < PATH_MAX - 1; at++) {
        if (at[0] == '%' && at[1] == 'u')
            break;
        at += at[0] == '%' && at[1] == '%';
        if (*at == '/')
            end = len == 0 ? 1 : len;
        out[len++] = *at;
    }
    out[end] = '\0';
    if (end == 0)
        memcpy(out, ".", 2);
}

/* Allow reading there. False with errno. */
static bool allow(int ruleset, const char *path)
{
    struct path_rule rule = {.allowed = READ_FILE, .folder = open(path, O_PATH | O_CLOEXEC)};
    int failure;
    bool good;

    if (rule.folder < 0)
        return false;
    good = syscall(ADD_RULE, ruleset, PATH_BENEATH, &rule, 0) == 0;
    failure = errno;
    (void)close(rule.folder);
    errno = failure;
    return good;
}

/* The directory, into the ruleset and the log. */
static void allow_folder(int ruleset, const char *folder, struct confine_note *note)
{
    char whole[PATH_MAX];
    const char *shown = realpath(folder, whole) != NULL ? whole : folder;
    size_t len = strlen(note->value);

    if (!allow(ruleset, folder)) {
        (void)snprintf(note->reason, sizeof note->reason,
                       "%s: %s, so nothing in it is read before the server starts again", folder,
                       strerror(errno));
        return;
    }
    if (strcmp(shown, "/") == 0)
        (void)snprintf(note->reason, sizeof note->reason,
                       "a file that is read again lies in /, so every file stays readable; put it "
                       "into a directory of its own");
    (void)snprintf(note->value + len, sizeof note->value - len, "%s%s", len > 0 ? "," : "", shown);
}

/* The directory that it is in, and when it is a link, the one that it leads to. */
static void allow_pattern(int ruleset, const char *pattern, struct confine_note *note)
{
    char folder[PATH_MAX], target[PATH_MAX];
    struct stat status;
    char *slash;

    confine_folder(folder, pattern);
    allow_folder(ruleset, folder, note);
    if (confine_is_pattern(pattern) || lstat(pattern, &status) != 0 || !S_ISLNK(status.st_mode) ||
        realpath(pattern, target) == NULL)
        return;
    slash = strrchr(target, '/');
    slash[slash == target] = '\0';
    allow_folder(ruleset, target, note);
}

static bool not_done(struct confine_note *note, const char *what)
{
    (void)snprintf(note->reason, sizeof note->reason,
                   "access to files is not confined: %s (Landlock: %s)", strerror(errno), what);
    return false;
}

bool confine_files(const struct confinement *c, struct confine_note *note)
{
    long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
    struct ruleset r;
    int fd;
    bool good;

    if (version < 1)
        return not_done(note, "this kernel has none");
    if (version > VERSION_MAX)
        version = VERSION_MAX;
    r = (struct ruleset){(UINT64_C(1) << versions[version].files) - 1,
                         (UINT64_C(1) << versions[version].network) - 1,
                         (UINT64_C(1) << versions[version].scopes) - 1};
    fd = (int)syscall(CREATE_RULESET, &r, sizeof r, 0);
    if (fd < 0)
        return not_done(note, "no ruleset");
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        (void)allow(fd, always[i].path);
    for (size_t i = 0; c->reads[i] != NULL; i++)
        allow_pattern(fd, c->reads[i], note);
    good = syscall(RESTRICT_SELF, fd, 0) == 0 || not_done(note, "not taken");
    (void)close(fd);
    if (good && note->value[0] == '\0')
        memcpy(note->value, "none", sizeof "none");
    return good;
}
