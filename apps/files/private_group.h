/* A group that one user is in, such as useradd makes for each user. With the umask 002, which
 * Debian has had since 13, it may write to the user's files: that harms nobody, since its only
 * member is the user. Debian's sshd makes the same exception. */
#ifndef NACRE_APPS_FILES_PRIVATE_GROUP_H
#define NACRE_APPS_FILES_PRIVATE_GROUP_H

#include <stdbool.h>
#include <sys/stat.h>

/* Is the group of this process its user's alone? Looked up in /etc/passwd and /etc/group once for
 * each user that the process is, so that a server that asks before it loses access to the files can
 * ask later. False if they cannot be read. Any thread may call it. */
bool private_group_is_ours(void);

/* Look it up in other files and remember the answer for this user and group. For tests. */
void private_group_learn(uid_t user, gid_t group, const char *passwd, const char *groups);

/* May the group's bits in the mode of this file be as those of its owner? They are for the group
 * that belongs to this process's user alone, and no access control list gives them to others. fd:
 * an open file, or -1 for `path`, which is no symbolic link. Errors mean no. Any thread. */
bool private_group_has(const struct stat *status, int fd, const char *path);

#endif
