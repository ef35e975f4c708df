#include "tests/callbacks/memory.h"

#include <string.h>

enum { STEPS_MAX = 20000 };

struct end ends[2];
struct side extra = {.unwatched = true};
struct nacre_session *extra_session;
uint64_t clock_ms;

/* ---- what the hooks and actions need ---- */

struct known *known_find(struct end *e, const struct nacre_channel *ch)
{
    for (int i = 0; i < KNOWN_MAX; i++)
        if (e->known[i].ch == ch)
            return &e->known[i];
    return NULL;
}

struct nacre_channel *known_alive(struct end *e, const struct nacre_channel *but)
{
    for (int i = 0; i < KNOWN_MAX; i++)
        if (e->known[i].ch != NULL && !e->known[i].refused && e->known[i].ch != but)
            return e->known[i].ch;
    return NULL;
}

struct place place_of_context(void *context)
{
    struct end *e = context;

    if (context == &extra)
        return (struct place){.side = &extra};
    return (struct place){.side = &e->side,
                          .session = e->session,
                          .endpoint = e->endpoint,
                          .channel = known_alive(e, NULL),
                          .decision = e->pending};
}

struct place place_of_channel(struct nacre_channel *ch)
{
    struct place here = place_of_context(nacre_channel_context(ch));

    here.channel = ch;
    return here;
}

static struct end *end_of(const struct place *here)
{
    return &ends[here->side->role];
}

struct nacre_channel *another_channel(const struct place *here)
{
    return known_alive(end_of(here), here->channel);
}

void known_add(struct end *e, struct nacre_channel *ch)
{
    struct known *k = known_find(e, ch);

    if (k != NULL && !k->refused)
        fault("the same channel is opened twice");
    if (k == NULL)
        k = known_find(e, NULL);
    if (k == NULL)
        fault("too many channels");
    *k = (struct known){.ch = ch};
}

void account(struct place *here, const char *callback)
{
    struct end *e = end_of(here);
    struct known *k = here->channel == NULL ? NULL : known_find(e, here->channel);

    if (strcmp(callback, "nacre_endpoint_config.freed") == 0 || (here->exempt && e->given_up)) {
        here->session = NULL; /* it is gone, or going */
        here->channel = NULL;
    }
    if (here->exempt)
        return;
    if (e->freed > 0)
        fault("%s after freed", callback);
    if (e->ended > 0 && strcmp(callback, "nacre_endpoint_config.freed") != 0 &&
        strcmp(callback, "nacre_endpoint_config.wake") != 0)
        fault("%s after ended", callback);
    if (strncmp(callback, "nacre_channel_app.", 18) != 0)
        return;
    if (strcmp(callback, "nacre_channel_app.open") == 0 && (k == NULL || k->refused))
        known_add(e, here->channel);
    else if (k == NULL)
        fault("%s of a channel that is not open", callback);
}

struct nacre_decision *answered_decision(struct place *here)
{
    struct end *e = end_of(here);

    here->decided = true;
    if (here->decision == e->pending)
        e->pending = NULL;
    return here->decision;
}

struct nacre_signing *answered_signing(struct place *here)
{
    struct end *e = end_of(here);

    e->signing_answered = here->signing;
    return here->signing;
}

bool answer_signing(struct end *e)
{
    struct nacre_signing *signing = e->signing;
    uint8_t signature[NACRE_SIGNATURE_MAX];
    const uint8_t *data;
    size_t len;

    if (signing == NULL)
        return false;
    e->signing = NULL;
    data = nacre_signing_data(signing, &len);
    len = nacre_key_sign(e->secret, nacre_signing_algorithm(signing), data, len, signature);
    nacre_signing_answer(signing, signature, len);
    return true;
}

void note_decision(const struct place *here)
{
    end_of(here)->asked = here->decided ? NULL : here->decision;
}

struct nacre_session *given_up_session(struct place *here)
{
    struct end *e = end_of(here);

    if (e->given_up)
        return NULL;
    e->given_up = true;
    return e->session;
}

struct nacre_endpoint *given_up_endpoint(struct place *here)
{
    struct end *e = end_of(here);
    struct nacre_endpoint *endpoint = e->endpoint;

