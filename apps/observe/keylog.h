/* The key log: a file with the secrets of every key exchange, for Wireshark. Any thread may write
 * to it; its lines stay whole. */
#ifndef NACRE_APPS_OBSERVE_KEYLOG_H
#define NACRE_APPS_OBSERVE_KEYLOG_H

#include "apps/observe/observed.h"
#include "apps/session/errbuf.h"

/* Open the file to append to it; it is created with mode 0600. False, with a sentence: it cannot be
 * opened, or another user could read it.
 * trouble  called once, on any thread, when a line cannot be written */
bool keylog_open(const char *file, void (*trouble)(const char *sentence), const struct errbuf *p);

/* Add it to the observed parts after keylog_open. The lines of an exchange are in the file before
 * the server's reply, or the client's NEWKEYS, leaves. */
extern const struct observed_part keylog_part;

void keylog_close(void);

#endif
