/* The text of a key, private or public. */
#ifndef NACRE_APPS_FILES_KEY_TEXT_H
#define NACRE_APPS_FILES_KEY_TEXT_H

#include "apps/files/key.h"
#include "apps/session/errbuf.h"
#include "crypto/bytes.h"

/* Keep a copy of the text. file: for sentences; NULL: it was in memory. NULL: out of memory. */
struct nacre_key_text *key_text_keep(struct bytes text, const char *file);

/* The first public key in a text, a line of its own. file: the same. NULL: *p has a sentence. */
struct nacre_key *key_public_parse(struct bytes text, const char *file, const struct errbuf *p);

#endif
