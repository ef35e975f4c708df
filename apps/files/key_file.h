/* Key files, for host keys and for a client's own keys: read one, create one. What is in them, and
 * what else can be done with a key: key.h.
 *
 * A file that others may read or write is refused: its key is no longer a secret. But the group may
 * read a file of root's if it is root's group or one of this process's. A function that returns
 * NULL leaves in errbuf, of `size` bytes, a sentence that names the file, says what is wrong and
 * what to do about it.
 *
 * From any thread. Text that is passed, such as the name of the file, is not kept. What is returned
 * lives until the caller frees it with nacre_key_free or nacre_key_text_free. */
#ifndef NACRE_APPS_FILES_KEY_FILE_H
#define NACRE_APPS_FILES_KEY_FILE_H

#include "apps/files/key.h"

/* Read the key in `file`, which must not be encrypted. The caller frees it with nacre_key_free. */
NACRE_API struct nacre_key *nacre_key_read(const char *file, char *errbuf, size_t size);

/* Read a private key that may be encrypted, and keep its text: see key.h. */
NACRE_API struct nacre_key_text *nacre_key_text_read(const char *file, char *errbuf, size_t size);

/* Read the first public key in a .pub file, which others may read, but not write. */
NACRE_API struct nacre_key *nacre_key_read_public(const char *file, char *errbuf, size_t size);

/* Create an Ed25519 key. Writes it to `file`, in OpenSSH's format with mode 0600, and the public
 * key to `file`.pub. Creates their folder, with mode 0700, if it is missing; never touches existing
 * files. `file` appears only when it is complete. NULL on failure, with errbuf as above; no file is
 * left then. */
NACRE_API struct nacre_key *nacre_key_make(const char *file, char *errbuf, size_t size);

/* Read the key in `file`, or create one if there is no such file. Processes that call this at the
 * same time all get the same key: one creates it, the others read it. NULL on failure, with errbuf
 * as above. */
NACRE_API struct nacre_key *nacre_key_read_or_make(const char *file, char *errbuf, size_t size);

#endif
