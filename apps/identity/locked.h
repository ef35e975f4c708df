/* A key with a passphrase: offered to the server first, and opened once the server accepts it. */
#ifndef NACRE_APPS_IDENTITY_LOCKED_H
#define NACRE_APPS_IDENTITY_LOCKED_H

#include "apps/files/key_file.h"
#include "apps/session/errbuf.h"

enum {
    LOCKED_TRIES = 3, /* as ssh's NumberOfPasswordPrompts */
    LOCKED_ANSWER_MAX = 1025,
};

/* Ask a person, without echo: a question, and the answer of at most `size` bytes, NUL included.
 * False: there is no answer. */
typedef bool locked_ask(const char *question, char *answer, size_t size);

struct locked_key;

/* Takes the text over, also when it fails. note: for what goes wrong later. NULL: *p has a
 * sentence. */
struct locked_key *locked_key_new(struct nacre_key_text *text, const char *file, locked_ask *ask,
                                  const struct errbuf *note, const struct errbuf *p);

/* The key to offer. It lives as long as the locked key. */
const struct nacre_key *locked_key_offer(const struct locked_key *locked);

/* Wipe and free. */
void locked_key_free(struct locked_key *locked);

#endif
