/* Which files the server can still open: Landlock, landlock(7). Files that are read again may be
 * replaced by renaming, so the rules name their folders. */
#include "apps/confine/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From linux/landlock.h, which may be older or missing where nacre is built. */
enum { CREATE_RULESET = 444, ADD_RULE, RESTRICT_SELF }; /* system calls, the same everywhere */
enum { ASK_VERSION = 1, PATH_BENEATH = 1 };
#define WRITE_FILE (UINT64_C(1) << 1)
#define READ_FILE (UINT64_C(1) << 2)
#define READ_FOLDER (UINT64_C(1) << 3)
#define MAKE_FILE (UINT64_C(1) << 8)

struct ruleset {
    uint64_t files, network, scopes; /* what is forbidden unless a rule allows it */
};
struct __attribute__((packed)) path_rule {
    uint64_t allowed;
    int32_t folder;
};

/* What each version of Landlock can forbid: the number of bits, from bit 0. */
static const struct {
    uint8_t files, network, scopes;
} versions[] = {
    {0, 0, 0},  {13, 0, 0}, {14, 0, 0}, /* moving to another folder */
    {15, 0, 0},                         /* truncating */
    {15, 2, 0},                         /* TCP: binding, connecting */
    {16, 2, 0},                         /* ioctl on devices */
    {16, 2, 2},                         /* abstract sockets and signals of other processes */
};
enum { VERSION_MAX = sizeof versions / sizeof versions[0] - 1 };

/* Readable in addition to the files that are read again. */
static const struct {
    const char *path, *why;
} always[] = {
    {"/dev/null", "the spare descriptor, for turning connections away when none is left"},
    {"/etc/services", "names of ports in a key's permitopen= and permitlisten="},
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

/* Allow that for files beneath the path. False with errno. */
static bool allow(int ruleset, const char *path, uint64_t what)
{
    struct path_rule rule = {.allowed = what, .folder = open(path, O_PATH | O_CLOEXEC)};
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

/* The rules that are being made, and the note that lists them. */
struct rules {
    int ruleset;
    struct confine_note *note;
    uint64_t what;  /* is allowed */
    bool on_demand; /* a file that is read again only on demand: rather not than all of / */
};

/* Is the folder one of those in the note? */
static bool is_listed(const struct confine_note *note, const char *folder)
{
    size_t len = strlen(folder);

    for (const char *at = note->value; (at = strstr(at, folder)) != NULL; at++)
        if ((at == note->value || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

/* Put the folder into the ruleset and into the note. */
static void allow_folder(void *context, const char *folder)
{
    const struct rules *rules = context;
    struct confine_note *note = rules->note;
    char whole[PATH_MAX];
    const char *shown = realpath(folder, whole) != NULL ? whole : folder;
    size_t len = strlen(note->value);

    if (rules->on_demand && strcmp(shown, "/") == 0)
        return;
    if (is_listed(note, shown) && rules->what == READ_FILE)
        return;
    if (!allow(rules->ruleset, folder, rules->what)) {
        if (rules->on_demand)
            return;
        (void)confine_say(note->reason, sizeof note->reason,
                          "%s: %s, so files in it are not read until the server restarts", folder,
                          strerror(errno));
        return;
    }
    if (strcmp(shown, "/") == 0)
        (void)confine_say(note->reason, sizeof note->reason,
                          "a file that is read again is in /, so every file stays readable; move "
                          "it to a folder of its own");
    if (!is_listed(note, shown))
        (void)snprintf(note->value + len, sizeof note->value - len, "%s%s", len > 0 ? "," : "",
                       shown);
}

/* Allow the folder that contains the file, and those that symbolic links on the way may lead to. */
static void allow_pattern(struct rules *rules, const char *pattern)
{
    char folder[PATH_MAX];

    confine_folder(folder, pattern);
    allow_folder(rules, folder);
    confine_links(confine_is_pattern(pattern) ? folder : pattern, allow_folder, rules);
}

/* The folder of a file that is appended to. */
static void allow_appending(int ruleset, struct confine_note *note, const char *file)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(file, '/');

    (void)snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - file + 1),
                   slash == NULL ? "." : file);
    if (!allow(ruleset, folder, WRITE_FILE | MAKE_FILE))
        (void)confine_say(note->reason, sizeof note->reason,
                          "%s: %s, so the log file is not opened again until the server restarts",
                          folder, strerror(errno));
}

static void allow_all(const struct confinement *c, int ruleset, struct confine_note *note)
{
    struct rules again = {ruleset, note, READ_FILE, false};
    struct rules on_demand = {ruleset, note, READ_FILE, true};
    struct rules search = {ruleset, note, READ_FILE | READ_FOLDER, true};

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        (void)allow(ruleset, always[i].path, READ_FILE);
    for (size_t i = 0; c->reads[i] != NULL; i++)
        allow_pattern(&again, c->reads[i]);
    for (size_t i = 0; c->reloads[i] != NULL; i++)
        allow_pattern(&on_demand, c->reloads[i]);
    for (size_t i = 0; c->searches[i] != NULL; i++)
        allow_folder(&search, c->searches[i]);
}

static bool not_done(struct confine_note *note, const char *what)
{
    return confine_say(note->reason, sizeof note->reason,
                       "access to files is not confined: %s (Landlock: %s)", strerror(errno), what);
}

bool confine_files(const struct confinement *c, struct confine_note *note)
{
    long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
    struct ruleset r;
    int fd;
    bool good;

    if (version < 1)
        return not_done(note, "missing from this kernel");
    if (version > VERSION_MAX)
        version = VERSION_MAX;
    r = (struct ruleset){(UINT64_C(1) << versions[version].files) - 1,
                         (UINT64_C(1) << versions[version].network) - 1,
                         (UINT64_C(1) << versions[version].scopes) - 1};
    fd = (int)syscall(CREATE_RULESET, &r, sizeof r, 0);
    if (fd < 0)
        return not_done(note, "creating the ruleset");
    allow_all(c, fd, note);
    if (c->appends != NULL)
        allow_appending(fd, note, c->appends);
    good = syscall(RESTRICT_SELF, fd, 0) == 0 || not_done(note, "enforcing the ruleset");
    (void)close(fd);
    if (good && note->value[0] == '\0')
        memcpy(note->value, "none", sizeof "none");
    return good;
}
