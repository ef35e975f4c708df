/* Who may log in to a server program: a password file and authorized keys, as an auth policy. */
#ifndef NACRE_APPS_DAEMON_LOGIN_H
#define NACRE_APPS_DAEMON_LOGIN_H

#include "apps/files/authorized_keys.h"
#include "apps/files/password_file.h"
#include "apps/server/server.h"
#include "auth/policy.h"

/* The context of the program's server (nacre_peer_server_context). */
struct login {
    struct nacre_password_file *passwords;         /* NULL: nobody logs in with a password */
    struct nacre_authorized_keys *authorized_keys; /* NULL: nobody logs in with a key */
    bool keyboard_interactive;                     /* ask for the password this way too */
    const char *require, *banner;                  /* as in struct nacre_auth_policy */
};

/* What the peer's user may do: the options of the key that the user logged in with. Without a key,
 * everything. */
const struct nacre_key_grant *login_grant(const struct nacre_peer *peer);

/* Call this when the peer's connection has ended. */
void login_forget(struct nacre_peer *peer);

/* The policy that uses these files and logs every attempt. */
struct nacre_auth_policy login_policy(const struct login *login);

#endif
