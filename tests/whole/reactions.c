/* What a session really does about every message: each number 0 to 255, well formed, in every place
 * that a connection can be in, to either role, with and without strict kex. A script that keeps to
 * the book brings the session there, says that one thing, and compares what comes of it with
 * transport/phase.c. That the table itself is right is for tests/transport/phase.c.
 *
 * What a legal message does is in `effects`: a number that the table calls legal and that has no
 * row there is a failure too. */
#include "tests/support/suite.h"
#include "tests/support/pair.h"
#include "tests/support/script_peer.h"
#include "tests/support/scripted.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    SCRIPT_CHANNEL = 7, /* the script's number of its channel; the session's is 0 */
    WINDOW = 1 << 20,
    PACKET = 32 * 1024,
    ANSWERS_MAX = 128,
};

static struct pair p;
static struct script s;
static struct end *real;
static enum nacre_role role; /* the session's */

static bool is_server(void)
{
    return role == NACRE_SERVER;
}

/* ---- what came back ---- */

/* The numbers of the session's messages, "31 21", and what was in the last. */
struct answers {
    char numbers[ANSWERS_MAX];
    size_t count;
    uint8_t last[256];
};

/* What a key exchange needs to go on. */
static void follow_exchange(struct bytes payload)
{
    switch (payload.at[0]) {
    case SSH_MSG_KEXINIT:
        script_take_kexinit(&s, payload);
        break;
    case SSH_MSG_KEX_ECDH_INIT:
        script_take_init(&s, payload);
        break;
    case SSH_MSG_KEX_ECDH_REPLY:
        script_take_reply(&s, payload);
        break;
    case SSH_MSG_NEWKEYS:
        script_take_newkeys(&s);
        break;
    default:
        break;
    }
}

static struct answers collect(void)
{
    struct answers a = {.count = 0};
    struct bytes payload;

    script_pump(&s, NULL);
    while ((payload = script_next(&s)).len > 0) {
        size_t n = strlen(a.numbers);

        (void)snprintf(a.numbers + n, sizeof a.numbers - n, "%s%u", n > 0 ? " " : "",
                       payload.at[0]);
        memcpy(a.last, payload.at, payload.len < sizeof a.last ? payload.len : sizeof a.last);
        a.count++;
        follow_exchange(payload);
    }
    return a;
}

static void expect(const char *numbers)
{
    struct answers a = collect();

    ck_assert_str_eq(a.numbers, numbers);
}

static bool ended(struct nacre_end *why)
{
    return nacre_session_ended(real->session, why);
}

/* ---- saying things ---- */

/* Fields as scripted_encode has them: s text, u uint32, ? boolean. */
static void say(uint8_t number, const char *fields, ...)
{
    uint8_t payload[1024];
    struct writer w = write_to(payload, sizeof payload);
    va_list args;

    write_u8(&w, number);
    va_start(args, fields);
    for (; *fields != 0; fields++) {
        if (*fields == 's')
            write_text(&w, va_arg(args, const char *));
        else if (*fields == 'u')
            write_u32(&w, va_arg(args, uint32_t));
        else
            write_bool(&w, va_arg(args, int) != 0);
    }
    va_end(args);
    ck_assert(!w.bad);
    script_send(&s, written_bytes(&w));
}

