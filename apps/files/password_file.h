/* Who may log in with which password: a text file, `user:password` a line, as Twisted's
 * FilePasswordDB reads it.
 *
 * No comments and no quoting; white space at the end of a line is dropped; a line without ':' says
 * nothing; the first line for a user counts. The password is all after the first ':' and may be
 * empty. One that begins with `$argon2` is not a password but the hash of one: Argon2id in its
 * usual text form (RFC 9106), at most 1 GiB of memory and 16 passes over it.
 *
 * The file is read anew whenever it changes. While it is missing, cannot be read, may be written by
 * others or belongs to somebody else than the user we run as or root, nobody logs in.
 *
 * Checking takes two steps, since a hash takes tens of milliseconds on purpose: the look-up belongs
 * on the event loop, running the check off it (apps/runtime/offload.h):
 *
 *     check = nacre_password_file_lookup(passwords, user, password, errbuf, sizeof errbuf);
 *     good = nacre_password_check_run(check);
 *     nacre_password_check_free(check);
 *
 * How long both take does not tell whether the user exists, nor which kind of entry there is: when
 * the file holds a hash, every check computes one of each cost (memory, passes, lanes) in it. */
#ifndef NACRE_APPS_PASSWORD_FILE_H
#define NACRE_APPS_PASSWORD_FILE_H

#include "transport/api.h"

/* Any thread may use it, and several at once. */
struct nacre_password_file;

/* One password to be checked for one user. Holds a secret until it is freed. */
struct nacre_password_check;

/* Read `path` for the first time. NULL when nobody can log in with it; `errbuf`, of `size` bytes,
 * then holds a sentence for a person. Otherwise `errbuf` is empty, or warns of a line that cannot
 * be used. */
NACRE_API struct nacre_password_file *nacre_password_file_open(const char *path, char *errbuf,
                                                               size_t size);

/* Nobody looks up in it any more; checks that were prepared may still run. NULL is fine. */
NACRE_API void nacre_password_file_close(struct nacre_password_file *file);

/* Prepare the check of `password` for `user`; both are copied as far as they are needed, and the
 * file may be closed before the check runs. A user that does not exist gets a check like any other;
 * it fails. When the file has changed and something is wrong with it, `errbuf` holds a sentence,
 * once for each change; otherwise it is empty. NULL: out of memory; nobody logs in. */
NACRE_API struct nacre_password_check *nacre_password_file_lookup(struct nacre_password_file *file,
                                                                  const char *user,
                                                                  const char *password,
                                                                  char *errbuf, size_t size);

/* True when running it computes a password hash: do that off the event loop. Otherwise it takes
 * about a microsecond. */
NACRE_API bool nacre_password_check_is_slow(const struct nacre_password_check *check);

/* Is it the user's password? Pure computation, on any thread, which allocates as much memory as
 * the hashes ask for; false when there is not so much. */
NACRE_API bool nacre_password_check_run(const struct nacre_password_check *check);

/* Wipe it and give its memory back. NULL is fine. */
NACRE_API void nacre_password_check_free(struct nacre_password_check *check);

#endif
