/* keyboard-interactive. RFC 4256. */
#include "auth/decision.h"
#include "auth/parts.h"
#include "auth/reply.h"
#include "auth/request.h"
#include "transport/text.h"

#include <string.h>

enum { TEXT_MAX = 1024 /* bytes of a name, instruction or prompt that we send */ };

static bool offered(const struct nacre_auth_policy *policy)
{
    return policy->interactive != NULL;
}

/* ---- server ---- */

static void ask_policy(struct auth *a, const char *const *responses, size_t count)
{
    struct nacre_decision *d = auth_ask(a, AUTH_COUNT_PROOF, (struct bytes){NULL, 0}, NULL);

    if (d == NULL)
        return;
    a->config->policy->interactive(a->context, d, a->user, responses, count);
    auth_asked(d);
}

/* RFC 4256 section 3.1
 *     string    language tag      deprecated
 *     string    submethods        a hint; ignored                              */
static int on_keyboard_interactive(struct auth *a, struct reader *r)
{
    (void)read_string(r);
    (void)read_string(r);
    if (!read_done(r))
        return transport_malformed(a->transport,
                                   "USERAUTH_REQUEST for keyboard-interactive is malformed");
    if (!transport_is_protected(a->transport))
        return auth_refuse(a, AUTH_COUNT_PROOF);
    ask_policy(a, NULL, 0);
    return 0;
}

/* RFC 4256 section 3.2
 *     byte      SSH_MSG_USERAUTH_INFO_REQUEST
 *     string    name
 *     string    instruction
 *     string    language tag
 *     int       num-prompts
 *     string    prompt[i]         num-prompts times, each followed by
 *     boolean   echo[i]                                                        */
static void send_info_request(struct auth *a, const char *name, const char *instruction,
                              const struct nacre_prompt *prompts, size_t count)
{
    size_t room = 1 + 2 * (4 + TEXT_MAX) + 4 + 4 + count * (4 + TEXT_MAX + 1);
    struct writer w = transport_begin(a->transport, SSH_MSG_USERAUTH_INFO_REQUEST, room);

    write_string(&w, text_clipped(name, TEXT_MAX));
    write_string(&w, text_clipped(instruction, TEXT_MAX));
    write_text(&w, "");
    write_u32(&w, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        write_string(&w, text_clipped(prompts[i].text, TEXT_MAX));
        write_bool(&w, prompts[i].echo);
    }
    a->prompts = (int8_t)count;
    transport_send(a->transport, &w);
}

/* Write the responses to `text`, one after the other. False: one holds a NUL or is too long. */
static bool read_responses(struct reader *r, size_t count, char *text, size_t size,
                           const char **responses)
{
    bool good = true;

    for (size_t i = 0; i < count && !r->bad; i++) {
        struct bytes wire = read_string(r);

        good = good && !r->bad && text_from_wire(text, size, wire);
        if (!good)
            continue;
        responses[i] = text;
        text += wire.len + 1;
        size -= wire.len + 1;
    }
    return good;
}

static int take_responses(struct auth *a, struct reader *r, size_t count)
{
    const char *responses[NACRE_SERVER_PROMPTS_MAX];
    struct pool *pool = transport_pool(a->transport);
    size_t size = (size_t)(r->end - r->at) + 1;
    char *text = pool_allocate(pool, size);
    bool good;
    int failure = 0;

    if (text == NULL)
        return transport_no_memory(a->transport);
    good = read_responses(r, count, text, size, responses);
    if (!read_done(r))
        failure = transport_malformed(a->transport, "USERAUTH_INFO_RESPONSE is malformed");
    else if (!good)
        failure = auth_refuse(a, AUTH_COUNT_PROOF);
    else
        ask_policy(a, responses, count);
    pool_release(pool, text, size);
    return failure;
}

/* RFC 4256 section 3.4
 *     byte      SSH_MSG_USERAUTH_INFO_RESPONSE
 *     int       num-responses
 *     string    response[i]       num-responses times
 * A number other than the one requested is a failure. */
static int on_info_response(struct auth *a, struct reader *r)
{
    uint32_t count = read_u32(r);
    int8_t requested = a->prompts;

    if (r->bad)
        return transport_malformed(a->transport, "USERAUTH_INFO_RESPONSE is malformed");
    if (requested == AUTH_NO_PROMPTS)
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "USERAUTH_INFO_RESPONSE without a USERAUTH_INFO_REQUEST");
    a->prompts = AUTH_NO_PROMPTS;
    if (!auth_count_request(a))
        return 0;
    if (count == (uint32_t)requested)
        return take_responses(a, r, count);
    (void)read_rest(r);
    return auth_refuse(a, AUTH_COUNT_PROOF);
}

/* ---- client ---- */

