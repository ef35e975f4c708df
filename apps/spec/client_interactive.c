/* Cases about clients only: keyboard-interactive (RFC 4256). */
#include "apps/spec/reach.h"
#include "apps/spec/tables.h"

enum { ROUNDS = 5 };

/* Up to the client's request. */
static bool reach_interactive(struct peer *p)
{
    intend(p, INTENT_INTERACTIVE);
    p->serve.methods = "keyboard-interactive";
    reach(p, AT_AUTH);
    while (want(p, SSH_MSG_USERAUTH_REQUEST)) {
        if (is_method(p, "keyboard-interactive"))
            return true;
        send_failure(p, "keyboard-interactive", false);
    }
    return false;
}

/* RFC 4256 section 3.2, with one prompt. */
static void prompt(struct peer *p, const char *text)
{
    transmit(p, "btttutb", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", 1, text, 1);
}

/* RFC 4256 section 3.4: byte SSH_MSG_USERAUTH_INFO_RESPONSE, int num-responses, string response...
 */
static struct reader want_response(struct peer *p, uint32_t *count)
{
    struct reader r = read_from((struct bytes){NULL, 0});

    *count = UINT32_MAX;
    if (!want(p, SSH_MSG_USERAUTH_INFO_RESPONSE))
        return r;
    r = read_from(p->got);
    (void)read_u8(&r);
    *count = read_u32(&r);
    return r;
}

/* Are these all responses, in the order of the prompts? */
static bool are_one_two_three(struct reader *r, uint32_t count)
{
    return count == 3 && bytes_are(read_string(r), "1") && bytes_are(read_string(r), "2") &&
           bytes_are(read_string(r), "3");
}

static void response_order(struct peer *p)
{
    struct reader r;
    uint32_t count;

    client_answer(p, "first", "1");
    client_answer(p, "second", "2");
    client_answer(p, "third", "3");
    if (!reach_interactive(p))
        return;
    transmit(p, "btttutbtbtb", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", 3, "first: ", 1,
             "second: ", 1, "third: ", 1);
    r = want_response(p, &count);
    observe(p, are_one_two_three(&r, count) ? "never violated" : "other responses");
}

static void zero_prompts(struct peer *p)
{
    uint32_t count;

    if (!reach_interactive(p))
        return;
    transmit(p, "btttu", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", 0);
    (void)want_response(p, &count);
    if (count == UINT32_MAX)
        observe_end(p);
    else
        observe(p, "info-response(%u)", (unsigned)count);
}

static void rounds(struct peer *p)
{
    uint32_t count;

    client_answer(p, "next", "again");
    if (!reach_interactive(p))
        return;
    for (int i = 0; i < ROUNDS && !over(p); i++) {
        prompt(p, "next: ");
        (void)want_response(p, &count);
    }
    if (!over(p))
        send_success(p);
    go_on(p);
}

static void prompts_endless(struct peer *p)
{
    if (reach_interactive(p))
        transmit(p, "btttu", SSH_MSG_USERAUTH_INFO_REQUEST, "", "", "", UINT32_MAX);
    wait_close(p, p->step);
}

static void prompt_controls(struct peer *p)
{
    uint32_t count;

    client_answer(p, "prompt", "x");
    if (!reach_interactive(p))
        return;
    transmit(p, "btttutb", SSH_MSG_USERAUTH_INFO_REQUEST, "a name " CONTROLS,
             "an instruction " CONTROLS, "", 1, "a prompt " CONTROLS ": ", 1);
    (void)want_response(p, &count);
    observe_controls(p);
}

static void empty_texts(struct peer *p)
{
    uint32_t count;

    client_answer(p, "prompt", "x");
    if (!reach_interactive(p))
        return;
    prompt(p, "prompt: ");
    (void)want_response(p, &count);
    if (!over(p))
        send_success(p);
    go_on(p);
}

static void empty_answer(struct peer *p)
{
    struct reader r;
    uint32_t count;

    client_answer(p, "prompt", "");
    if (!reach_interactive(p))
        return;
    prompt(p, "prompt: ");
    r = want_response(p, &count);
    observe(p, count == 1 && read_string(&r).len == 0 && read_done(&r) ? "info-response"
                                                                       : "another response");
}

/* clang-format off */
const struct spec_case spec_client_interactive[] = {
    {"4256/3.1/own-empty-fields", CLIENT, SHOULD, "RFC 4256 3.1", "4256/3.1/3 4256/3.1/4",
     "the language tag and submethods are empty", "never violated",
     .run = NULL, .watch = WATCH_INTERACTIVE_FIELDS},
    {"4256/3.4/order", CLIENT, MUST, "RFC 4256 3.4", "4256/3.4/3",
     "three prompts: the responses come in prompt order", "never violated",
     .run = response_order},
    {"4256/3.4/zero-prompts", CLIENT, MUST, "RFC 4256 3.4", "4256/3.4/2 4256/3.2/4",
     "a request without prompts is answered by a response without answers", "info-response(0)",
     .run = zero_prompts},
    {"4256/3.4/rounds", CLIENT, MUST, "RFC 4256 3.2", "4256/3.2/1",
     "five INFO_REQUESTs in succession", "go-on",
     .run = rounds},
    {"4256/3.4/prompts-100k", CLIENT, PRACTICE, "RFC 4256 3.4", "4256/3.4/8",
     "num-prompts is 0xffffffff", "close",
     .run = prompts_endless},
    {"4256/3.3/prompt-controls", CLIENT, SHOULD, "RFC 4256 3.3", "4256/3.3/2",
     "escape sequences in the name, the instruction and the prompts", "no raw control bytes",
     .run = prompt_controls},
    {"4256/3.3/empty-texts", CLIENT, MUST, "RFC 4256 3.2", "4256/3.2/2",
     "name and instruction are empty", "go-on",
     .run = empty_texts},
    {"4256/3.3/empty-answers", CLIENT, MUST, "RFC 4256 3.3", "4256/3.3/4 4256/3.4/1",
     "an empty response arrives as an empty string", "info-response",
     .run = empty_answer},
    {0},
};
/* clang-format on */