/* The message with that number as it should be. */
static void say_well(uint8_t number)
{
    switch (number) {
    case SSH_MSG_DISCONNECT:
        say(number, "uss", 11U, "bye", "");
        break;
    case SSH_MSG_UNIMPLEMENTED:
        say(number, "u", 0U);
        break;
    case SSH_MSG_DEBUG:
        say(number, "?ss", 1, "debug", "");
        break;
    case SSH_MSG_SERVICE_REQUEST:
    case SSH_MSG_SERVICE_ACCEPT:
        say(number, "s", "ssh-userauth");
        break;
    case SSH_MSG_EXT_INFO:
        say(number, "uss", 1U, "nothing@nacre", "");
        break;
    case SSH_MSG_KEXINIT:
        script_kexinit(&s, NULL);
        break;
    case SSH_MSG_NEWKEYS:
        script_newkeys(&s);
        break;
    case SSH_MSG_KEX_ECDH_INIT:
        script_init_share(&s);
        break;
    case SSH_MSG_KEX_ECDH_REPLY:
        script_reply(&s);
        break;
    case SSH_MSG_USERAUTH_REQUEST:
        say(number, "sss?s", "alice", "ssh-connection", "password", 0, "secret");
        break;
    case SSH_MSG_USERAUTH_FAILURE:
        say(number, "s?", "password", 0);
        break;
    case SSH_MSG_USERAUTH_BANNER:
        say(number, "ss", "welcome\r\n", "");
        break;
    case SSH_MSG_USERAUTH_INFO_REQUEST:
        say(number, "sssu", "", "", "", 0U);
        break;
    case SSH_MSG_USERAUTH_INFO_RESPONSE:
        say(number, "us", 1U, "secret");
        break;
    case SSH_MSG_GLOBAL_REQUEST:
        say(number, "s?", "unknown@nacre", 1);
        break;
    case SSH_MSG_CHANNEL_OPEN:
        say(number, "suuu", "session", (uint32_t)SCRIPT_CHANNEL, (uint32_t)WINDOW,
            (uint32_t)PACKET);
        break;
    case SSH_MSG_CHANNEL_OPEN_CONFIRMATION:
        say(number, "uuuu", 0U, (uint32_t)SCRIPT_CHANNEL, (uint32_t)WINDOW, (uint32_t)PACKET);
        break;
    case SSH_MSG_CHANNEL_OPEN_FAILURE:
        say(number, "uuss", 0U, 1U, "no", "");
        break;
    case SSH_MSG_CHANNEL_WINDOW_ADJUST:
        say(number, "uu", 0U, 1000U);
        break;
    case SSH_MSG_CHANNEL_DATA:
        say(number, "us", 0U, "data");
        break;
    case SSH_MSG_CHANNEL_EXTENDED_DATA:
        say(number, "uus", 0U, 1U, "data");
        break;
    case SSH_MSG_CHANNEL_EOF:
    case SSH_MSG_CHANNEL_CLOSE:
    case SSH_MSG_CHANNEL_SUCCESS:
    case SSH_MSG_CHANNEL_FAILURE:
        say(number, "u", 0U);
        break;
    case SSH_MSG_CHANNEL_REQUEST:
        say(number, "us?", 0U, "unknown@nacre", 1);
        break;
    case SSH_MSG_USERAUTH_SUCCESS:
    case SSH_MSG_REQUEST_SUCCESS:
    case SSH_MSG_REQUEST_FAILURE:
        say(number, "");
        break;
    default: /* PING and PONG, IGNORE, and what nobody has defined */
        say(number, "s", "text");
        break;
    }
}

/* ---- places: how to get there ---- */

enum exchange {
    NOBODY, /* has begun a later exchange */
    THE_SCRIPT,
    THE_SESSION,
};

struct place {
    enum phase phase;
    enum exchange by;
};

static const struct place places[] = {
    {PHASE_KEXINIT, NOBODY},
    {PHASE_KEX, NOBODY},
    {PHASE_NEWKEYS, NOBODY},
    {PHASE_FIRST, NOBODY},
    {PHASE_SERVICE, NOBODY},
    {PHASE_AUTH, NOBODY},
    {PHASE_CONNECTION, NOBODY},
    {PHASE_REKEY, THE_SCRIPT},
    {PHASE_REKEY, THE_SESSION},
    {PHASE_REKEY_NEWKEYS, THE_SCRIPT},
    {PHASE_REKEY_NEWKEYS, THE_SESSION},
    /* Our KEXINIT is out, and the peer has not seen it yet: it may say what it could before. */
    {PHASE_AUTH, THE_SESSION},
    {PHASE_CONNECTION, THE_SESSION},
};

enum { PLACES = sizeof places / sizeof places[0] };

