/* Passwords of users: a text file with one `user:password` per line, as Twisted's FilePasswordDB
 * reads it.
 *
 * No comments and no quoting. White space at the end of a line is dropped; a line without ':' is
 * ignored; of several lines for one user the first counts. The password is what follows the first
 * ':', up to a second ':' if there is one. One that begins with `$argon2id$` is the hash of a
 * password in its usual text form (RFC 9106), at most 1 GiB of memory and 16 passes.
 *
 * What means "no login" in other files means it here: nobody logs in with an empty password, one
 * that begins with `*` or `!`, or a hash of another kind (`$6$...`, `$2b$...`, `{SSHA}...`).
 * Neither does anybody with a plain password in a last line that has no line end, because it may
 * be the beginning of a longer one.
 *
 * The file is read again whenever it changes. Nobody logs in while it is missing, unreadable or
 * owned by a user other than this process's or root, or while others can write to it or to a folder
 * on the way to it; a group that the process's user alone is in may.
 *
 * A check has two steps, because a hash takes tens of milliseconds on purpose: the lookup belongs
 * on the event loop, running the check on another thread (offload.h):
 *
 *     check = nacre_password_file_lookup(passwords, user, password, errbuf, sizeof errbuf);
 *     good = nacre_password_check_run(check, &undecided);
 *     nacre_password_check_free(check);
 *
 * The time that both take does not reveal whether the user exists or which kind of entry it has: if
 * the file contains hashes, every check computes one of each cost (memory, passes, lanes) in it. */
#ifndef NACRE_APPS_FILES_PASSWORD_FILE_H
#define NACRE_APPS_FILES_PASSWORD_FILE_H

#include "transport/api.h"

/* Several threads may use it at once. Lives until nacre_password_file_close. */
struct nacre_password_file;

/* One password to check for one user. Lives, and contains a secret, until
 * nacre_password_check_free. */
struct nacre_password_check;

/* Read `path`, which is copied, for the first time. NULL when nobody could log in with it: errbuf,
 * of `size` bytes, then holds a sentence. Otherwise it holds warnings, a sentence per line, as many
 * as fit: lines that let nobody log in, passwords cut at a second ':', plain passwords that others
 * can read. */
NACRE_API struct nacre_password_file *nacre_password_file_open(const char *path, char *errbuf,
                                                               size_t size);

/* Close a file that is no longer used for lookups; prepared checks may still run. NULL is fine. */
NACRE_API void nacre_password_file_close(struct nacre_password_file *file);

/* Prepare the check of `password` for `user`. It copies what it needs, so the file may be closed
 * before the check runs. An unknown user gets a check like any other; it fails. errbuf holds
 * sentences, as above, once after each change of the file that left something wrong with it;
 * otherwise it is empty. NULL: out of memory; the login fails. */
NACRE_API struct nacre_password_check *nacre_password_file_lookup(struct nacre_password_file *file,
                                                                  const char *user,
                                                                  const char *password,
                                                                  char *errbuf, size_t size);

/* Does running the check compute a password hash? Then run it off the event loop. Otherwise it
 * takes about a microsecond. */
NACRE_API bool nacre_password_check_is_slow(const struct nacre_password_check *check);

/* Is it the user's password? Pure computation, on any thread. It allocates as much memory as the
 * hashes require. *undecided: false was returned because there was too little, perhaps for reading
 * the file; then the password
 * may be right or wrong, so answer nacre_decide_unable. */
NACRE_API bool nacre_password_check_run(const struct nacre_password_check *check, bool *undecided);

/* Wipe and free. NULL is fine. */
NACRE_API void nacre_password_check_free(struct nacre_password_check *check);

#endif
