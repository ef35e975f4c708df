/* Checking the folders on the way to a file: whoever can write to one of them can replace the file
 * by another one. */
#ifndef NACRE_APPS_FILES_TRUSTED_FOLDER_H
#define NACRE_APPS_FILES_TRUSTED_FOLDER_H

#include "apps/session/errbuf.h"

/* Check every folder on the way from the root to `path`, as sshd's StrictModes does, and those on
 * the way to the targets of symbolic links: each is owned by this process's user or root, and no
 * other user can write to it, as a member of its group either (apps/files/private_group.h). A
 * sticky folder of root's, such as /tmp, may be writable by others, if what is in it on the way
 * belongs to this process's user or root. False: the sentence names the folder. True also when
 * there is no such file or folder. */
bool trusted_folder_check(const char *path, const struct errbuf *p);

#endif
