/* Editing a password file (password_file.h): what nacre-passwd does. From any thread
 * that may wait; text that is passed is not kept. */
#ifndef NACRE_APPS_FILES_PASSWORD_EDIT_H
#define NACRE_APPS_FILES_PASSWORD_EDIT_H

#include "transport/api.h"

/* What became of the file. */
enum nacre_password_edit {
    NACRE_PASSWORD_FAILED, /* the file is unchanged; errbuf says why */
    NACRE_PASSWORD_ADDED,
    NACRE_PASSWORD_CHANGED,
    NACRE_PASSWORD_DELETED,
};

/* Is this a valid user name? Not if it is empty, longer than 255 bytes, or contains ':' or a
 * control character; errbuf, of `size` bytes, then holds a sentence. */
NACRE_API bool nacre_password_user_is_good(const char *user, char *errbuf, size_t size);

/* Set the password of `user`, stored as an Argon2id hash, or, with NULL, delete the user.
 *
 * The new line takes the place of the user's first line, or goes to the end, but before a last line
 * that has no line end; the user's other lines are removed. Other users' lines are kept byte for
 * byte. The file is replaced as a whole: a reader finds either the old file or the new one, even
 * after a power failure. Its new mode is 0600, except that a file of mode 0640 keeps its mode and
 * group, so that a server in that group can still read it. A missing file is created if there is a
 * password. The file must be owned by this process's user or root, and not writable by others; a
 * symbolic link to it remains one. Waits while another process edits a password file in the same
 * folder.
 *
 * Takes tens of milliseconds and 64 MiB for the hash. The password has 1 to 1024 bytes. Returns
 * NACRE_PASSWORD_FAILED when the file is as it was; errbuf, of `size` bytes, then holds a sentence,
 * and is otherwise empty. */
NACRE_API enum nacre_password_edit nacre_password_file_edit(const char *path, const char *user,
                                                            const char *password, char *errbuf,
                                                            size_t size);

#endif
