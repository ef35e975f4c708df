/* The files of a server program: host keys, passwords, authorized keys, banner. When a function
 * returns false, *p has a sentence. */
#ifndef NACRE_APPS_DAEMON_FILES_H
#define NACRE_APPS_DAEMON_FILES_H

#include "apps/confine/confine.h"
#include "apps/daemon/login.h"
#include "apps/daemon/options.h"
#include "apps/session/errbuf.h"

/* Read a private host key that was named; NULL with a sentence. */
struct nacre_key *files_read_host_key(const struct confinement *c, const char *file,
                                      const struct errbuf *p);
/* event=hostkey */
void files_log_host_key(const struct nacre_key *key, const char *file);
void files_free_host_keys(const struct nacre_key *const *keys);

/* The name of the password file, whether it exists or not. */
const char *files_passwords(const struct server_options *o);

/* Open the password file for `login`. The default one may be missing if there is another way to log
 * in; login->passwords is NULL then. True: *p has warnings about the file, a sentence per line. */
bool files_open_passwords(const struct server_options *o, struct login *login,
                          const struct errbuf *p);

/* Open the authorized keys for `login`, if there are to be any. */
bool files_open_authorized_keys(const struct server_options *o, struct login *login,
                                const struct errbuf *p);

/* Read the banner, as RFC 4252 section 5.4 has it: lines end in CR LF. */
bool files_read_banner(const char *path, char banner[NACRE_BANNER_MAX + 1], const struct errbuf *p);

#endif