/* Our KEXINIT waits for the script's. */
static bool is_waiting(const struct place *at)
{
    return at->by == THE_SESSION && at->phase < PHASE_REKEY;
}

/* The messages of the method; the session has sent NEWKEYS afterwards. */
static void exchange_shares(void)
{
    if (is_server()) {
        script_init_share(&s);
        expect("31 21");
    } else {
        script_reply(&s);
        expect("21");
    }
}

static void reach_first_exchange(enum phase phase)
{
    script_version(&s);
    expect("20");
    if (phase == PHASE_KEXINIT)
        return;
    script_kexinit(&s, NULL);
    expect(is_server() ? "" : "30");
    if (phase == PHASE_KEX)
        return;
    exchange_shares();
    if (phase == PHASE_NEWKEYS)
        return;
    script_newkeys(&s);
    expect(is_server() ? "" : "5");
}

static void reach_login(enum phase phase)
{
    if (phase == PHASE_SERVICE)
        say_well(SSH_MSG_IGNORE);
    if (phase <= PHASE_SERVICE)
        return;
    say_well(is_server() ? SSH_MSG_SERVICE_REQUEST : SSH_MSG_SERVICE_ACCEPT);
    expect(is_server() ? "6" : "50");
    if (phase == PHASE_AUTH)
        return;
    say_well(is_server() ? SSH_MSG_USERAUTH_REQUEST : SSH_MSG_USERAUTH_SUCCESS);
    expect(is_server() ? "52 80" : ""); /* and our host keys */
}

static void reach_later_exchange(enum phase phase, enum exchange by)
{
    if (by == THE_SESSION) {
        nacre_session_rekey(real->session);
        expect("20");
    }
    if (phase < PHASE_REKEY)
        return;
    script_kexinit(&s, NULL);
    if (by == THE_SESSION)
        expect(is_server() ? "" : "30");
    else
        expect(is_server() ? "20" : "20 30");
    if (phase == PHASE_REKEY_NEWKEYS)
        exchange_shares();
}

static void reach(const struct place *at, void (*prepare)(void))
{
    reach_first_exchange(at->phase);
    if (at->phase < PHASE_FIRST)
        return;
    reach_login(at->phase);
    if (prepare != NULL)
        prepare();
    if (at->by != NOBODY)
        reach_later_exchange(at->phase, at->by);
    (void)collect();
    real->log[0] = 0;
}

/* The exchange that the session began goes on, and ends. What was held back follows its NEWKEYS. */
static struct answers finish_exchange(void)
{
    const char *exchange = is_server() ? "31 21" : "21";
    struct answers a;
    size_t n;

    script_kexinit(&s, NULL);
    expect(is_server() ? "" : "30");
    if (is_server())
        script_init_share(&s);
    else
        script_reply(&s);
    a = collect();
    n = strlen(exchange);
    ck_assert_msg(strncmp(a.numbers, exchange, n) == 0, "exchange: %s", a.numbers);
    n += a.numbers[n] == ' ';
    memmove(a.numbers, a.numbers + n, sizeof a.numbers - n);
    script_newkeys(&s);
    expect("");
    return a;
}

/* ---- what makes a message welcome ---- */

static void ask_for_words(void)
{
    say(SSH_MSG_USERAUTH_REQUEST, "sssss", "alice", "ssh-connection", "keyboard-interactive", "",
        "");
    expect("60");
}

static void offer_interactive(void)
{
    say(SSH_MSG_USERAUTH_FAILURE, "s?", "keyboard-interactive", 0);
    expect("50");
}

static void make_global_request(void)
{
    ck_assert(nacre_session_global_request(real->session, "unknown@nacre", true, NULL, 0));
    expect("80");
}

static void open_from_session(void)
{
    ck_assert_ptr_nonnull(
        nacre_session_open(real->session, "session", &p.client_app, NULL, NULL, 0));
    expect("90");
}

static struct nacre_channel *channel; /* the one that is open */

static enum nacre_answer note_channel(struct nacre_channel *ch)
{
    channel = ch;
    return NACRE_GRANT;
}

