#include "auth/reply.h"

#include "auth/login.h"
#include "auth/parts.h"

static const char TOO_MANY_FAILURES[] = "too many authentication failures";

/* ---- which methods can continue ---- */

static uint8_t bit_of(const struct auth *a, const char *listed_name)
{
    return (uint8_t)(1U << auth_method_index(a->methods, bytes_of(listed_name)));
}

/* By the policy for all users, or for this one. Without a list of either kind any method will do.
 */
static bool is_required(const struct auth *a, const char *listed_name)
{
    const char *require = a->config->policy->require;

    if (a->also & bit_of(a, listed_name))
        return true;
    return require != NULL ? name_list_has(bytes_of(require), listed_name) : a->also == 0;
}

bool auth_can_continue(const struct auth *a, const struct auth_method *method)
{
    const char *name = auth_listed_name(method);

    if (method->offered == NULL)
        return true;
    return method->offered(a->config->policy) && is_required(a, name) &&
           !(a->done & bit_of(a, name));
}

bool auth_read_methods(const struct auth *a, const char *names, uint8_t *methods)
{
    struct bytes list = bytes_of(names), name;

    *methods = 0;
    while (next_name(&list, &name)) {
        const struct auth_method *method = a->methods[auth_method_index(a->methods, name)];

        if (method == NULL || !method->listed || !method->offered(a->config->policy))
            return false;
        *methods |= bit_of(a, method->name);
    }
    return true;
}

/* Every required method has succeeded; without a list of them, the first success completes it. */
static bool is_complete(const struct auth *a)
{
    const char *require = a->config->policy->require;
    struct bytes list, name;

    if (a->also & ~a->done)
        return false;
    if (require == NULL)
        return true;
    list = bytes_of(require);
    while (next_name(&list, &name)) {
        const struct auth_method *method = a->methods[auth_method_index(a->methods, name)];

        if (method == NULL || !(a->done & bit_of(a, auth_listed_name(method))))
            return false;
    }
    return true;
}

/* ---- failure ---- */

enum { LIST_MAX = sizeof "publickey,password,keyboard-interactive" - 1 };

/* RFC 4252 section 5.1
 *     byte         SSH_MSG_USERAUTH_FAILURE
 *     name-list    authentications that can continue
 *     boolean      partial success                                             */
static void send_failure(struct auth *a, bool partial)
{
    struct writer w = transport_begin(a->transport, SSH_MSG_USERAUTH_FAILURE, 1 + 4 + LIST_MAX + 1);
    uint8_t *begin = write_string_begin(&w);
    bool first = true;

    for (const struct auth_method *const *m = a->methods; *m != NULL; m++)
        if ((*m)->listed && auth_can_continue(a, *m))
            write_name(&w, &first, bytes_of((*m)->name));
    write_string_end(&w, begin);
    write_bool(&w, partial);
    transport_send(a->transport, &w);
}

static void report(struct auth *a, bool granted)
{
    const struct nacre_auth_policy *policy = a->config->policy;

    if (policy->attempted != NULL)
        policy->attempted(a->context, auth_user(a),
                          a->method == NULL ? "unknown" : auth_listed_name(a->method), granted);
}

static uint32_t failures_max(const struct auth *a)
{
    uint32_t most = transport_limits(a->transport)->auth_tries;

    return most != 0 ? most : AUTH_FAILURES_MAX;
}

/* Count the request; true when it is one too many. */
static bool is_last(struct auth *a, enum auth_count count)
{
    switch (count) {
    case AUTH_COUNT_PROOF:
        return ++a->failures >= failures_max(a);
    case AUTH_COUNT_QUERY:
        return ++a->queries >= AUTH_QUERIES_MAX;
    case AUTH_COUNT_OTHER:
        return ++a->others >= AUTH_OTHERS_MAX;
    }
    return true;
}

static int end_login(struct auth *a, const char *text)
{
    transport_limit_reached(a->transport, NACRE_LIMIT_AUTH_TRIES);
    return transport_end(a->transport, NACRE_AUTH_FAILED,
                         SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, text);
}

/* As many as the limits of each kind allow together. */
bool auth_count_request(struct auth *a)
{
    if (++a->requests <= failures_max(a) + AUTH_QUERIES_MAX + AUTH_OTHERS_MAX)
        return true;
    (void)end_login(a, "too many authentication requests");
    return false;
}

bool auth_abandon(struct auth *a)
{
    a->prompts = AUTH_NO_PROMPTS;
    report(a, false);
    if (!transport_ended(a->transport) && is_last(a, AUTH_COUNT_PROOF))
        (void)end_login(a, TOO_MANY_FAILURES);
    return !transport_ended(a->transport);
}

/* Each failed attempt doubles the delay. It counts from the request's arrival (the time that the
 * owner passed in last), so a slow check adds nothing. */
static uint64_t delay(const struct auth *a)
{
    unsigned doubled = a->failures < 10 ? a->failures - 1U : 9; /* at least one has failed */

    return (uint64_t)transport_limits(a->transport)->auth_delay_ms << doubled;
}

int auth_refuse(struct auth *a, enum auth_count count)
{
    if (a->method == NULL || a->method->is_attempt)
        report(a, false);
    if (transport_ended(a->transport)) /* the policy ended it */
        return 0;
    if (is_last(a, count))
        return end_login(a, TOO_MANY_FAILURES);
    if (count == AUTH_COUNT_PROOF && delay(a) != 0) {
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

/* ---- success ---- */

/* RFC 4252 section 5.1: byte SSH_MSG_USERAUTH_SUCCESS */
int auth_succeed(struct auth *a, struct claim *claim)
{
    struct writer w;

    if (!login_add(a, claim))
        return transport_no_memory(a->transport);
    report(a, true);
    if (transport_ended(a->transport)) /* the policy ended it */
        return 0;
    a->done |= bit_of(a, auth_listed_name(a->method));
    a->also |= claim->also;
    if (!is_complete(a)) {
        send_failure(a, true);
        return 0;
    }
    w = transport_begin(a->transport, SSH_MSG_USERAUTH_SUCCESS, 1);
    transport_send(a->transport, &w);
    return auth_log_in(a);
}
