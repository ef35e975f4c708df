/* password. RFC 4252 section 8. */
#include "auth/method.h"

#include <string.h>

static bool offered(const struct nacre_auth_policy *policy)
{
    return policy->password != NULL;
}

/* ---- server ---- */

static int answer(struct auth *a, bool granted, struct bytes echo)
{
    (void)echo;
    return granted ? auth_succeed(a) : auth_refuse(a, AUTH_ATTEMPT_PROOF);
}

/* RFC 4252 section 8: byte SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, string prompt, string language tag */
void auth_send_change_request(struct auth *a, const char *prompt)
{
    size_t room = 16 + strlen(prompt);
    struct writer w = transport_begin(a->transport, SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, room);

    write_text(&w, prompt);
    write_text(&w, "");
    transport_send(a->transport, &w);
}

/* Ask the policy. new_password is NULL unless it is a change. */
static void ask_policy(struct auth *a, const char *password, const char *new_password)
{
    const struct nacre_auth_policy *policy = a->config->policy;
    struct nacre_decision *decision = auth_ask(a, (struct bytes){NULL, 0}, answer);

    if (decision == NULL)
        return;
    if (new_password == NULL)
        policy->password(a->context, decision, a->user, password);
    else
        policy->change_password(a->context, decision, a->user, password, new_password);
}

/* RFC 4252 section 8:
 *     boolean   FALSE                    TRUE for a change, then:
 *     string    plaintext password       string    plaintext old password
 *                                        string    plaintext new password      */
static int request(struct auth *a, struct reader *r)
{
    bool change = read_bool(r);
    struct bytes wire = read_string(r);
    struct bytes new_wire = change ? read_string(r) : (struct bytes){(const uint8_t *)"", 0};
    char password[NACRE_PASSWORD_MAX + 1], new_password[NACRE_PASSWORD_MAX + 1];
    bool good;

    if (!read_done(r))
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "malformed password request");
    good = transport_is_protected(a->transport) &&
           (!change || a->config->policy->change_password != NULL) &&
           auth_text(password, sizeof password, wire) &&
           auth_text(new_password, sizeof new_password, new_wire);
    if (good)
        ask_policy(a, password, change ? new_password : NULL);
    wipe(password, sizeof password);
    wipe(new_password, sizeof new_password);
    return good ? 0 : auth_refuse(a, AUTH_ATTEMPT_PROOF);
}

/* ---- client ---- */

static int send_password(struct auth *a, const char *password, const char *new_password)
{
    struct writer w = auth_begin_request(a, auth_password.name, 1 + 2 * (4 + NACRE_PASSWORD_MAX));

    write_bool(&w, new_password != NULL);
    write_text(&w, password);
    if (new_password != NULL)
        write_text(&w, new_password);
    a->step = AUTH_SENT_PASSWORD;
    transport_send(a->transport, &w);
    return 0;
}

/* Keep it: a server that wants it changed wants to see it again. */
static int keep_and_send(struct auth *a, const char *password)
{
    if (strlen(password) > NACRE_PASSWORD_MAX)
        return auth_skip_method(a);
    if (a->password == NULL)
        a->password = pool_allocate(transport_pool(a->transport), NACRE_PASSWORD_MAX + 1);
    if (a->password == NULL)
        return transport_no_memory(a->transport);
    memmove(a->password, password, strlen(password) + 1);
    return send_password(a, a->password, NULL);
}

static int on_password(struct auth *a, const char *const *responses, size_t count)
{
    if (responses == NULL || count != 1) {
        a->password_tries = AUTH_TRIES_MAX;
        return auth_skip_method(a);
    }
    return keep_and_send(a, responses[0]);
}

static int on_new_password(struct auth *a, const char *const *responses, size_t count)
{
    if (responses == NULL || count != 1 || strlen(responses[0]) > NACRE_PASSWORD_MAX) {
        a->password_tries = AUTH_TRIES_MAX;
        return auth_skip_method(a);
    }
    return send_password(a, a->password, responses[0]);
}

/* The password that was given, once; else one that a person types. */
static bool attempt(struct auth *a)
{
    static const struct nacre_prompt prompt = {"Password: ", false};
    static const struct nacre_ask ask = {NACRE_ASK_PASSWORD, "", "", &prompt, 1};

    if (!transport_is_protected(a->transport) || a->password_tries >= AUTH_TRIES_MAX)
        return false;
    if (a->password_tries++ == 0 && a->config->password != NULL) {
        if (strlen(a->config->password) > NACRE_PASSWORD_MAX)
            return false;
        (void)keep_and_send(a, a->config->password);
        return true;
    }
    if (a->config->ask == NULL)
        return false;
    auth_ask_person(a, &ask, on_password);
    return true;
}

/* RFC 4252 section 8: byte SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, string prompt, string language tag */
static int receive(struct auth *a, uint8_t number, struct reader *r)
{
    struct pool *pool = transport_pool(a->transport);
    struct bytes text = read_string(r);
    struct nacre_prompt prompt = {NULL, false};
    char *cleaned;

    (void)number;
    (void)read_string(r);
    if (!read_done(r) || a->step != AUTH_SENT_PASSWORD)
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "unexpected PASSWD_CHANGEREQ");
    if (a->config->ask == NULL)
        return transport_end(a->transport, NACRE_AUTH_FAILED,
                             SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
                             "the password has expired and must be changed");
    cleaned = auth_clean_text(pool, text);
    if (cleaned == NULL)
        return transport_no_memory(a->transport);
    prompt.text = cleaned;
    auth_ask_person(a, &(struct nacre_ask){NACRE_ASK_NEW_PASSWORD, "", "", &prompt, 1},
                    on_new_password);
    pool_release(pool, cleaned, text.len + 1);
    return 0;
}

const struct auth_method auth_password = {
    .name = "password",
    .listed = true,
    .offered = offered,
    .request = request,
    .attempt = attempt,
    .receive = receive,
};