/* RFC 4256 section 3.1: the fields of on_keyboard_interactive */
static bool attempt(struct auth *a)
{
    bool once = a->with->ask == NULL; /* the configured password will not change */
    struct writer w;

    if (!transport_is_protected(a->transport) || a->interactive_tries >= AUTH_TRIES_MAX)
        return false;
    if (once && (a->with->password == NULL || a->interactive_tries > 0))
        return false;
    a->interactive_tries++;
    a->step = AUTH_SENT_INTERACTIVE;
    w = auth_begin_request(a, auth_interactive.name, 4 + 4);
    write_text(&w, "");
    write_text(&w, "");
    transport_send(a->transport, &w);
    return true;
}

/* RFC 4256 section 3.4: the fields of on_info_response */
static int respond(struct auth *a, const char *const *responses, size_t count)
{
    struct writer w;
    size_t room = 1 + 4;

    if (responses == NULL || count != (size_t)a->prompts) {
        a->interactive_tries = AUTH_TRIES_MAX;
        return auth_request_list(a);
    }
    for (size_t i = 0; i < count; i++)
        room += 4 + strlen(responses[i]);
    if (room > TRANSPORT_REPLY_MAX)
        return auth_give_up(a, "the responses are too long for a message");
    if (a->with->ask != NULL) /* otherwise an expired password is still the reason */
        a->gave_up = NULL;
    w = transport_begin(a->transport, SSH_MSG_USERAUTH_INFO_RESPONSE, room);
    write_u32(&w, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        write_text(&w, responses[i]);
    transport_send(a->transport, &w);
    return 0;
}

/* Without a person, the configured password answers a single prompt that hides its response. */
static int respond_alone(struct auth *a, const struct nacre_prompt *prompts, size_t count)
{
    if (count == 0)
        return respond(a, &a->with->password, 0);
    if (count == 1 && !prompts[0].echo && a->with->password != NULL)
        return respond(a, &a->with->password, 1);
    return respond(a, NULL, 0);
}

/* An INFO_REQUEST whose texts are cleaned and stored in one block. */
struct info_request {
    char *text;
    size_t size;
    const char *name, *instruction;
    uint32_t count; /* as declared; at most NACRE_CLIENT_PROMPTS_MAX prompts are stored */
    struct nacre_prompt prompts[NACRE_CLIENT_PROMPTS_MAX];
};

/* Read one string and append it to the block; "" when the reader is bad. */
static const char *take_text(struct reader *r, char **at)
{
    struct bytes wire = read_string(r);
    char *text = *at;

    auth_clean(text, wire);
    *at += wire.len + 1;
    return text;
}

/* The block is as long as the message: each string has a NUL in place of its length field. */
static bool read_info_request(struct reader *r, struct info_request *q)
{
    char *at = q->text;

    q->name = take_text(r, &at);
    q->instruction = take_text(r, &at);
    (void)read_string(r);
    q->count = read_u32(r);
    for (uint32_t i = 0; i < q->count && !r->bad; i++) {
        struct nacre_prompt prompt = {.text = take_text(r, &at)};

        prompt.echo = read_bool(r);
        if (i < NACRE_CLIENT_PROMPTS_MAX)
            q->prompts[i] = prompt;
    }
    return read_done(r);
}

static int ask(struct auth *a, const struct info_request *q)
{
    a->prompts = (int8_t)q->count;
    if (a->with->ask == NULL)
        return respond_alone(a, q->prompts, q->count);
    auth_ask_person(
        a,
        &(struct nacre_ask){NACRE_ASK_INTERACTIVE, q->name, q->instruction, q->prompts, q->count},
        respond);
    return 0;
}

/* RFC 4256 section 3.2
 *     byte      SSH_MSG_USERAUTH_INFO_REQUEST
 *     string    name
 *     string    instruction
 *     string    language tag
 *     int       num-prompts
 *     string    prompt[i]         num-prompts times, each followed by
 *     boolean   echo[i]                                                        */
static int on_info_request(struct auth *a, struct reader *r)
{
    struct pool *pool = transport_pool(a->transport);
    struct info_request q = {.size = (size_t)(r->end - r->at) + 2};
    int failure = 0;

    if (a->step != AUTH_SENT_INTERACTIVE)
        return transport_fail(a->transport, SSH_DISCONNECT_PROTOCOL_ERROR,
                              "USERAUTH_INFO_REQUEST does not answer the last request");
    q.text = pool_allocate(pool, q.size);
    if (q.text == NULL)
        return transport_no_memory(a->transport);
    if (!read_info_request(r, &q))
        failure = transport_malformed(a->transport, "USERAUTH_INFO_REQUEST is malformed");
    else if (q.count > NACRE_CLIENT_PROMPTS_MAX)
        failure = auth_give_up(a, "the server asks more questions at once than are shown");
    else
        failure = ask(a, &q);
    pool_release(pool, q.text, q.size);
    return failure;
}

const struct auth_method auth_interactive = {
    .name = "keyboard-interactive",
    .listed = true,
    .is_attempt = true,
    .offered = offered,
    .on_request = on_keyboard_interactive,
    .on_response = on_info_response,
    .ask_more = send_info_request,
    .attempt = attempt,
    .on_reply = on_info_request,
};