static void open_channel(void)
{
    if (is_server()) {
        p.server_app.open = note_channel;
        say_well(SSH_MSG_CHANNEL_OPEN);
        expect("91");
    } else {
        p.client_app.open = note_channel;
        open_from_session();
        say_well(SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
        expect("");
    }
}

static void make_request(void)
{
    open_channel();
    ck_assert(nacre_channel_request(channel, "unknown@nacre", true, NULL, 0));
    expect("98");
}

/* ---- what a legal message does ---- */

#define IN(phase) (1U << PHASE_##phase)
#define UNDER_KEYS (IN(FIRST) | IN(SERVICE) | IN(AUTH) | IN(CONNECTION))
#define ANYWHERE (~0U)

enum { TO_SERVER = 1 << NACRE_SERVER, TO_CLIENT = 1 << NACRE_CLIENT, TO_BOTH = 3 };

struct effect {
    uint8_t first, last; /* numbers */
    uint8_t to;
    unsigned in; /* phases */
    const char *answers;
    const char *told;      /* to the application */
    const char *then;      /* the phase afterwards; NULL: the same */
    uint32_t disconnect;   /* or with that reason */
    void (*prepare)(void); /* what has happened before */
};

/* First match wins. */
/* clang-format off */
static const struct effect effects[] = {
    {1, 1, TO_BOTH, ANYWHERE, "", .then = "ended"},
    {2, 4, TO_BOTH, ANYWHERE, "", .told = ""},
    {5, 5, TO_SERVER, ANYWHERE, "6", .then = "auth"},
    {6, 6, TO_CLIENT, ANYWHERE, "50", .then = "auth"},
    {7, 7, TO_BOTH, ANYWHERE, "", .told = ""},
    {20, 20, TO_SERVER, IN(KEXINIT), "", .then = "kex"},
    {20, 20, TO_CLIENT, IN(KEXINIT), "30", .then = "kex"},
    {20, 20, TO_SERVER, ANYWHERE, "20", .then = "rekey"},
    {20, 20, TO_CLIENT, ANYWHERE, "20 30", .then = "rekey"},
    {21, 21, TO_SERVER, IN(NEWKEYS), "", .then = "first"},
    {21, 21, TO_CLIENT, IN(NEWKEYS), "5", .then = "first"},
    {21, 21, TO_BOTH, IN(REKEY_NEWKEYS), "", .then = "connection"},
    {30, 30, TO_SERVER, IN(KEX), "31 21", .then = "newkeys"},
    {31, 31, TO_CLIENT, IN(KEX), "21", .then = "newkeys"},
    {30, 30, TO_SERVER, IN(REKEY), "31 21", .then = "rekey-newkeys"},
    {31, 31, TO_CLIENT, IN(REKEY), "21", .then = "rekey-newkeys"},
    {30, 49, TO_BOTH, ANYWHERE, .disconnect = SSH_DISCONNECT_KEY_EXCHANGE_FAILED}, /* the method's to say */
    {50, 50, TO_SERVER, ANYWHERE, "52 80", .then = "connection"},
    {51, 51, TO_CLIENT, ANYWHERE, "50", .told = ""},
    {52, 52, TO_CLIENT, ANYWHERE, "", .then = "connection"},
    {53, 53, TO_CLIENT, ANYWHERE, "", .told = ""},
    {60, 60, TO_CLIENT, ANYWHERE, "61", .prepare = offer_interactive},
    {61, 61, TO_SERVER, ANYWHERE, "52 80", .then = "connection", .prepare = ask_for_words},
    {80, 80, TO_BOTH, ANYWHERE, "82", .told = ""},
    {81, 81, TO_BOTH, ANYWHERE, "", .told = "global granted;", .prepare = make_global_request},
    {82, 82, TO_BOTH, ANYWHERE, "", .told = "global refused;", .prepare = make_global_request},
    {90, 90, TO_SERVER, ANYWHERE, "91", .told = "open;"},
    {90, 90, TO_CLIENT, ANYWHERE, "92", .told = ""}, /* RFC 4254 section 6.1 */
    {91, 91, TO_BOTH, ANYWHERE, "", .told = "open;", .prepare = open_from_session},
    {92, 92, TO_BOTH, ANYWHERE, "", .told = "closed open refused;", .prepare = open_from_session},
    {93, 93, TO_BOTH, ANYWHERE, "", .prepare = open_channel},
    {94, 94, TO_SERVER, ANYWHERE, "94", .prepare = open_channel},
    {94, 95, TO_CLIENT, ANYWHERE, "", .told = "got data;", .prepare = open_channel},
    {95, 95, TO_SERVER, ANYWHERE, "", .prepare = open_channel},
    {96, 96, TO_SERVER, ANYWHERE, "98 96 97", .told = "eof;", .prepare = open_channel},
    {96, 96, TO_CLIENT, ANYWHERE, "", .told = "eof;", .prepare = open_channel},
    {97, 97, TO_BOTH, ANYWHERE, "97", .told = "close;closed peer closed;", .prepare = open_channel},
    {98, 98, TO_BOTH, ANYWHERE, "100", .told = "request unknown@nacre;", .prepare = open_channel},
    {99, 99, TO_BOTH, ANYWHERE, "", .told = "granted;", .prepare = make_request},
    {100, 100, TO_BOTH, ANYWHERE, "", .told = "refused;", .prepare = make_request},
    {192, 192, TO_BOTH, ANYWHERE, "193", .told = ""},
    {193, 193, TO_BOTH, ANYWHERE, "", .told = ""},
};
/* clang-format on */

static const struct effect *effect_of(uint8_t number, enum phase phase)
{
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++) {
        const struct effect *e = &effects[i];

        if (e->first <= number && number <= e->last && e->to & 1U << role && e->in & 1U << phase)
            return e;
    }
    return NULL;
}

