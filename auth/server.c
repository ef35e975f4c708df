/* The server's course: requests, decisions, several steps. RFC 4252 section 5. */
#include "auth/method.h"

#include <string.h>

struct nacre_decision {
    struct auth *auth; /* NULL once the session has ended */
    struct pool *pool;
    const struct auth_method *method; /* that asks */
    int (*answer)(struct auth *a, bool granted, struct bytes echo);
    size_t size; /* of this block */
    size_t echo_len;
    uint8_t echo[];
};

static void attempted(struct auth *a, bool granted)
{
    const struct nacre_auth_policy *policy = a->config->policy;

    if (policy->attempted != NULL)
        policy->attempted(a->context, auth_user(a), a->method == NULL ? "unknown" : a->method->name,
                          granted);
}

struct nacre_decision *auth_ask(struct auth *a, struct bytes echo,
                                int (*answer)(struct auth *a, bool granted, struct bytes echo))
{
    struct pool *pool = transport_pool(a->transport);
    size_t size = sizeof(struct nacre_decision) + echo.len;
    struct nacre_decision *d = pool_allocate(pool, size);

    if (d == NULL) {
        (void)transport_no_memory(a->transport);
        return NULL;
    }
    *d = (struct nacre_decision){
        .auth = a, .pool = pool, .method = a->method, .answer = answer, .size = size};
    d->echo_len = echo.len;
    if (echo.len > 0)
        memcpy(d->echo, echo.at, echo.len);
    a->pending = d;
    transport_pause(a->transport);
    return d;
}

void auth_forget_decision(struct auth *a)
{
    if (a->pending != NULL)
        a->pending->auth = NULL;
    a->pending = NULL;
}

/* The session that waits for the answer, NULL when it is over. */
static struct auth *begin_answer(const struct nacre_decision *d)
{
    if (d->auth == NULL)
        return NULL;
    d->auth->pending = NULL;
    return transport_ended(d->auth->transport) ? NULL : d->auth;
}

static void end_answer(struct nacre_decision *d)
{
    if (d->auth != NULL && d->auth->refusal_ms == 0)
        transport_resume(d->auth->transport);
    else if (d->auth != NULL)
        transport_wake(d->auth->transport); /* its owner has a deadline to look at */
    pool_release(d->pool, d, d->size);
}

void nacre_decide(struct nacre_decision *d, bool granted)
{
    struct auth *a = begin_answer(d);

    if (a != NULL)
        (void)d->answer(a, granted, (struct bytes){d->echo, d->echo_len});
    end_answer(d);
}

void nacre_decide_unable(struct nacre_decision *d)
{
    struct auth *a = begin_answer(d);

    if (a != NULL) {
        transport_limit(a->transport, NACRE_LIMIT_DECISIONS);
        (void)transport_end(a->transport, NACRE_OUT_OF_RESOURCES, SSH_DISCONNECT_BY_APPLICATION,
                            "too much to do to look at this login: try again later");
    }
    end_answer(d);
}

void nacre_decide_ask_more(struct nacre_decision *d, const char *name, const char *instruction,
                           const struct nacre_prompt *prompts, size_t count)
{
    struct auth *a;

    if (d->method != &auth_interactive || count > NACRE_SERVER_PROMPTS_MAX) {
        nacre_decide(d, false);
        return;
    }
    a = begin_answer(d);
    if (a != NULL)
        auth_send_info_request(a, name, instruction, prompts, count);
    end_answer(d);
}

void nacre_decide_change_password(struct nacre_decision *d, const char *prompt)
{
    struct auth *a;

    if (d->method != &auth_password) {
        nacre_decide(d, false);
        return;
    }
    a = begin_answer(d);
    if (a != NULL)
        auth_send_change_request(a, prompt);
    end_answer(d);
}

/* ---- several steps: RFC 4252 section 5.1 ---- */

/* The name that a method is listed and required by. */
static const char *listed_name(const struct auth_method *method)
{
    return method == &auth_hostbound ? auth_publickey.name : method->name;
}

static uint8_t bit_of(const struct auth_method *method)
{
    struct bytes name = bytes_of(listed_name(method));
    unsigned i = 0;

    while (auth_methods[i] != auth_find_method(name))
        i++;
    return (uint8_t)(1U << i);
}

static bool is_required(const struct auth *a, const struct auth_method *method)
{
    const char *require = a->config->policy->require;

    return require == NULL || name_list_has(bytes_of(require), listed_name(method));
}

/* May it be tried now: offered, and not done already. "none" may always be asked. */
static bool can_continue(const struct auth *a, const struct auth_method *method)
{
    if (method->offered == NULL)
        return true;
    return method->offered(a->config->policy) && is_required(a, method) &&
           !(a->done & bit_of(method));
}

/* Every required method has succeeded; without a list the first that does is enough. */
static bool is_complete(const struct auth *a)
{
    const char *require = a->config->policy->require;
    struct bytes list, name;

    if (require == NULL)
        return true;
    list = bytes_of(require);
    while (next_name(&list, &name)) {
        const struct auth_method *method = auth_find_method(name);

        if (method == NULL || !(a->done & bit_of(method)))
            return false;
    }
    return true;
}

/* RFC 4252 section 5.1:
 *     byte         SSH_MSG_USERAUTH_FAILURE
 *     name-list    authentications that can continue
 *     boolean      partial success                                             */
