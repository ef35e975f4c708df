/* Who may log in: what an application decides. RFC 4252.
 *
 * Each question comes with a handle and is answered with nacre_decide, at once or later: a slow
 * answer (a password hash, a database) never blocks the loop. The peer waits meanwhile. All of it
 * happens on the thread that runs the session. */
#ifndef NACRE_AUTH_POLICY_H
#define NACRE_AUTH_POLICY_H

#include "transport/api.h"

enum {
    NACRE_USER_MAX = 255,      /* bytes of a user name */
    NACRE_PASSWORD_MAX = 1024, /* bytes of a password; a longer one is refused */
};

/* A question that is open. Lives until nacre_decide, even if the session ends before. */
struct nacre_decision;

/* Answer it, exactly once, on the thread that runs the session; from inside the question too. The
 * handle is gone afterwards. When the session has ended meanwhile, nothing happens. */
NACRE_API void nacre_decide(struct nacre_decision *decision, bool granted);

/* Instead of nacre_decide: it cannot be found out now, for want of memory or because too many ask.
 * The session ends as out of resources, and nothing counts as a guess. */
NACRE_API void nacre_decide_unable(struct nacre_decision *decision);

/* Something a person is asked for. */
struct nacre_prompt {
    const char *text; /* "Password: "; not empty */
    bool echo;        /* what is typed may be seen */
};

enum {
    NACRE_SERVER_PROMPTS_MAX = 16, /* that a server asks at once */
    NACRE_CLIENT_PROMPTS_MAX =
        100, /* ... and a client takes; from more it goes on to another method */
};

enum nacre_ask_kind {
    NACRE_ASK_PASSWORD,     /* one prompt */
    NACRE_ASK_NEW_PASSWORD, /* one prompt: the old one has expired */
    NACRE_ASK_INTERACTIVE,  /* keyboard-interactive: any number, also 0 */
};

/* Client: what a person is asked for. RFC 4252 section 8, RFC 4256 section 3.2. Text is filtered of
 * control characters; it lives until the callback returns. */
struct nacre_ask {
    enum nacre_ask_kind kind;
    const char *name, *instruction; /* to show before the prompts; may be empty */
    const struct nacre_prompt *prompts;
    size_t count;
};

/* Instead of nacre_decide, for a question of `interactive`: ask the person for this much more
 * (count prompts, at most NACRE_SERVER_PROMPTS_MAX, may be 0), and let the policy be asked again
 * with what they say. RFC 4256 section 3.2. All text is copied. */
NACRE_API void nacre_decide_ask_more(struct nacre_decision *decision, const char *name,
                                     const char *instruction, const struct nacre_prompt *prompts,
                                     size_t count);

/* Instead of nacre_decide, for a question of `password`: it must be changed first. prompt, which is
 * copied, asks for the new one; change_password gets it. RFC 4252 section 8. */
NACRE_API void nacre_decide_change_password(struct nacre_decision *decision, const char *prompt);

/* Is the password the right one? On any thread. Takes the same time wherever the two differ; only
 * their lengths tell. */
NACRE_API bool nacre_password_equals(const char *password, const char *right);

enum { NACRE_BANNER_MAX = 4096 };

/* A member that is NULL: that method is not offered. Text is NUL-terminated UTF-8 as the peer sent
 * it and never holds a NUL inside; it lives until the function returns, and a password is wiped
 * then.
 *
 * Say no to an unknown user only after as much work as for a known one: otherwise time tells. */
struct nacre_auth_policy {
    /* RFC 4252 section 8. */
    void (*password)(void *context, struct nacre_decision *decision, const char *user,
                     const char *password);

    /* RFC 4252 section 7: may this key log this user in? Asked for a query and for a proof alike;
     * in a proof the signature was already found right. key is the key's blob, algorithm the
     * signature's. */
    void (*publickey)(void *context, struct nacre_decision *decision, const char *user,
                      const char *algorithm, const uint8_t *key, size_t key_len);

    /* RFC 4256: the person answered what was asked, NULL and 0 at first. Usually answered with
     * nacre_decide_ask_more then, and with nacre_decide when enough is known. The responses are
     * wiped when it returns. */
    void (*interactive)(void *context, struct nacre_decision *decision, const char *user,
                        const char *const *responses, size_t count);

    /* RFC 4252 section 8: old and new password; granted means changed, and logged in. NULL:
     * refused. */
    void (*change_password)(void *context, struct nacre_decision *decision, const char *user,
                            const char *old_password, const char *new_password);

    /* Names of methods with commas between, "publickey,password": each of them must succeed. NULL:
     * any one. */
    const char *require;

    /* Shown by clients before the login, or NULL. At most NACRE_BANNER_MAX bytes of UTF-8 with CR
     * LF line ends. RFC 4252 section 5.4. */
    const char *banner;

    /* A request was refused, or granted, for good: for logs. method is one we know or "unknown". */
    void (*attempted)(void *context, const char *user, const char *method, bool granted);
};

#endif