/* ---- life ---- */

static void interactive(void *context, struct nacre_decision *d, const char *user,
                        const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompt = {"Password: ", false};

    (void)context;
    (void)user;
    if (responses == NULL)
        nacre_decide_ask_more(d, "", "", &prompt, 1);
    else
        nacre_decide(d, count == 1 && strcmp(responses[0], "secret") == 0);
}

static void ask(void *context, const struct nacre_ask *a)
{
    static const char *const secret = "secret";
    struct end *e = context;

    nacre_session_respond(e->session, &secret, a->count);
}

static void on_global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    end_note(context, "global %s;", granted ? "granted" : "refused");
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    end_note(nacre_channel_context(ch), "%s;", granted ? "granted" : "refused");
}

static size_t on_client_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    end_note(nacre_channel_context(ch), "got %.*s;", (int)len, (const char *)data);
    return len;
}

static void start(bool strict)
{
    struct nacre_endpoint_config *config = is_server() ? &p.server_config : &p.client_config;

    pair_init(&p, 3);
    p.policy.interactive = interactive;
    p.server_app.replied = p.client_app.replied = on_replied;
    p.client_app.data = p.client_app.extended_data = on_client_data;
    config->kex = "curve25519-sha256";
    config->global_replied = on_global_replied;
    p.client_config.ask = ask;
    real = is_server() ? &p.server : &p.client;
    script_init(&s, is_server() ? NACRE_CLIENT : NACRE_SERVER, strict);
    s.session = real;
    s.host_key = p.host_key;
    ck_assert(end_start(real, config));
}

static void stop(void)
{
    end_stop(real);
    pair_free(&p);
    script_clear(&s);
}

/* ---- the comparison ---- */

/* What was judged, for a message that says which. */
struct trial {
    const struct place *at;
    bool strict;
    uint8_t number;
    uint32_t seq; /* of the message */
    char name[128];
};

#define REQUIRE(condition, ...)                                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            char text[PAIR_LOG_MAX + 256];                                                         \
                                                                                                   \
            (void)snprintf(text, sizeof text, __VA_ARGS__);                                        \
            ck_abort_msg("%s: %s", t->name, text);                                                 \
        }                                                                                          \
    } while (0)

