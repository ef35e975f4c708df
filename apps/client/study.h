/* The options for study, in this program. */
#ifndef NACRE_APPS_CLIENT_STUDY_H
#define NACRE_APPS_CLIENT_STUDY_H

#include "apps/client/options.h"
#include "apps/observe/study.h"

/* Open the files and start. own: the program's observer, or NULL; its context is the nacre_client.
 * False: a sentence has been printed. In either case, call study_close in the end. */
bool client_study_begin(const struct client_options *o, const struct nacre_observer *own);

#endif
