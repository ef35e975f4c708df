/* Changing a password file (apps/files/password_file.h): the work of nacre-passwd. */
#ifndef NACRE_APPS_PASSWORD_EDIT_H
#define NACRE_APPS_PASSWORD_EDIT_H

#include "transport/api.h"

enum nacre_password_edit {
    NACRE_PASSWORD_FAILED, /* the file is as it was; `errbuf` says why */
    NACRE_PASSWORD_ADDED,
    NACRE_PASSWORD_CHANGED,
    NACRE_PASSWORD_DELETED,
};

/* Can there be a user of this name? Not when it is empty, longer than 255 bytes, or holds ':' or a
 * control character. */
NACRE_API bool nacre_password_user_is_good(const char *user, char *errbuf, size_t size);

/* Give `user` a password, which is kept as an Argon2id hash, or, with NULL, delete the user.
 *
 * All lines of the user make way for the new one, which stands where the first of them stood, or at
 * the end. The other lines are kept byte for byte. The file is replaced as a whole, so that a
 * reader finds either the old one or the new one, also after a power cut; its mode is 0600 then,
 * but one of mode 0640 keeps that, and its group, whose the server may be. It is made when it is
 * missing and there is a password. It must not be writable by others and belong to us or to root; a
 * symbolic link to it stays one. Waits while another process is doing the same in that folder.
 *
 * Takes tens of milliseconds and 64 MiB for the hash. The password is not empty and at most 1024
 * bytes long. errbuf  of `size` bytes: a sentence when it failed, else empty */
NACRE_API enum nacre_password_edit nacre_password_file_edit(const char *path, const char *user,
                                                            const char *password, char *errbuf,
                                                            size_t size);

#endif