/* The first packet under keys is what it may be: whatever came, the next is not the first. */
static const char *phase_after(const struct trial *t)
{
    return phase_name(t->at->phase == PHASE_FIRST ? PHASE_SERVICE : t->at->phase);
}

static void check_alive(const struct trial *t, const char *phase)
{
    struct nacre_end why;

    REQUIRE(!ended(&why), "ended: %s", why.text);
    REQUIRE(strcmp(nacre_session_phase(real->session), phase) == 0, "phase %s, should be %s",
            nacre_session_phase(real->session), phase);
}

static void check_answers(const struct trial *t, const struct answers *a, const char *numbers)
{
    REQUIRE(strcmp(a->numbers, numbers) == 0, "answered with '%s', should be '%s'", a->numbers,
            numbers);
}

static void check_told(const struct trial *t, const char *told)
{
    REQUIRE(strcmp(real->log, told) == 0, "the application was told '%s', should be '%s'",
            real->log, told);
}

/* RFC 4253 section 11.1: one DISCONNECT with that reason, and nothing else. */
static void check_disconnect(const struct trial *t, const struct answers *a, uint32_t reason,
                             bool by_the_table)
{
    static const char table_says[] = "message not allowed at this point";
    struct nacre_end why;

    REQUIRE(ended(&why), "the session goes on");
    REQUIRE(why.cause == NACRE_PROTOCOL_ERROR && why.code == reason, "ended: %u, %s", why.code,
            why.text);
    REQUIRE((strcmp(why.text, table_says) == 0) == by_the_table, "ended: %s", why.text);
    check_answers(t, a, "1");
    REQUIRE(load_u32(a->last + 1) == reason, "disconnected with reason %u", load_u32(a->last + 1));
}

/* RFC 4253 section 11.4 */
static void check_unimplemented(const struct trial *t, const struct answers *a)
{
    check_alive(t, phase_after(t));
    check_answers(t, a, "3");
    REQUIRE(load_u32(a->last + 1) == t->seq, "UNIMPLEMENTED %u, the message was %u",
            load_u32(a->last + 1), t->seq);
}

static void check_legal(const struct trial *t, const struct answers *a)
{
    const struct effect *e = effect_of(t->number, t->at->phase);
    struct nacre_end why;

    if (e->disconnect != 0) {
        check_disconnect(t, a, e->disconnect, false);
        return;
    }
    check_answers(t, a, e->answers);
    check_told(t, e->told == NULL ? "" : e->told);
    if (e->then != NULL && strcmp(e->then, "ended") == 0)
        REQUIRE(ended(&why) && why.cause == NACRE_DISCONNECTED, "did not end");
    else
        check_alive(t, e->then == NULL ? phase_after(t) : e->then);
}

/* While our KEXINIT waits for the peer's, answers wait too: RFC 4253 section 7.1. The exchange goes
 * on as if nothing had come between. */
static void check_waiting(const struct trial *t, const struct answers *at_once)
{
    const struct effect *e = effect_of(t->number, t->at->phase);
    struct answers later;

    if (t->number == SSH_MSG_KEXINIT) {
        check_answers(t, at_once, is_server() ? "" : "30");
        check_alive(t, "rekey");
        return;
    }
    if (e->then != NULL && strcmp(e->then, "ended") == 0) {
        check_legal(t, at_once);
        return;
    }
    check_answers(t, at_once, "");
    later = finish_exchange();
    check_legal(t, &later);
}

static void check(const struct trial *t, enum verdict verdict, const struct answers *a)
{
    switch (verdict) {
    case VERDICT_LEGAL:
        if (is_waiting(t->at))
            check_waiting(t, a);
        else
            check_legal(t, a);
        return;
    case VERDICT_IGNORE:
        check_alive(t, phase_after(t));
        check_answers(t, a, "");
        break;
    case VERDICT_UNIMPLEMENTED:
        check_unimplemented(t, a);
        break;
    case VERDICT_ILLEGAL:
        check_disconnect(t, a, SSH_DISCONNECT_PROTOCOL_ERROR, true);
        return;
    }
    check_told(t, "");
}

