#include "auth/decision.h"

#include "auth/parts.h"

#include <stdlib.h>
#include <string.h>

/* In memory of its own: its holder may answer after the session, the endpoint and the allocator
 * that these used are gone. It contains no secret. */
struct nacre_decision {
    struct auth *auth; /* NULL once the answer is carried out or the session has ended */
    void *policy_data;
    bool (*post)(void *post_context, void (*call)(void *argument), void *argument);
    void *post_context;
    struct claim claim; /* what the policy says about the request besides its answer */
    const struct auth_method *method; /* of the request that it decides */
    int (*granted)(struct auth *a, struct claim *claim, struct bytes echo);
    enum auth_count count;
    /* The block is freed when this reaches 0: one for the question until the answer is carried out,
     * one for the policy's callback while it runs. So a second answer from inside either finds the
     * block in place. */
    uint32_t uses;
    bool answered, yes;
    _Atomic bool ended; /* the session has; read by other threads */
    size_t echo_len;
    uint8_t echo[];
};

struct nacre_decision *auth_ask(struct auth *a, enum auth_count count, struct bytes echo,
                                int (*granted)(struct auth *a, struct claim *claim,
                                               struct bytes echo))
{
    struct nacre_decision *d = malloc(sizeof *d + echo.len);

    if (d == NULL) {
        (void)transport_no_memory(a->transport);
        return NULL;
    }
    *d = (struct nacre_decision){
        .auth = a,
        .policy_data = a->config->policy->data,
        .post = a->config->post,
        .post_context = a->config->post_context,
        .method = a->method,
        .granted = granted,
        .count = count,
        .uses = 2,
        .echo_len = echo.len,
    };
    if (echo.len > 0)
        memcpy(d->echo, echo.at, echo.len);
    a->pending = d;
    transport_pause(a->transport);
    return d;
}

static void release(struct nacre_decision *d)
{
    if (--d->uses > 0)
        return;
    claim_drop(&d->claim);
    free(d);
}

void auth_forget_decision(struct auth *a)
{
    struct nacre_decision *d = a->pending;

    a->pending = NULL;
    if (d == NULL)
        return;
    d->auth = NULL;
    d->ended = true;
    if (d->answered)
        release(d);
}

/* ---- the policy's answers ---- */

static int decide(struct auth *a, struct nacre_decision *d)
{
    if (!d->yes)
        return auth_refuse(a, d->count);
    if (d->granted == NULL)
        return auth_succeed(a, &d->claim);
    return d->granted(a, &d->claim, (struct bytes){d->echo, d->echo_len});
}

/* The next message may be processed, unless a delayed refusal comes first. */
static void resume(struct auth *a)
{
    if (transport_ended(a->transport))
        return;
    if (a->refusal_ms == 0)
        transport_resume(a->transport);
    else
        transport_wake(a->transport); /* auth_deadline is nearer now */
}

bool auth_carry_out(struct auth *a)
{
    struct nacre_decision *d = a->pending;

    if (d == NULL || !d->answered)
        return false;
    a->pending = NULL;
    d->auth = NULL;
    if (!transport_ended(a->transport))
        (void)decide(a, d);
    resume(a);
    release(d);
    return true;
}

void auth_asked(struct nacre_decision *d)
{
    if (d->auth != NULL)
        (void)auth_carry_out(d->auth);
    release(d);
}

/* The session that waits for this answer; NULL: it has ended, or it has an answer already. */
static struct auth *accept(struct nacre_decision *d)
{
    struct auth *a = d->auth;

    if (d->answered)
        return NULL;
    d->answered = true;
    if (a == NULL)
        release(d);
    return a;
}

/* It calls attempted and authenticated: from inside a callback, when that has returned. */
void nacre_decide(struct nacre_decision *d, bool granted)
{
    struct auth *a = accept(d);
    struct transport *t;

    if (a == NULL)
        return;
    t = a->transport;
    d->yes = granted;
    if (transport_enter(t))
        (void)auth_carry_out(a);
    else
        transport_wake(t);
    transport_leave(t);
}

