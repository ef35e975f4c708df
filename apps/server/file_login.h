/* A ready auth policy: users with a password in a file (password_file.h), or with a key in
 * authorized_keys (authorized_keys.h), or with both.
 *
 *     login = nacre_file_login_new(&(struct nacre_file_login_config){
 NACRE_VERSION_NUMBER, *                                      .version = NACRE_VERSION_NUMBER,
 .passwords = "passwords"},
 *                                  errbuf, sizeof errbuf);
 *     config.auth = nacre_file_login_policy(login);
 *
 * A server that needs no more than the files can name them in nacre_server_config instead.
 *
 * Both files are read again when they change. Password hashes are computed on other threads
 * (nacre_peer_offload). The time that a refusal takes does not reveal which users exist. RFC 4252
 * sections 7 and 8, RFC 4256. */
#ifndef NACRE_APPS_SERVER_FILE_LOGIN_H
#define NACRE_APPS_SERVER_FILE_LOGIN_H

#include "apps/files/authorized_keys.h"
#include "auth/policy.h"

/* Any number of servers and threads may share one. Lives until nacre_file_login_free. */
struct nacre_file_login;

/* Zero means none. The struct and file names are copied; other text is borrowed and must outlive
 * the login. */
struct nacre_file_login_config {
    uint32_t version;            /* NACRE_VERSION_NUMBER */
    const char *passwords;       /* as nacre_password_file_open; NULL: no passwords */
    const char *authorized_keys; /* as nacre_authorized_keys_open; NULL: no keys */
    bool keyboard_interactive;   /* ask for the password by that method, too: RFC 4256 */

    /* Who may log in at all, as AllowUsers and DenyUsers in sshd_config(5), but separated by
     * commas: users in which * and ? are wildcards, or USER@ADDRESS with an address as in from= of
     * authorized_keys. A user who may not gets the answers, after the time, of one with a wrong
     * password or key. */
    const char *allow_users, *deny_users;

    /* As in struct nacre_auth_policy. */
    const char *require, *banner;
    void (*attempted)(void *context, const char *user, const char *method, bool granted);
    void (*key_refused)(void *context, const char *user, const char *algorithm, const char *reason);

    /* A sentence for the operator: what is wrong with a file, or why a login could not be decided.
     * about: "passwords", "authorized_keys" or "auth". From nacre_file_login_new, and from the
     * threads of the sessions. NULL: not reported. */
    void (*trouble)(void *trouble_context, const char *about, const char *sentence);
    void *trouble_context;

    /* For sessions on a loop of your own, whose context is not a nacre_peer: a password hash is
     * computed inside the policy's callback, which takes tens of milliseconds, and the client's
     * address is unknown, so that no line with from= grants a login. */
    bool on_own_loop;
};

/* The configuration is copied; what it points to must outlive the login, which lives until
 * nacre_file_login_free. NULL: errbuf, of `size` bytes (or NULL and 0), holds a sentence: the
 * password file is of no use,
 * there is no file at all, or memory is out. Authorized keys are not read yet. */
NACRE_API struct nacre_file_login *
nacre_file_login_new(const struct nacre_file_login_config *config, char *errbuf, size_t size);

/* Free it after the servers and endpoints that use its policy. NULL is fine. */
NACRE_API void nacre_file_login_free(struct nacre_file_login *login);

/* The policy, never NULL, which lives as long as the login. */
NACRE_API const struct nacre_auth_policy *
nacre_file_login_policy(const struct nacre_file_login *login);

/* What somebody may do whom this policy has let in (nacre_session_login, nacre_peer_login): the
 * options of the key that was proved; everything, if none was, or if login is NULL. The application
 * enforces it. Never NULL. Lives as long as the session. */
NACRE_API const struct nacre_key_grant *nacre_file_login_grant(const struct nacre_login *login);

#endif
