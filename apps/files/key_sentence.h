/* A sentence for everything that can be wrong with the text of a private key. */
#ifndef NACRE_APPS_FILES_KEY_SENTENCE_H
#define NACRE_APPS_FILES_KEY_SENTENCE_H

#include "apps/files/key_format.h"

/* Where the sentence goes, and what it is about. */
struct key_report {
    const char *name;
    bool is_file; /* there are programs that could change it */
    const struct errbuf *p;
};

/* Nothing for KEY_GOOD. format: for a person; decrypt: the command that removes the passphrase. */
void key_say_result(enum key_result result, const char *format, const char *decrypt,
                    const struct key_report *to);

/* KEY_MALFORMED, with what is wrong. */
enum key_result key_say_damaged(const struct key_report *to, const char *what);

/* For a file that contains no private key. Those that are often taken for one get a sentence of
 * their own. first: its first line that is not empty */
void key_say_not_private(struct bytes first, const struct key_report *to);

bool key_line_begins(struct bytes line, const char *text);

#endif
