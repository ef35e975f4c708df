/* Where keys are: in memory that is never swapped out, once that was started. */
#ifndef NACRE_APPS_FILES_KEY_OBJECT_H
#define NACRE_APPS_FILES_KEY_OBJECT_H

#include "transport/key_pair.h"

/* A key that is all zero, for nacre_key_free. NULL: out of memory. */
struct nacre_key *key_new(void);

#endif
