/* Who has logged in, and what was proved. RFC 4252 section 5.
 *
 * A login holds the methods that succeeded. A key that was only queried, a wrong signature and a
 * refused password leave no trace in it, and neither do the methods that another user name
 * succeeded with on the same connection.
 *
 * nacre_session_login (and nacre_peer_login) returns the login once it is complete, at a server
 * and at a client. It lives as long as the session, also inside `closed` and `ended`, and so does
 * everything that the functions below return. All of them belong on the session's thread. */
#ifndef NACRE_AUTH_IDENTITY_H
#define NACRE_AUTH_IDENTITY_H

#include "transport/api.h"

/* One login. Lives as long as its session. */
struct nacre_login;

/* The user's name, UTF-8 as the client sent it. Never NULL. */
NACRE_API const char *nacre_login_user(const struct nacre_login *login);

/* The i-th method that succeeded, in order and counted from 0: "publickey", "password" or
 * "keyboard-interactive". NULL past the last one. A client whose server required nothing has none.
 */
NACRE_API const char *nacre_login_method(const struct nacre_login *login, size_t i);

/* The public key of which the client proved the secret half: its blob, of *len bytes. NULL, and 0:
 * no method was publickey. A client whose server required several keys has the last one. RFC 4252
 * section 7. */
NACRE_API const uint8_t *nacre_login_key(const struct nacre_login *login, size_t *len);

/* The algorithm of the signature by that key, "rsa-sha2-512"; NULL: no key. */
NACRE_API const char *nacre_login_key_algorithm(const struct nacre_login *login);

/* Its fingerprint, "SHA256:...", as `ssh-keygen -l` prints it; NULL: no key. */
NACRE_API const char *nacre_login_fingerprint(const struct nacre_login *login);

/* Server: what the policy calls that key (nacre_decision_set_comment), usually the comment in
 * authorized_keys, "alice@laptop". "" without one; NULL: no key. */
NACRE_API const char *nacre_login_key_comment(const struct nacre_login *login);

/* Server: what the policy attached when it granted that method (nacre_decision_attach); method,
 * which is not kept, may be NULL: the last one for which it attached something. NULL: nothing. */
NACRE_API void *nacre_login_attached(const struct nacre_login *login, const char *method);

#endif