/* Before the peer's KEXINIT nobody knows whether it will be strict: what it may not say then costs
 * the session when that KEXINIT comes. draft-ietf-sshm-strict-kex section 3.2. */
static void check_strict_afterwards(const struct trial *t, enum nacre_role from)
{
    struct answers a;

    if (!t->strict || t->at->phase != PHASE_KEXINIT || ended(NULL) ||
        phase_judge(PHASE_KEXINIT, from, true, t->number) != VERDICT_ILLEGAL)
        return;
    script_kexinit(&s, NULL);
    a = collect();
    check_disconnect(t, &a, SSH_DISCONNECT_PROTOCOL_ERROR, false);
}

static void try_message(const struct place *at, bool strict, uint8_t number)
{
    enum nacre_role from = is_server() ? NACRE_CLIENT : NACRE_SERVER;
    bool in_force = strict && at->phase != PHASE_KEXINIT;
    enum verdict verdict = phase_judge(at->phase, from, in_force, number);
    const struct effect *e = effect_of(number, at->phase);
    struct trial trial = {.at = at, .strict = strict, .number = number}, *t = &trial;
    struct answers a;

    (void)snprintf(t->name, sizeof t->name, "message %u to the %s in phase %s%s%s", number,
                   is_server() ? "server" : "client", phase_name(at->phase),
                   at->by == THE_SESSION ? ", rekeying" : "", strict ? ", strict" : "");
    REQUIRE(verdict != VERDICT_LEGAL || e != NULL, "no effect is known");
    start(strict);
    reach(at, verdict == VERDICT_LEGAL ? e->prepare : NULL);
    REQUIRE(strcmp(nacre_session_phase(real->session), phase_name(at->phase)) == 0,
            "the phase is %s", nacre_session_phase(real->session));
    t->seq = s.sending.seq;
    say_well(number);
    a = collect();
    check(t, verdict, &a);
    check_strict_afterwards(t, from);
    stop();
}

static void try_all(int i)
{
    role = i % 2 == 0 ? NACRE_SERVER : NACRE_CLIENT;
    for (int strict = 0; strict < 2; strict++)
        for (unsigned number = 0; number < 256; number++)
            try_message(&places[i / 2], strict == 1, (uint8_t)number);
}

START_TEST(every_message_has_the_effect_that_the_table_says)
{
    try_all(_i);
}
END_TEST

/* RFC 4253 section 4.2: there are no packets before the identification. A server, whose KEXINIT
 * goes with its own, ends it; a client lets lines pass that are none, and never takes them for a
 * message. */
START_TEST(no_message_has_an_effect_before_the_identification)
{
    for (unsigned number = 0; number < 256; number++) {
        struct answers a;

        role = _i == 0 ? NACRE_SERVER : NACRE_CLIENT;
        start(true);
        say_well((uint8_t)number);
        a = collect();
        ck_assert_str_eq(a.numbers, is_server() ? "20 1" : "");
        ck_assert_str_eq(nacre_session_phase(real->session), "version");
        stop();
    }
}
END_TEST

/* A row that no phase of the table makes use of says nothing. */
START_TEST(every_effect_is_of_a_legal_message)
{
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++) {
        const struct effect *e = &effects[i];
        bool used = false;

        for (enum phase phase = 0; phase < PHASE_COUNT; phase++)
            for (int to = 0; to < 2; to++) {
                role = to == 0 ? NACRE_SERVER : NACRE_CLIENT;
                used = used || (effect_of(e->first, phase) == e &&
                                phase_judge(phase, is_server() ? NACRE_CLIENT : NACRE_SERVER, false,
                                            e->first) == VERDICT_LEGAL);
            }
        ck_assert_msg(used || e->last > e->first, "effect %zu is never had", i);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_timeout(suite, 240);
    add_loop(suite, every_message_has_the_effect_that_the_table_says, 0, 2 * PLACES);
    add_loop(suite, no_message_has_an_effect_before_the_identification, 0, 2);
    add_test(suite, every_effect_is_of_a_legal_message);
}
