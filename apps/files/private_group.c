#include "apps/files/private_group.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
    ANSWERS = 4, /* root's, and that of the user whom a server becomes */
    NAME_ROOM = 256,
};

static struct {
    pthread_mutex_t lock; /* also of the C library's one entry of passwd and of group */
    unsigned count;       /* of what was learned */
    struct answer {
        uid_t user;
        gid_t group;
        bool is_private;
    } answers[ANSWERS];
} learned = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- looking it up ---- */

/* The user's name, if the group is the user's first one, and nobody else's. False: it is not. */
static bool find_user(const char *file, uid_t user, gid_t group, char name[NAME_ROOM])
{
    FILE *in = fopen(file, "re");
    bool is_first = false, others = false;
    const struct passwd *entry;

    while (in != NULL && (entry = fgetpwent(in)) != NULL) {
        others = others || (entry->pw_gid == group && entry->pw_uid != user);
        if (entry->pw_uid == user && entry->pw_gid == group && !is_first)
            is_first = snprintf(name, NAME_ROOM, "%s", entry->pw_name) < NAME_ROOM;
    }
    if (in != NULL)
        (void)fclose(in);
    return is_first && !others;
}

/* A group may have several entries. */
static bool is_of_one(const char *file, gid_t group, const char *name)
{
    FILE *in = fopen(file, "re");
    bool found = false, others = false;
    const struct group *entry;

    while (in != NULL && (entry = fgetgrent(in)) != NULL) {
        if (entry->gr_gid != group)
            continue;
        found = true;
        for (char **member = entry->gr_mem; *member != NULL; member++)
            others = others || strcmp(*member, name) != 0;
    }
    if (in != NULL)
        (void)fclose(in);
    return found && !others;
}

static struct answer *recall(uid_t user, gid_t group)
{
    for (unsigned i = 0; i < ANSWERS && i < learned.count; i++)
        if (learned.answers[i].user == user && learned.answers[i].group == group)
            return &learned.answers[i];
    return NULL;
}

static void learn(uid_t user, gid_t group, const char *passwd, const char *groups)
{
    struct answer *answer = recall(user, group);
    char name[NAME_ROOM];

    if (answer == NULL)
        answer = &learned.answers[learned.count++ % ANSWERS];
    *answer = (struct answer){user, group, false};
    answer->is_private = find_user(passwd, user, group, name) && is_of_one(groups, group, name);
}

void private_group_learn(uid_t user, gid_t group, const char *passwd, const char *groups)
{
    (void)pthread_mutex_lock(&learned.lock);
    learn(user, group, passwd, groups);
    (void)pthread_mutex_unlock(&learned.lock);
}

/* ---- the question ---- */

bool private_group_is_ours(void)
{
    const uid_t user = geteuid();
    const gid_t group = getegid();
    bool found;

    (void)pthread_mutex_lock(&learned.lock);
    if (recall(user, group) == NULL)
        learn(user, group, "/etc/passwd", "/etc/group");
    found = recall(user, group)->is_private;
    (void)pthread_mutex_unlock(&learned.lock);
    return found;
}

/* With an access control list, the group's bits are the most that the list allows anybody. */
static bool has_access_list(int fd, const char *path)
{
    static const char list[] = "system.posix_acl_access";
    ssize_t len = fd >= 0 ? fgetxattr(fd, list, NULL, 0) : lgetxattr(path, list, NULL, 0);

    return len >= 0 || (errno != ENODATA && errno != ENOTSUP);
}

bool private_group_has(const struct stat *status, int fd, const char *path)
{
    return status->st_gid == getegid() && private_group_is_ours() && !has_access_list(fd, path);
}
