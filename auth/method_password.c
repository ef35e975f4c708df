/* password. RFC 4252 section 8. */
#include "auth/decision.h"
#include "auth/parts.h"
#include "auth/request.h"
#include "transport/text.h"

#include <string.h>

static bool offered(const struct nacre_auth_policy *policy)
{
    return policy->password != NULL;
}

/* ---- server ---- */

/* RFC 4252 section 8
 *     byte      SSH_MSG_USERAUTH_PASSWD_CHANGEREQ
 *     string    prompt in ISO-10646 UTF-8 encoding
 *     string    language tag                                                   */
static void send_change_request(struct auth *a, const char *prompt)
{
    size_t room = 1 + 4 + strlen(prompt) + 4;
    struct writer w = transport_begin(a->transport, SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, room);

    write_text(&w, prompt);
    write_text(&w, "");
    transport_send(a->transport, &w);
}

/* new_password is NULL unless the request is a change. */
static void ask_policy(struct auth *a, const char *password, const char *new_password)
{
    const struct nacre_auth_policy *policy = a->config->policy;
    struct nacre_decision *d = auth_ask(a, AUTH_COUNT_PROOF, (struct bytes){NULL, 0}, NULL);

    if (d == NULL)
        return;
    if (new_password == NULL)
        policy->password(a->context, d, a->user, password);
    else
        policy->change_password(a->context, d, a->user, password, new_password);
    auth_asked(d);
}

/* RFC 4252 section 8
 *     boolean   FALSE                    TRUE for a change, then:
 *     string    plaintext password       string    plaintext old password
 *                                        string    plaintext new password      */
static int on_password(struct auth *a, struct reader *r)
{
    bool change = read_bool(r);
    struct bytes wire = read_string(r);
    struct bytes new_wire = change ? read_string(r) : (struct bytes){(const uint8_t *)"", 0};
    char password[NACRE_PASSWORD_MAX + 1], new_password[NACRE_PASSWORD_MAX + 1];
    bool good;

    if (!read_done(r))
        return transport_malformed(a->transport, "USERAUTH_REQUEST for password is malformed");
    good = transport_is_protected(a->transport) &&
           (!change || a->config->policy->change_password != NULL) &&
           text_from_wire(password, sizeof password, wire) &&
           text_from_wire(new_password, sizeof new_password, new_wire);
    if (good)
        ask_policy(a, password, change ? new_password : NULL);
    wipe(password, sizeof password);
    wipe(new_password, sizeof new_password);
    return good ? 0 : auth_refuse(a, AUTH_COUNT_PROOF);
}

/* ---- client ---- */

/* RFC 4252 section 8: the fields of on_password */
static int send_password(struct auth *a, const char *password, const char *new_password)
{
    size_t room = 1 + 4 + strlen(password) + (new_password != NULL ? 4 + strlen(new_password) : 0);
    struct writer w = auth_begin_request(a, auth_password.name, room);

    write_bool(&w, new_password != NULL);
    write_text(&w, password);
    if (new_password != NULL)
        write_text(&w, new_password);
    a->step = AUTH_SENT_PASSWORD;
    transport_send(a->transport, &w);
    return 0;
}

static const char too_long[] = "the password is longer than 1024 bytes";

_Static_assert(NACRE_PASSWORD_MAX == 1024, "as the text says");

/* A request to change the password repeats the old one, so it is kept. */
static int keep_and_send(struct auth *a, const char *password)
{
    if (strlen(password) > NACRE_PASSWORD_MAX)
        return auth_give_up(a, too_long);
    a->gave_up = NULL;
    if (a->password == NULL)
        a->password = pool_allocate(transport_pool(a->transport), NACRE_PASSWORD_MAX + 1);
    if (a->password == NULL)
        return transport_no_memory(a->transport);
    memmove(a->password, password, strlen(password) + 1);
    return send_password(a, a->password, NULL);
}

static int give_up(struct auth *a, const char *why)
{
    a->password_tries = AUTH_TRIES_MAX;
    return auth_give_up(a, why);
}

static int password_typed(struct auth *a, const char *const *responses, size_t count)
{
    if (responses == NULL || count != 1)
        return give_up(a, NULL);
    return keep_and_send(a, responses[0]);
}

static const char expired[] = "the password has expired and must be changed";

static int new_password_typed(struct auth *a, const char *const *responses, size_t count)
{
    if (responses == NULL || count != 1)
        return give_up(a, expired);
    if (strlen(responses[0]) > NACRE_PASSWORD_MAX)
        return give_up(a, too_long);
    return send_password(a, a->password, responses[0]);
}

/* The configured password once; after it, what a person types. */
static bool attempt(struct auth *a)
{
    static const struct nacre_prompt prompt = {"Password: ", false};
    /* A person who typed too much learns it from the next question. */
    const char *why = a->gave_up == too_long ? too_long : "";

    if (!transport_is_protected(a->transport) || a->password_tries >= AUTH_TRIES_MAX)
        return false;
    if (a->password_tries++ == 0 && a->with->password != NULL) {
        if (strlen(a->with->password) <= NACRE_PASSWORD_MAX) {
            (void)keep_and_send(a, a->with->password);
            return true;
        }
        a->gave_up = too_long;
    }
    if (a->with->ask == NULL)
        return false;
    auth_ask_person(a, &(struct nacre_ask){NACRE_ASK_PASSWORD, "", why, &prompt, 1},
                    password_typed);
    return true;
}

/* RFC 4252 section 8
 *     byte      SSH_MSG_USERAUTH_PASSWD_CHANGEREQ
 *     string    prompt in ISO-10646 UTF-8 encoding
 *     string    language tag                                                   */
static int on_change_request(struct auth *a, struct reader *r)
{
    struct pool *pool = transport_pool(a->transport);
    struct bytes text = read_string(r);
    struct nacre_prompt prompt = {NULL, false};
    char *cleaned;

    (void)read_string(r);
    if (!read_done(r))
        return transport_malformed(a->transport, "USERAUTH_PASSWD_CHANGEREQ is malformed");
    if (a->step != AUTH_SENT_PASSWORD)
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "USERAUTH_PASSWD_CHANGEREQ does not answer the last request");
    if (a->with->ask == NULL) /* nobody to ask, but another method may succeed */
        return give_up(a, expired);
    cleaned = auth_clean_text(pool, text);
    if (cleaned == NULL)
        return transport_no_memory(a->transport);
    prompt.text = cleaned;
    auth_ask_person(a, &(struct nacre_ask){NACRE_ASK_NEW_PASSWORD, "", "", &prompt, 1},
                    new_password_typed);
    pool_release(pool, cleaned, text.len + 1);
    return 0;
}

const struct auth_method auth_password = {
    .name = "password",
    .listed = true,
    .is_attempt = true,
    .offered = offered,
    .on_request = on_password,
    .ask_change = send_change_request,
    .attempt = attempt,
    .on_reply = on_change_request,
};
