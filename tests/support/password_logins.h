/* A password file in a scratch folder, and logins that it accepts or refuses. */
#ifndef NACRE_TESTS_SUPPORT_PASSWORD_LOGINS_H
#define NACRE_TESTS_SUPPORT_PASSWORD_LOGINS_H

#include "apps/files/password_file.h"

/* Hashes of "password" and "secret" with the salt "somesaltsomesalt", at the lowest costs. The hash
 * function has its own test. */
#define HASH_64_MIB                                                                                \
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
#define HASH_8                                                                                     \
    "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"                                           \
    "BbbKj4A4toOIetSRZTOFi0nLUgQBJsE09Mbp2HEbjAk"
#define HASH_16                                                                                    \
    "$argon2id$v=19$m=16,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$0zrySGHlVW1DxIHhk+"                        \
    "otnepNDvdEEgGyUJRc40wYQLk"

enum { PASSWORD_ERRBUF = 4096 /* bytes */ };

extern char errbuf[PASSWORD_ERRBUF]; /* of the last call */
extern char warned[PASSWORD_ERRBUF]; /* of open_file */
extern struct nacre_password_file *file;

/* Where the file is. */
const char *path(void);
void write_file(const char *text);

/* Write the file and open it. */
void open_file(const char *text);
void close_file(void);

/* Look the user up and run the check. *slow: it computes a hash. */
bool logs_in(const char *user, const char *password, bool *slow);

void assert_in(const char *user, const char *password);
void assert_out(const char *user, const char *password);

#endif