static void send_failure(struct auth *a, bool partial)
{
    struct writer w = transport_begin(a->transport, SSH_MSG_USERAUTH_FAILURE, 256);
    uint8_t *begin = write_string_begin(&w);
    bool first = true;

    for (const struct auth_method *const *m = auth_methods; *m != NULL; m++) {
        if (!(*m)->listed || !can_continue(a, *m))
            continue;
        if (!first)
            write_u8(&w, ',');
        write_bytes(&w, bytes_of((*m)->name));
        first = false;
    }
    write_string_end(&w, begin);
    write_bool(&w, partial);
    transport_send(a->transport, &w);
}

static uint32_t most_failures(const struct auth *a)
{
    uint32_t most = transport_limits(a->transport)->auth_tries;

    return most != 0 ? most : AUTH_FAILURES_MAX;
}

static bool one_too_many(struct auth *a, enum auth_attempt attempt)
{
    switch (attempt) {
    case AUTH_ATTEMPT_PROOF:
        return ++a->failures >= most_failures(a);
    case AUTH_ATTEMPT_QUERY:
        return ++a->queries >= AUTH_QUERIES_MAX;
    case AUTH_ATTEMPT_OTHER:
        return ++a->others >= AUTH_OTHERS_MAX;
    }
    return true;
}

/* Who guesses waits, each time twice as long, counted from when the guess came: so a slow check
 * costs a person no more. */
static uint64_t delay(const struct auth *a)
{
    unsigned doubled = a->failures < 10 ? a->failures - 1U : 9; /* one at least has failed */

    return (uint64_t)transport_limits(a->transport)->auth_delay_ms << doubled;
}

int auth_refuse(struct auth *a, enum auth_attempt attempt)
{
    if (a->method != &auth_none)
        attempted(a, false);
    if (one_too_many(a, attempt)) {
        transport_limit(a->transport, NACRE_LIMIT_AUTH_TRIES);
        return transport_end(a->transport, NACRE_AUTH_FAILED,
                             SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
                             "too many authentication failures");
    }
    if (attempt == AUTH_ATTEMPT_PROOF && !transport_ended(a->transport) && delay(a) != 0) {
        a->refusal_ms = transport_now_ms(a->transport) + delay(a);
        transport_pause(a->transport);
    } else {
        send_failure(a, false);
    }
    return 0;
}

void auth_tick(struct auth *a)
{
    if (a->refusal_ms == 0 || transport_now_ms(a->transport) < a->refusal_ms)
        return;
    a->refusal_ms = 0;
    send_failure(a, false);
    transport_resume(a->transport);
}

uint64_t auth_deadline(const struct auth *a)
{
    return a->refusal_ms != 0 ? a->refusal_ms : UINT64_MAX;
}

/* RFC 4252 section 5.1: byte SSH_MSG_USERAUTH_SUCCESS */
int auth_succeed(struct auth *a)
{
    struct writer w;

    attempted(a, true);
    if (transport_ended(a->transport)) /* by the one who was told */
        return 0;
    a->done |= bit_of(a->method);
    if (!is_complete(a)) {
        send_failure(a, true);
        return 0;
    }
    w = transport_begin(a->transport, SSH_MSG_USERAUTH_SUCCESS, 1);
    transport_send(a->transport, &w);
    return auth_log_in(a);
}

/* RFC 4252 section 5.4: byte SSH_MSG_USERAUTH_BANNER, string message, string language tag */
int auth_server_start(struct auth *a)
{
    const char *banner = a->config->policy->banner;
    struct writer w;

    if (banner == NULL || strlen(banner) > NACRE_BANNER_MAX)
        return 0;
    w = transport_begin(a->transport, SSH_MSG_USERAUTH_BANNER, 16 + NACRE_BANNER_MAX);
    write_text(&w, banner);
    write_text(&w, "");
    transport_send(a->transport, &w);
    return 0;
}

/* Section 5: what was reached belongs to that user; another one begins anew. */
static bool take_user(struct auth *a, struct bytes user)
{
    if (!bytes_are(user, a->user))
        a->done = 0;
    if (auth_text(a->user, NACRE_USER_MAX + 1, user))
        return true;
    a->user[0] = 0;
    return false;
}

/* RFC 4252 section 5:
 *     byte      SSH_MSG_USERAUTH_REQUEST
 *     string    user name in ISO-10646 UTF-8 encoding
 *     string    service name in US-ASCII
 *     string    method name in US-ASCII
 *     ....      method specific fields                                        */
int auth_on_request(struct auth *a, struct reader *r)
{
    struct bytes user = read_string(r);
    struct bytes service = read_string(r);
    struct bytes method = read_string(r);
    struct transport *t = a->transport;

    if (r->bad)
        return transport_fail(t, SSH_DISCONNECT_PROTOCOL_ERROR, "malformed USERAUTH_REQUEST");
    if (a->user == NULL)
        a->user = pool_allocate(transport_pool(t), NACRE_USER_MAX + 1);
    if (a->user == NULL)
        return transport_no_memory(t);
    a->method = auth_find_method(method);
    a->prompts = AUTH_NO_PROMPTS; /* a new request abandons the one before: RFC 4252 section 5 */
    if (!take_user(a, user) || a->method == NULL ||
        !bytes_are(service, transport_service_name(t, SERVICE_CONNECTION)) ||
        !can_continue(a, a->method))
        return auth_refuse(a, AUTH_ATTEMPT_OTHER);
    return a->method->request(a, r);
}
