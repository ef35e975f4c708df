/* The files of a server program: host keys, passwords, authorized keys, banner. A failure prints a
 * sentence on standard error. */
#ifndef NACRE_APPS_DAEMON_FILES_H
#define NACRE_APPS_DAEMON_FILES_H

#include "apps/confine/confine.h"
#include "apps/daemon/login.h"
#include "apps/daemon/program.h"

/* Print "NAME: SENTENCE" on standard error, through the log. Returns false. */
bool program_failed(const struct server_program *program, const char *sentence);

/* Read the private host keys into keys, NULL-terminated; those before a failure stay there. The
 * default one is made if it is missing. Logs each as event=hostkey. */
bool files_read_host_keys(const struct server_program *program, const struct server_options *o,
                          const struct confinement *c,
                          const struct nacre_key *keys[OPTION_LIST_MAX + 1]);
void files_free_host_keys(const struct nacre_key *const *keys);

/* The name of the password file, whether it exists or not. */
const char *files_passwords(const struct server_options *o);

/* Open the password file for `login`. The default one may be missing if there is another way to log
 * in; login->passwords is NULL then. */
bool files_open_passwords(const struct server_program *program, const struct server_options *o,
                          struct login *login);

/* Open the authorized keys for `login`, if there are to be any. */
bool files_open_authorized_keys(const struct server_program *program,
                                const struct server_options *o, struct login *login);

/* Read the banner into `banner`, as RFC 4252 section 5.4 has it: lines end in CR LF. */
bool files_read_banner(const struct server_program *program, const struct server_options *o,
                       char banner[NACRE_BANNER_MAX + 1]);

#endif
