/* The profile: what the user of nacre-spec says about the server. */
#ifndef NACRE_APPS_SPEC_PROFILE_H
#define NACRE_APPS_SPEC_PROFILE_H

#include "apps/session/errbuf.h"
#include "apps/spec/setting.h"

/* Set the commands: those of a named profile, or of a file. False and a sentence. The texts live as
 * long as the program. */
bool profile_read(struct profile *profile, const char *name, const struct errbuf *p);

/* The key, a stranger's key and the password. NULL file names: none. */
bool profile_read_secrets(struct profile *profile, const char *key_file, const char *password_file,
                          const struct errbuf *p);
void profile_clear(struct profile *profile);

/* A command with %s replaced. */
const char *profile_command(char *out, size_t size, const char *command, const char *argument);

/* Take a line of a profile apart, which it changes: "name = value". *name NULL: it is empty, or a
 * comment, which begins with `#`. False: it is neither. */
bool profile_line(char *line, char **name, char **value);

#endif
