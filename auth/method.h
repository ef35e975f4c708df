/* One authentication method: its server half and its client half. RFC 4252 section 5. */
#ifndef NACRE_AUTH_METHOD_H
#define NACRE_AUTH_METHOD_H

#include "auth/auth.h"

struct auth_method {
    const char *name;

    bool listed; /* in USERAUTH_FAILURE, when it is offered */

    /* Server: may it be used under this policy? NULL: it may always be asked. */
    bool (*offered)(const struct nacre_auth_policy *policy);

    /* Server: the method's own fields of USERAUTH_REQUEST. */
    int (*request)(struct auth *a, struct reader *r);

    /* Client: send the next request of this method, if there is one left to try. NULL: it is never
     * tried by its own name. */
    bool (*attempt)(struct auth *a);

    /* The method's own messages, 60 to 79. NULL when it has none. */
    int (*receive)(struct auth *a, uint8_t number, struct reader *r);
};

extern const struct auth_method auth_none, auth_password, auth_publickey, auth_hostbound,
    auth_interactive;

/* All of them, in the order they are listed and tried; ends with NULL. */
extern const struct auth_method *const auth_methods[];
const struct auth_method *auth_find_method(struct bytes name);

/* What a request that is refused counts as. */
enum auth_attempt {
    AUTH_ATTEMPT_PROOF, /* a password or a signature */
    AUTH_ATTEMPT_QUERY, /* would this key do? */
    AUTH_ATTEMPT_OTHER,
};

/* Server: refuse the request: USERAUTH_FAILURE, or the end when it was one too many. */
int auth_refuse(struct auth *a, enum auth_attempt attempt);

/* Server: the request succeeded: SUCCESS, or FAILURE with partial success when more is required. */
int auth_succeed(struct auth *a);

/* Server: a question to the policy, NULL when memory is out. `echo` is kept with it (a copy), for
 * the PK_OK of a query; `answer` gets it back. While it is open no further message is read. */
struct nacre_decision *auth_ask(struct auth *a, struct bytes echo,
                                int (*answer)(struct auth *a, bool granted, struct bytes echo));

/* The session ends before the policy has answered. */
void auth_forget_decision(struct auth *a);

/* Server: method_interactive.c and method_password.c: ask the client for more. */
void auth_send_info_request(struct auth *a, const char *name, const char *instruction,
                            const struct nacre_prompt *prompts, size_t count);
void auth_send_change_request(struct auth *a, const char *prompt);

/* server.c and client.c: the messages of section 5, and the beginning. */
int auth_server_start(struct auth *a);
int auth_client_start(struct auth *a);
int auth_on_request(struct auth *a, struct reader *r);
int auth_on_failure(struct auth *a, struct reader *r);
int auth_on_success(struct auth *a, struct reader *r);
int auth_on_banner(struct auth *a, struct reader *r);

/* Either side: the login is complete. */
int auth_log_in(struct auth *a);

/* Client: ask a person, and go on with `respond`. There must be one: config->ask. */
void auth_ask_person(struct auth *a, const struct nacre_ask *ask,
                     int (*respond)(struct auth *a, const char *const *responses, size_t count));

/* Client: wire text for a person, NUL-terminated: wire.len + 1 bytes at `out`. */
void auth_clean(char *out, struct bytes wire);

/* ... as an allocated copy of wire.len + 1 bytes; NULL: out of memory. */
char *auth_clean_text(struct pool *pool, struct bytes wire);

/* Client: nothing to say to this method; ask for the list again with "none" and try the rest. */
int auth_skip_method(struct auth *a);

/* Client: begin a USERAUTH_REQUEST of that method. RFC 4252 section 5. */
struct writer auth_begin_request(struct auth *a, const char *method, size_t room);

/* Copy wire text to a NUL-terminated string; false when it holds a NUL or is too long. */
bool auth_text(char *out, size_t size, struct bytes text);

#endif
