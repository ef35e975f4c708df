/* Files into which the bytes of sessions are written: nobody else may read them. */
#ifndef NACRE_APPS_OBSERVE_SECRET_FILE_H
#define NACRE_APPS_OBSERVE_SECRET_FILE_H

#include "apps/session/errbuf.h"

enum secret_file_mode {
    SECRET_FILE_APPEND,
    SECRET_FILE_REPLACE, /* what was in it is lost */
};

/* Open a regular file for writing; it is created with mode 0600. Returns the descriptor, which
 * programs do not inherit, or -1 with a sentence: it cannot be opened, it is something else, or it
 * belongs to another user, or another user may open it. */
int secret_file_open(const char *file, enum secret_file_mode mode, const struct errbuf *p);

#endif
