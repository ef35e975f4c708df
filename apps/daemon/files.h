/* The files of a server program: passwords, authorized keys, banner. When a function
 * returns false, *p has a sentence. */
#ifndef NACRE_APPS_DAEMON_FILES_H
#define NACRE_APPS_DAEMON_FILES_H

#include "apps/daemon/options.h"
#include "apps/server/file_login.h"
#include "apps/session/errbuf.h"

/* The name of the password file, whether it exists or not. */
const char *files_passwords(const struct server_options *o);

/* Open the files of those who may log in; the log is about their attempts. The default password
 * file may be missing if there are authorized keys.
 *
 * banner   as in struct nacre_auth_policy
 * trouble  as in struct nacre_file_login_config
 * return   NULL with a sentence, which is about the password file */
struct nacre_file_login *files_open_login(const struct server_options *o, const char *banner,
                                          void (*trouble)(void *context, const char *about,
                                                          const char *sentence),
                                          const struct errbuf *p);

/* Read the banner, as RFC 4252 section 5.4 has it: lines end in CR LF. */
bool files_read_banner(const char *path, char banner[NACRE_BANNER_MAX + 1], const struct errbuf *p);

#endif
