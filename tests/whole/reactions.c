/* What a session does with every message: each number from 0 to 255, well formed, at every point of
 * a connection, to either role, with and without strict kex. A conforming script brings the session
 * there and sends that one message; the effect is compared with the table in transport/phase.c.
 * tests/transport/phase.c tests the table itself.
 *
 * `effects` has what legal messages do. A number that is legal but has no row there fails too. */
#include "tests/support/places.h"

#include <stdio.h>

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
    void (*prepare)(void); /* called before, to prepare the message */
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
    {30, 49, TO_BOTH, ANYWHERE, .disconnect = SSH_DISCONNECT_KEY_EXCHANGE_FAILED}, /* the method decides */
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

/* ---- the comparison ---- */

/* One message in one place, for error messages. */
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

/* After any message in PHASE_FIRST the phase is PHASE_SERVICE. */
static const char *phase_after(const struct trial *t)
{
    return phase_name(t->at->phase == PHASE_FIRST ? PHASE_SERVICE : t->at->phase);
}

static void check_alive(const struct trial *t, const char *phase)
{
    struct nacre_end why;

    REQUIRE(!ended(&why), "ended: %s", why.text);
    REQUIRE(strcmp(nacre_session_phase(real->session), phase) == 0, "phase %s, expected %s",
            nacre_session_phase(real->session), phase);
}

static void check_answers(const struct trial *t, const struct answers *a, const char *numbers)
{
    REQUIRE(strcmp(a->numbers, numbers) == 0, "answered with '%s', expected '%s'", a->numbers,
            numbers);
}

static void check_told(const struct trial *t, const char *told)
{
    REQUIRE(strcmp(real->log, told) == 0, "the application's log is '%s', expected '%s'", real->log,
            told);
}

/* RFC 4253 section 11.1: one DISCONNECT with that reason, and nothing else. */
static void check_disconnect(const struct trial *t, const struct answers *a, uint32_t reason,
                             bool by_the_table)
{
    static const char table_says[] = "message not allowed at this point";
    struct nacre_end why;

    REQUIRE(ended(&why), "the session continues");
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

/* While the session waits for the peer's KEXINIT, its replies are queued: RFC 4253 section 7.1. The
 * exchange is not affected. */
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

/* Before the peer's KEXINIT it is not known whether strict kex applies: an illegal message before
 * it ends the session when that KEXINIT arrives. draft-ietf-sshm-strict-kex section 3.2. */
static void check_strict_afterwards(const struct trial *t, enum nacre_role from)
{
    struct answers a;

    if (!t->strict || t->at->phase != PHASE_KEXINIT || ended(NULL) ||
        phase_judge(PHASE_KEXINIT, from, true, t->number) != VERDICT_ILLEGAL)
        return;
    script_kexinit(&script, NULL);
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
    start_session(strict);
    reach(at, verdict == VERDICT_LEGAL ? e->prepare : NULL);
    REQUIRE(strcmp(nacre_session_phase(real->session), phase_name(at->phase)) == 0,
            "the phase is %s", nacre_session_phase(real->session));
    t->seq = script.sending.seq;
    say_well(number);
    a = collect();
    check(t, verdict, &a);
    check_strict_afterwards(t, from);
    stop_session();
}

static void try_all(int i)
{
    role = i % 2 == 0 ? NACRE_SERVER : NACRE_CLIENT;
    for (int strict = 0; strict < 2; strict++)
        for (unsigned number = 0; number < 256; number++)
            try_message(&places[i / 2], strict == 1, (uint8_t)number);
}

START_TEST(every_message_has_the_effect_in_the_table)
{
    try_all(_i);
}
END_TEST

/* RFC 4253 section 4.2: there are no packets before the identification. A server ends the session;
 * a client skips other lines, and never takes them for a message. */
START_TEST(no_message_has_an_effect_before_the_identification)
{
    for (unsigned number = 0; number < 256; number++) {
        struct answers a;

        role = _i == 0 ? NACRE_SERVER : NACRE_CLIENT;
        start_session(true);
        say_well((uint8_t)number);
        a = collect();
        ck_assert_str_eq(a.numbers, is_server() ? "20 1" : "");
        ck_assert_str_eq(nacre_session_phase(real->session), "version");
        stop_session();
    }
}
END_TEST

/* Every row of `effects` is used in some phase. */
START_TEST(every_effect_belongs_to_a_legal_message)
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
    add_loop(suite, every_message_has_the_effect_in_the_table, 0, 2 * PLACES);
    add_loop(suite, no_message_has_an_effect_before_the_identification, 0, 2);
    add_test(suite, every_effect_belongs_to_a_legal_message);
}