void nacre_decide_also(struct nacre_decision *d, const char *methods)
{
    uint8_t also = 0;

    if (d->answered)
        return;
    if (d->auth == NULL || !auth_read_methods(d->auth, methods, &also)) {
        nacre_decide(d, false);
        return;
    }
    d->claim.also = also;
    nacre_decide(d, true);
}

/* An answer that calls no callback takes effect at once. NULL as above. */
static struct auth *begin_answer(struct nacre_decision *d)
{
    struct auth *a = accept(d);

    if (a == NULL)
        return NULL;
    transport_enter(a->transport);
    a->pending = NULL;
    d->auth = NULL;
    return a;
}

/* Last, since leaving may call wake, and that may free the session. */
static void end_answer(struct nacre_decision *d, struct auth *a)
{
    release(d);
    resume(a);
    transport_leave(a->transport);
}

void nacre_decide_unable(struct nacre_decision *d)
{
    struct auth *a = begin_answer(d);

    if (a == NULL)
        return;
    if (!transport_ended(a->transport)) {
        transport_limit_reached(a->transport, NACRE_LIMIT_DECISIONS);
        (void)transport_end(a->transport, NACRE_OUT_OF_RESOURCES, SSH_DISCONNECT_BY_APPLICATION,
                            "authentication is overloaded: try again later");
    }
    end_answer(d, a);
}

void nacre_decide_ask_more(struct nacre_decision *d, const char *name, const char *instruction,
                           const struct nacre_prompt *prompts, size_t count)
{
    struct auth *a;

    if (d->method->ask_more == NULL || count > NACRE_SERVER_PROMPTS_MAX) {
        nacre_decide(d, false);
        return;
    }
    a = begin_answer(d);
    if (a == NULL)
        return;
    if (!transport_ended(a->transport))
        d->method->ask_more(a, name, instruction, prompts, count);
    end_answer(d, a);
}

void nacre_decide_change_password(struct nacre_decision *d, const char *prompt)
{
    struct auth *a;

    if (d->method->ask_change == NULL) {
        nacre_decide(d, false);
        return;
    }
    a = begin_answer(d);
    if (a == NULL)
        return;
    if (!transport_ended(a->transport))
        d->method->ask_change(a, prompt);
    end_answer(d, a);
}

/* ---- from another thread ---- */

struct posted {
    struct nacre_decision *decision;
    void (*answer)(struct nacre_decision *decision, void *argument);
    void *argument;
};

static void arrive(void *at)
{
    struct posted *p = at;

    p->answer(p->decision, p->argument);
    free(p);
}

/* Reads only what never changes. */
bool nacre_decision_post(struct nacre_decision *d,
                         void (*answer)(struct nacre_decision *decision, void *argument),
                         void *argument)
{
    struct posted *p = d->post != NULL ? malloc(sizeof *p) : NULL;

    if (p == NULL)
        return false;
    *p = (struct posted){d, answer, argument};
    if (d->post(d->post_context, arrive, p))
        return true;
    free(p);
    return false;
}

/* ---- what belongs to the question ---- */

void *nacre_decision_context(const struct nacre_decision *d)
{
    return d->auth == NULL || transport_ended(d->auth->transport) ? NULL : d->auth->context;
}

bool nacre_decision_is_over(const struct nacre_decision *d)
{
    return d->ended;
}

void *nacre_decision_policy_data(const struct nacre_decision *d)
{
    return d->policy_data;
}

const struct nacre_login *nacre_decision_login(const struct nacre_decision *d)
{
    return d->auth == NULL || d->auth->login.first == NULL ? NULL : &d->auth->login;
}

void nacre_decision_attach(struct nacre_decision *d, void *data, void (*release_data)(void *data))
{
    if (d->claim.release != NULL)
        d->claim.release(d->claim.attached);
    d->claim.attached = data;
    d->claim.release = release_data;
}

bool nacre_decision_set_comment(struct nacre_decision *d, const char *comment)
{
    size_t size = strlen(comment) + 1;
    char *copy = malloc(size);

    if (copy == NULL)
        return false;
    memcpy(copy, comment, size);
    free(d->claim.comment);
    d->claim.comment = copy;
    return true;
}