    if (e->session != NULL && !e->given_up) {
        e->given_up = true;
        nacre_session_free(e->session);
    }
    if (extra_session != NULL)
        nacre_session_free(extra_session);
    extra_session = NULL;
    e->endpoint = NULL;
    return endpoint;
}

void *extra_context(struct place *here)
{
    extra.role = here->side->role;
    return &extra;
}

uint64_t now_ms(const struct place *here)
{
    (void)here;
    return clock_ms;
}

static void put_on_wire(struct end *e, const uint8_t *at, size_t len)
{
    if (e->wire_len + len > sizeof e->wire)
        fault("the wire is full");
    if (len > 0)
        memcpy(e->wire + e->wire_len, at, len);
    e->wire_len += len;
}

size_t put_output(struct place *here)
{
    size_t len;
    const uint8_t *at = nacre_session_output(here->session, &len);

    put_on_wire(end_of(here), at, len);
    return len;
}

void keep_session(struct place *here, struct nacre_session *session)
{
    (void)here;
    extra_session = session;
}

void opened_channel(struct place *here, struct nacre_channel *ch)
{
    if (ch != NULL)
        known_add(end_of(here), ch);
}

void answered_open(struct place *here)
{
    struct known *k = known_find(end_of(here), here->channel);

    if (k != NULL && (k->later || here->side->inside != NULL))
        k->refused = true;
}

/* ---- the network ---- */

bool end_is_alive(const struct end *e)
{
    return e->session != NULL && !e->given_up;
}

static bool send_some(struct end *e)
{
    size_t len = 0;
    const uint8_t *at = end_is_alive(e) ? nacre_session_output(e->session, &len) : NULL;

    if (len == 0)
        return false;
    put_on_wire(e, at, len);
    nacre_session_sent(e->session, len, clock_ms);
    return true;
}

static bool receive_some(struct end *e)
{
    struct end *from = &ends[1 - e->side.role];
    size_t room = 0, n;
    uint8_t *at = end_is_alive(e) ? nacre_session_input(e->session, &room) : NULL;

    n = from->wire_len < room ? from->wire_len : room;
    if (n == 0)
        return false;
    memcpy(at, from->wire, n);
    memmove(from->wire, from->wire + n, from->wire_len - n);
    from->wire_len -= n;
    nacre_session_received(e->session, n, clock_ms);
    return true;
}

static bool tick(struct end *e)
{
    if (!end_is_alive(e) || nacre_session_deadline(e->session) > clock_ms)
        return false;
    nacre_session_tick(e->session, clock_ms);
    return true;
}

/* What was put off. */
static bool answer_channels(struct end *e)
{
    bool answered = false;

    for (int i = 0; i < KNOWN_MAX; i++) {
        struct known *k = &e->known[i];

        if (k->ch == NULL || (!k->later && !k->later_request))
            continue;
        if (k->later && !k->refused)
            nacre_channel_answer_open(k->ch, true);
        else if (!k->later)
            nacre_channel_answer_request(k->ch, true);
        k->later = k->later_request = false;
        answered = true;
    }
    return answered;
}

static bool answer(struct end *e)
{
    struct nacre_decision *decision = e->pending;
    bool later_global = e->later_global, later_ask = e->later_ask;

    e->pending = NULL;
    e->later_global = e->later_ask = false;
    if (decision != NULL)
        nacre_decide(decision, true);
    if (end_is_alive(e) && later_global)
        nacre_session_answer_global(e->session, true, 1);
    if (end_is_alive(e) && later_ask)
        nacre_session_respond(e->session, (const char *const[]){"new"}, 1);
    if (answer_signing(e))
        return true;
    return (end_is_alive(e) && answer_channels(e)) || decision != NULL || later_global || later_ask;
}

static bool move(struct end *e)
{
    bool moved = send_some(e);

    moved = receive_some(e) || moved;
    return tick(e) || moved;
}

static void step_all(void)
{
    bool moved = true;

    for (int steps = 0; moved; steps++) {
        if (steps == STEPS_MAX)
            fault("it never ends");
        moved = false;
        for (int i = 0; i < 2; i++)
            moved = move(&ends[i]) || moved;
    }
}

void go_on(void)
{
    bool moved = true;

    for (int rounds = 0; moved && rounds < 8; rounds++) {
        step_all();
        moved = answer(&ends[0]);
        moved = answer(&ends[1]) || moved;
    }
    step_all();
}
