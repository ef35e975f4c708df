#include "apps/confine/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GROUPS_MAX = 1024 };

bool confine_find_user(struct confinement *c, char *errbuf, size_t size)
{
    const struct passwd *found;

    if (c->user == NULL)
        return true;
    errno = 0;
    found = getpwnam(c->user);
    if (found == NULL)
        return confine_say(errbuf, size, "--user %s: there is no such user%s%s", c->user,
                           errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    c->uid = found->pw_uid;
    c->gid = found->pw_gid;
    c->changes_user = geteuid() != c->uid || getuid() != c->uid;
    if (c->changes_user && geteuid() != 0)
        return confine_say(errbuf, size, "--user %s: only root can become another user", c->user);
    if (c->starts_programs) { /* they inherit these, as after a login */
        (void)setenv("HOME", found->pw_dir, 1);
        (void)setenv("SHELL", found->pw_shell[0] != '\0' ? found->pw_shell : "/bin/sh", 1);
        (void)setenv("USER", found->pw_name, 1);
        (void)setenv("LOGNAME", found->pw_name, 1);
    }
    return true;
}

bool confine_try(const struct confinement *c, bool (*job)(void *context), void *context,
                 char *errbuf, size_t size)
{
    gid_t groups[GROUPS_MAX], gid = getegid();
    int count;
    bool good;

    if (!c->changes_user)
        return job(context);
    count = getgroups(GROUPS_MAX, groups);
    if (count < 0 || initgroups(c->user, c->gid) != 0 || setegid(c->gid) != 0 ||
        seteuid(c->uid) != 0)
        return confine_say(errbuf, size, "--user %s: cannot become that user: %s", c->user,
                           strerror(errno));
    good = job(context);
    if (seteuid(0) != 0 || setegid(gid) != 0 || setgroups((size_t)count, groups) != 0)
        return confine_say(errbuf, size, "--user %s: cannot become root again: %s", c->user,
                           strerror(errno));
    return good;
}

/* The name of the current user, for a sentence. */
static const char *own_name(char out[32])
{
    const struct passwd *found = getpwuid(geteuid());

    if (found != NULL)
        return found->pw_name;
    (void)snprintf(out, 32, "id %lu", (unsigned long)geteuid());
    return out;
}

/* A missing file may be created later; one that this user may not read stays unreadable. */
static bool can_read(const char *pattern, char *errbuf, size_t size)
{
    bool is_pattern = confine_is_pattern(pattern);
    char folder[PATH_MAX], name[32];
    const char *asked = is_pattern ? folder : pattern;

    confine_folder(folder, pattern);
    if (faccessat(AT_FDCWD, asked, is_pattern ? X_OK : R_OK, AT_EACCESS) == 0 || errno != EACCES)
        return true;
    return confine_say(
        errbuf, size,
        "%s: Permission denied: the user %s cannot read it, and the server reads it again "
        "while it runs; let that user read it with chown, chgrp or chmod (and x on the "
        "folders above)",
        asked, own_name(name));
}

bool confine_can_read(const struct confinement *c, char *errbuf, size_t size)
{
    for (size_t i = 0; c->reads[i] != NULL; i++)
        if (!can_read(c->reads[i], errbuf, size))
            return false;
    return true;
}

/* Is this process that user in every respect, with no way back to root? */
static bool is_identity(uid_t uid, gid_t gid)
{
    uid_t u[3];
    gid_t g[3];

    return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 &&
           u[0] == uid && u[1] == uid && u[2] == uid && g[0] == gid && g[1] == gid && g[2] == gid &&
           (uid == 0 || setresuid(0, 0, 0) != 0);
}

bool confine_identity(const struct confinement *c, struct confine_note *note)
{
    char name[32];

    if (c->changes_user &&
        (initgroups(c->user, c->gid) != 0 || setresgid(c->gid, c->gid, c->gid) != 0 ||
         setresuid(c->uid, c->uid, c->uid) != 0 || !is_identity(c->uid, c->gid)))
        return confine_say(note->reason, sizeof note->reason,
                           "--user %s: cannot become that user: %s", c->user, strerror(errno));
    (void)snprintf(note->value, sizeof note->value, "%s", own_name(name));
    if (geteuid() == 0 && c->user == NULL)
        (void)confine_say(note->reason, sizeof note->reason,
                          "this server runs as root; use --user NAME with a user who owns nothing "
                          "else");
    return true;
}

/* A server that stays root keeps two capabilities: to read the files that are read again, even in
 * folders that only their owners may enter, and to lock memory. */
bool confine_capabilities(const struct confinement *c, struct confine_note *note)
{
    const uint32_t kept = 1u << CAP_DAC_READ_SEARCH | 1u << CAP_IPC_LOCK;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3];
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

    (void)c;
    if (syscall(SYS_capget, &header, now) == 0) {
        if (geteuid() == 0)
            data[0].permitted = data[0].effective = now[0].permitted & kept;
        if (syscall(SYS_capset, &header, data) == 0) {
            (void)snprintf(note->value, sizeof note->value, "%s",
                           data[0].permitted != 0 ? "reading,locking" : "none");
            return true;
        }
    }
    return confine_say(note->reason, sizeof note->reason, "capabilities cannot be dropped: %s",
                       strerror(errno));
}
