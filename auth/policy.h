/* Who may log in: the application's decisions. RFC 4252.
 *
 * Each question comes with a handle and is answered with nacre_decide, at once or later: a slow
 * answer (a password hash, a database) never blocks the loop. The peer's next message waits
 * meanwhile. Everything runs on the session's thread. */
#ifndef NACRE_AUTH_POLICY_H
#define NACRE_AUTH_POLICY_H

#include "auth/identity.h"

struct nacre_key;

enum {
    NACRE_USER_MAX = 255,           /* bytes of a user name; a longer one is refused */
    NACRE_PASSWORD_MAX = 1024,      /* bytes of a password; a longer one is refused */
    NACRE_BANNER_MAX = 4096,        /* bytes of a banner; a longer one is an error */
    NACRE_SERVER_PROMPTS_MAX = 16,  /* prompts in one nacre_decide_ask_more */
    NACRE_CLIENT_PROMPTS_MAX = 100, /* prompts in one nacre_ask; a request with more is declined */
};

/* An open question. The handle is valid until it is answered, even when the session, its endpoint
 * or server, and what their configurations pointed to are freed first. Answer every one: that is
 * what frees it. */
struct nacre_decision;

/* Answer the question: once, on the session's thread, from inside the policy's callback or later.
 * From inside a callback the answer takes effect when that has returned. It has no effect when the
 * session has ended.
 *
 * This call, or one of the four below in its place, ends the handle. A second answer has no effect
 * while the first one, or the policy's callback that got the handle, has not returned; after that
 * the handle must not be used. */
NACRE_API void nacre_decide(struct nacre_decision *decision, bool granted);

/* Instead of nacre_decide, when there is no answer: out of memory, or too many questions are open.
 * The session ends with NACRE_OUT_OF_RESOURCES; this does not count as a failed attempt. */
NACRE_API void nacre_decide_unable(struct nacre_decision *decision);

/* Instead of nacre_decide(decision, true): granted, but for this user `methods` must succeed as
 * well, "password" or "publickey,password". Those that have succeeded already count. The client
 * hears of a partial success (RFC 4252 section 5.1), and the policy is asked about the others; the
 * login is complete after the last of them, and after those in the policy's `require`. In answer to
 * a query about a key it is nacre_decide(decision, true). A method that the policy does not offer
 * makes it a refusal. The text is copied. */
NACRE_API void nacre_decide_also(struct nacre_decision *decision, const char *methods);

/* The context of the session that waits: at a server of server.h the peer. NULL: it waits no more,
 * because it has ended. It is valid as long as the session.
 * On the session's thread. */
NACRE_API void *nacre_decision_context(const struct nacre_decision *decision);

/* Has the session ended, so that nobody waits for the answer? From any thread: a slow check can
 * stop early. The answer is still due. */
NACRE_API bool nacre_decision_is_over(const struct nacre_decision *decision);

/* From any thread: have answer(decision, argument) called on the session's thread, which must
 * answer the question, or attach something and answer it. It is called also when the session has
 * ended, or the server is freed, meanwhile. What argument points to must live until the call.
 *
 * At a server of server.h, call it before nacre_server_free; other endpoints need the member `post`
 * (session.h). False: memory is out, or there is no `post`; the question is still open, then. */
NACRE_API bool nacre_decision_post(struct nacre_decision *decision,
                                   void (*answer)(struct nacre_decision *decision, void *argument),
                                   void *argument);

/* The member `data` of the policy that was asked: it belongs to the program. */
NACRE_API void *nacre_decision_policy_data(const struct nacre_decision *decision);

/* What the same user has proved before in this login; NULL: nothing yet. Valid until the answer. On
 * the session's thread. */
NACRE_API const struct nacre_login *nacre_decision_login(const struct nacre_decision *decision);

/* Before the answer: attach a pointer, which nacre_login_attached returns if the answer grants the
 * request and the client proves what it claims. The pointer stays valid until release(data), which
 * is called exactly once, unless it is NULL: when the session is freed, after `closed` and `ended`;
 * or earlier, when the request has proved nothing (it was refused, it was only a query, its
 * signature is wrong, or another user name replaces it). It must not call functions of a session. A
 * second call replaces the first. */
NACRE_API void nacre_decision_attach(struct nacre_decision *decision, void *data,
                                     void (*release)(void *data));

/* Before the answer to `publickey`: nacre_login_key_comment returns this text, which is copied, if
 * the key logs in. False: out of memory. */
NACRE_API bool nacre_decision_set_comment(struct nacre_decision *decision, const char *comment);

struct nacre_prompt {
    const char *text; /* "Password: "; not empty */
    bool echo;        /* the response may be shown while it is typed */
};

/* Instead of nacre_decide, in answer to `interactive`: show the person more prompts; the policy is
 * asked again with the responses. RFC 4256 section 3.2. All text is copied.
 *
 * name, instruction  to show before the prompts; may be empty
 * count              0 to NACRE_SERVER_PROMPTS_MAX; more are a refusal
 *
 * In answer to another question it is a refusal. */
NACRE_API void nacre_decide_ask_more(struct nacre_decision *decision, const char *name,
                                     const char *instruction, const struct nacre_prompt *prompts,
                                     size_t count);

/* Instead of nacre_decide, in answer to `password` or `change_password`: the password must be
 * changed first. The client shows `prompt`, which is copied, and `change_password` gets the new
 * password. RFC 4252 section 8. In answer to another question it is a refusal. */
NACRE_API void nacre_decide_change_password(struct nacre_decision *decision, const char *prompt);

/* True when both are the same. Takes constant time for two texts of the same length; the lengths
 * are not secret. Text is not kept. May be called on any thread. */
NACRE_API bool nacre_password_equals(const char *password, const char *expected);

/* A key with which a client requests a login, or asks whether it could. RFC 4252 section 7. */
struct nacre_key_offer {
    const char *algorithm; /* of the signature, "rsa-sha2-256" */
    const uint8_t *key;    /* the public key blob */
    size_t key_len;        /* bytes */

    /* False: a query. Anyone can send one for any public key, so it says nothing about the client:
     * remember nothing from it. True: a proof, which has a signature. Granted, it logs the user in
     * if the signature is right; `attempted` reports that. */
    bool is_proof;
};

/* A server's decisions. Where a member is NULL, its method is not offered.
 *
 * Text is NUL-terminated UTF-8 as the peer sent it, without a NUL inside. It is valid until the
 * callback returns; passwords and responses are wiped then.
 *
 * Refuse an unknown user only after as much work as for a known one: otherwise the time reveals
 * which users exist. */
struct nacre_auth_policy {
    /* RFC 4252 section 8. */
    void (*password)(void *context, struct nacre_decision *decision, const char *user,
                     const char *password);

    /* RFC 4252 section 7: may this key log in this user? Asked for a query and again for a proof,
     * whose signature is verified after that, and only if the key may log in: until `attempted`
     * reports success nobody has proved anything. A client may send a proof without a query. */
    void (*publickey)(void *context, struct nacre_decision *decision, const char *user,
                      const struct nacre_key_offer *offer);

    /* RFC 4256. First called with NULL and 0, and usually answered with nacre_decide_ask_more; then
     * with one response for each prompt. */
    void (*interactive)(void *context, struct nacre_decision *decision, const char *user,
                        const char *const *responses, size_t count);

    /* RFC 4252 section 8. Granted means: the password has been changed and the user is logged in.
     * NULL: refused. */
    void (*change_password)(void *context, struct nacre_decision *decision, const char *user,
                            const char *old_password, const char *new_password);

    /* Comma-separated methods that must all succeed, "publickey,password". Each must be offered,
     * that is, have its function here. NULL: any one. nacre_decide_also can require more of a
     * user. */
    const char *require;

    /* Text that clients show before the login, UTF-8 with CR LF line ends, at most NACRE_BANNER_MAX
     * bytes; or NULL. RFC 4252 section 5.4. */
    const char *banner;

    /* A request has been refused or granted, for logs. Not called for "none".
     *
     * user    of a name that is too long or contains NUL, the beginning without control
     *         characters, and its length: "aaaa... (300 bytes)"
     * method  as USERAUTH_FAILURE lists it: "publickey", "password" or "keyboard-interactive";
     *         "unknown" when it is not one of ours */
    void (*attempted)(void *context, const char *user, const char *method, bool granted);

    /* A key is refused, but not by `publickey`, for logs; `attempted` follows. A certificate, for
     * example, or a wrong signature.
     *
     * algorithm  as the client named it; "?" when that is not a name
     * reason     a phrase for a person; static text */
    void (*key_refused)(void *context, const char *user, const char *algorithm, const char *reason);

    /* The policy's own: see nacre_decision_policy_data. */
    void *data;
};

enum nacre_ask_kind {
    NACRE_ASK_PASSWORD,     /* one prompt */
    NACRE_ASK_NEW_PASSWORD, /* one prompt: the old password has expired */
    NACRE_ASK_INTERACTIVE,  /* keyboard-interactive: any number of prompts, also 0 */
};

/* A client's question to a person. RFC 4252 section 8, RFC 4256 section 3.2. Control characters in
 * all text are replaced. It is valid until the callback returns. */
struct nacre_ask {
    enum nacre_ask_kind kind;
    const char *name, *instruction; /* to show before the prompts; may be empty */
    const struct nacre_prompt *prompts;
    size_t count; /* at most NACRE_CLIENT_PROMPTS_MAX */
};

/* What a client logs in with. A session tries the keys first, then the password. */
struct nacre_client_login {
    const char *user;
    const char *password; /* or NULL */
    const struct nacre_key *const *keys;
    size_t key_count;
    /* Asks a person, whose answer comes through nacre_session_respond, now or later. NULL: no
     * person is there, and `password` answers what it can. */
    void (*ask)(void *context, const struct nacre_ask *ask);
};

#endif
