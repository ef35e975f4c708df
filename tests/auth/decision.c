/* Decisions: at once, later, twice, and from inside callbacks. RFC 4252 section 5.1. */
#include "tests/support/auth_script.h"
#include "tests/support/notes.h"

#include <stdlib.h>
#include <string.h>

/* [4252/5.1/4] */
START_TEST(requests_sent_ahead_are_answered_in_order)
{
    start_server();
    s.chunk = _i == 0 ? 0 : 1; /* whole, and a byte at a time */
    send_none();
    send_good_query();
    send_bad_password();
    send_bad_query();
    send_good_query();
    send_password("alice", "secret");
    scripted_expect(&s, "auth-failure " METHODS ";pk-ok;auth-failure " METHODS
                        ";auth-failure " METHODS ";pk-ok;auth-success;");
    scripted_clear(&s);
}
END_TEST

static struct nacre_decision *open_decision;
static int asked;

static void password_later(void *context, struct nacre_decision *d, const char *user,
                           const char *password)
{
    end_note(context, "asked %s %s;", user, password);
    ck_assert_ptr_null(open_decision); /* one at a time */
    open_decision = d;
    asked++;
}

static void publickey_later(void *context, struct nacre_decision *d, const char *user,
                            const struct nacre_key_offer *offer)
{
    ck_assert_uint_gt(offer->key_len, 0);
    ck_assert_ptr_nonnull(offer->key);
    password_later(context, d, user, offer->algorithm);
}

static void late_start(void)
{
    open_decision = NULL;
    asked = 0;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = password_later;
    s.pair.policy.publickey = publickey_later;
    scripted_start(&s);
}

/* Answers, and does what an owner does after wake. */
static void decide(bool granted)
{
    struct nacre_decision *d = open_decision;
    unsigned wakes = s.real->wakes;

    ck_assert_ptr_nonnull(d);
    open_decision = NULL;
    nacre_decide(d, granted);
    ck_assert_uint_gt(s.real->wakes, wakes);
    nacre_session_tick(s.real->session, s.pair.now_ms);
}

START_TEST(requests_wait_for_a_late_decision_and_are_answered_in_order)
{
    late_start();
    send_bad_password();
    send_none();
    send_good_query();
    send_none();
    send_good_query();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    scripted_told(&s, "asked alice wrong;");
    decide(false);
    scripted_expect(&s, "auth-failure " METHODS ";auth-failure " METHODS ";");
    scripted_told(&s, "asked alice ssh-ed25519;");
    decide(true);
    scripted_expect(&s, "pk-ok;auth-failure " METHODS ";");
    scripted_told(&s, "asked alice ssh-ed25519;");
    decide(false);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_told(&s, "asked alice secret;");
    decide(true);
    scripted_expect(&s, "auth-success;");
    ck_assert(s.real->authenticated);
    ck_assert_int_eq(asked, 4);
    scripted_clear(&s);
}
END_TEST

START_TEST(memory_does_not_grow_while_a_decision_is_pending)
{
    static const char zeros[1000];
    size_t before;

    late_start();
    send_bad_password();
    scripted_expect(&s, "");
    before = nacre_endpoint_memory_in_use(s.real->endpoint);
    for (int i = 0; i < 1000 && transport_output(&s.t).len < 60000; i++) {
        scripted_send(&s, SSH_MSG_IGNORE, "S", zeros, sizeof zeros);
        scripted_run(&s);
    }
    ck_assert_uint_lt(nacre_endpoint_memory_in_use(s.real->endpoint), before + 2 * BLOCK_LARGE);
    ck_assert(!s.real->ended);
    decide(false);
    scripted_expect(&s, "auth-failure " METHODS ";");
    scripted_clear(&s);
}
END_TEST

START_TEST(a_decision_after_the_end_has_no_effect)
{
    late_start();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    nacre_session_disconnect(s.real->session, NACRE_SHUTTING_DOWN, "over");
    ck_assert(s.real->ended);
    nacre_decide(open_decision, true);
    scripted_expect(&s, "disconnect 11;");
    ck_assert(!s.real->authenticated);
    scripted_clear(&s);
}
END_TEST

START_TEST(the_login_deadline_applies_while_a_decision_is_pending)
{
    late_start();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    ck_assert_uint_le(nacre_session_deadline(s.real->session), 120 * 1000);
    nacre_session_tick(s.real->session, 120 * 1000);
    expect_ended(NACRE_TIMED_OUT, SSH_DISCONNECT_BY_APPLICATION);
    scripted_expect(&s, "disconnect 11;");
    nacre_decide(open_decision, true);
    scripted_clear(&s);
}
END_TEST

static void password_unable(void *context, struct nacre_decision *d, const char *user,
                            const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    nacre_decide_unable(d);
}

static unsigned undecided;

static void count_undecided(void *context, enum nacre_limit limit)
{
    (void)context;
    undecided += limit == NACRE_LIMIT_DECISIONS;
}

START_TEST(a_login_that_cannot_be_decided_is_not_a_failed_attempt)
{
    static const struct nacre_observer observer = {.limited = count_undecided};

    undecided = 0;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.attempted = note_attempt;
    s.pair.policy.password = password_unable;
    s.pair.server_config.observer = &observer;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "disconnect 11;");
    scripted_told(&s, "");
    ck_assert_int_eq(s.real->why.cause, NACRE_OUT_OF_RESOURCES);
    ck_assert_uint_eq(undecided, 1);
    scripted_clear(&s);
}
END_TEST

/* ---- answers from inside callbacks ---- */

static void answer(struct nacre_decision *d, int which)
{
    static const struct nacre_prompt prompt = {"More: ", false};

    switch (which) {
    case 0:
        nacre_decide(d, true);
        break;
    case 1:
        nacre_decide(d, false);
        break;
    case 2:
        nacre_decide_unable(d);
        break;
    case 3:
        nacre_decide_ask_more(d, "", "", &prompt, 1);
        break;
    default:
        nacre_decide_change_password(d, "New: ");
        break;
    }
}

enum { ANSWERS = 5 };

static int first_answer, second_answer;

static void password_twice(void *context, struct nacre_decision *d, const char *user,
                           const char *password)
{
    (void)context;
    (void)user;
    (void)password;
    answer(d, first_answer);
    answer(d, second_answer);
}

START_TEST(a_second_answer_inside_the_callback_has_no_effect)
{
    static const char *const replies[ANSWERS] = {
        "auth-success;",
        "auth-failure " METHODS ";",
        "disconnect 11;",
        "auth-failure " METHODS ";", /* only keyboard-interactive can ask for more */
        NULL,                        /* PASSWD_CHANGEREQ */
    };

    first_answer = _i / ANSWERS;
    second_answer = _i % ANSWERS;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = password_twice;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_run(&s);
    if (replies[first_answer] != NULL)
        ck_assert_str_eq(s.log, replies[first_answer]);
    else
        ck_assert_uint_eq(s.last[0], SSH_MSG_USERAUTH_PASSWD_CHANGEREQ);
    ck_assert_int_eq(s.real->authenticated, first_answer == 0);
    scripted_clear(&s);
}
END_TEST

static struct nacre_decision *answered;

static void attempted_answers_again(void *context, const char *user, const char *method,
                                    bool granted)
{
    (void)user;
    (void)method;
    end_note(context, granted ? "granted;" : "refused;");
    answer(answered, second_answer);
}

static void authenticated_answers_again(void *context, const char *user)
{
    (void)user;
    end_note(context, "authenticated;");
    answer(answered, second_answer);
}

START_TEST(a_second_answer_inside_a_callback_of_the_first_has_no_effect)
{
    bool granted = _i % 2 == 0;

    second_answer = _i / 2;
    open_decision = NULL;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = password_later;
    s.pair.policy.attempted = attempted_answers_again;
    s.pair.server_config.authenticated = authenticated_answers_again;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "");
    scripted_told(&s, "asked alice secret;");
    answered = open_decision;
    decide(granted);
    scripted_expect(&s, granted ? "auth-success;" : "auth-failure " METHODS ";");
    scripted_told(&s, granted ? "granted;authenticated;" : "refused;");
    scripted_clear(&s);
}
END_TEST

/* ---- a session that is freed from inside a callback ---- */

static void free_session(void *context)
{
    struct end *e = context;

    end_note(e, "free;");
    nacre_session_free(e->session);
}

static void note_freed(void *context)
{
    struct end *e = context;

    end_note(e, "freed;");
    e->session = NULL;
}

static void free_in_password(void *context, struct nacre_decision *d, const char *user,
                             const char *password)
{
    (void)user;
    (void)password;
    open_decision = d;
    free_session(context);
}

static void free_in_attempted(void *context, const char *user, const char *method, bool granted)
{
    (void)user;
    (void)method;
    (void)granted;
    free_session(context);
}

static void free_in_authenticated(void *context, const char *user)
{
    (void)user;
    free_session(context);
}

static void free_in_ask(void *context, const struct nacre_ask *ask)
{
    (void)ask;
    free_session(context);
}

static void free_in_banner(void *context, const char *text)
{
    (void)text;
    free_session(context);
}

/* One delivery of all that the script has to send. */
static void feed(void)
{
    size_t room, len = transport_output(&s.t).len;
    uint8_t *in = nacre_session_input(s.real->session, &room);

    ck_assert_uint_le(len, room);
    memcpy(in, transport_output(&s.t).at, len);
    transport_sent(&s.t, len);
    nacre_session_received(s.real->session, len, s.pair.now_ms);
}

static void expect_freed(void)
{
    scripted_told(&s, "free;freed;");
    ck_assert_ptr_null(s.real->session);
    scripted_clear(&s);
}

START_TEST(an_answer_after_the_session_was_freed_in_its_callback_has_no_effect)
{
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = free_in_password;
    s.pair.server_config.freed = note_freed;
    scripted_start(&s);
    send_password("alice", "secret");
    feed();
    answer(open_decision, _i);
    expect_freed();
}
END_TEST

/* At once and later: the callback comes from nacre_session_received and from nacre_decide. */
START_TEST(a_server_session_may_be_freed_in_the_callbacks_of_an_answer)
{
    bool later = _i % 2 == 1;

    scripted_init(&s, NACRE_SERVER);
    open_decision = NULL;
    if (later)
        s.pair.policy.password = password_later;
    if (_i / 2 == 0)
        s.pair.policy.attempted = free_in_attempted;
    else
        s.pair.server_config.authenticated = free_in_authenticated;
    s.pair.server_config.freed = note_freed;
    scripted_start(&s);
    send_password("alice", "secret");
    feed();
    if (later) {
        scripted_told(&s, "asked alice secret;");
        nacre_decide(open_decision, true);
    }
    expect_freed();
}
END_TEST

START_TEST(a_client_session_may_be_freed_in_a_callback)
{
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_config.password = NULL;
    s.pair.client_config.ask = free_in_ask;
    s.pair.client_config.banner = free_in_banner;
    s.pair.client_config.authenticated = free_in_authenticated;
    s.pair.client_config.freed = note_freed;
    scripted_start(&s);
    if (_i == 0)
        scripted_send(&s, SSH_MSG_USERAUTH_FAILURE, "s?", "password", 0);
    else if (_i == 1)
        scripted_send(&s, SSH_MSG_USERAUTH_BANNER, "ss", "hello", "");
    else
        scripted_send(&s, SSH_MSG_USERAUTH_SUCCESS, "");
    feed();
    expect_freed();
}
END_TEST

/* An answer calls wake as its last step. */
START_TEST(the_session_may_be_freed_when_an_answer_wakes_its_owner)
{
    open_decision = NULL;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = password_later;
    s.pair.server_config.wake = free_session;
    s.pair.server_config.freed = note_freed;
    scripted_start(&s);
    send_password("alice", "secret");
    scripted_expect(&s, "");
    scripted_told(&s, "asked alice secret;");
    answer(open_decision, _i);
    expect_freed();
}
END_TEST

/* ---- without memory ---- */

static bool refuses; /* memory */

void *__real_malloc(size_t size); /* NOLINT */

OWN(void *, malloc, size_t size)
{
    return refuses ? NULL : __real_malloc(size);
}

static bool never_post(void *context, void (*call)(void *argument), void *argument)
{
    (void)context;
    (void)call;
    (void)argument;
    ck_abort_msg("without memory for it");
    return false;
}

/* The question is still open. */
START_TEST(neither_a_comment_nor_an_answer_is_taken_without_memory)
{
    bool commented, posted;

    open_decision = NULL;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.publickey = publickey_later;
    s.pair.server_config.post = never_post;
    scripted_start(&s);
    send_good_query();
    scripted_expect(&s, "");
    refuses = true;
    commented = nacre_decision_set_comment(open_decision, "alice's key");
    posted = nacre_decision_post(open_decision, NULL, NULL);
    refuses = false;
    ck_assert(!commented && !posted);
    decide(true);
    scripted_expect(&s, "pk-ok;");
    scripted_clear(&s);
}
END_TEST

START_TEST(an_answer_from_another_thread_needs_a_way_to_the_loop)
{
    late_start();
    send_password("alice", "secret");
    scripted_expect(&s, "");
    ck_assert(!nacre_decision_post(open_decision, NULL, NULL));
    decide(true);
    scripted_expect(&s, "auth-success;");
    scripted_clear(&s);
}
END_TEST

static void *allocate(void *context, size_t size)
{
    (*(unsigned *)context)++;
    return malloc(size);
}

static void release(void *context, void *block, size_t size)
{
    (void)size;
    (*(unsigned *)context)--;
    free(block);
}

/* Neither the endpoint nor its allocator is there any more: the sanitizer sees whether the answer
 * uses them. */
START_TEST(an_answer_needs_nothing_that_the_endpoint_had)
{
    unsigned *blocks = calloc(1, sizeof *blocks);
    struct nacre_memory *memory = calloc(1, sizeof *memory);

    *memory = (struct nacre_memory){allocate, release, blocks};
    open_decision = NULL;
    scripted_init(&s, NACRE_SERVER);
    s.pair.policy.password = password_later;
    s.pair.policy.publickey = publickey_later;
    s.pair.server_config.memory = s.pair.server_config.secrets = memory;
    scripted_start(&s);
    if (_i < ANSWERS)
        send_password("alice", "secret");
    else
        send_good_query();
    scripted_expect(&s, "");
    ck_assert_ptr_nonnull(open_decision);
    scripted_clear(&s);
    ck_assert_uint_eq(*blocks, 0);
    free(blocks);
    free(memory);
    answer(open_decision, _i % ANSWERS);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, neither_a_comment_nor_an_answer_is_taken_without_memory);
    add_test(suite, an_answer_from_another_thread_needs_a_way_to_the_loop);
    add_loop(suite, an_answer_needs_nothing_that_the_endpoint_had, 0, 2 * ANSWERS);
    add_loop(suite, a_second_answer_inside_the_callback_has_no_effect, 0, ANSWERS * ANSWERS);
    add_loop(suite, a_second_answer_inside_a_callback_of_the_first_has_no_effect, 0, 2 * ANSWERS);
    add_loop(suite, an_answer_after_the_session_was_freed_in_its_callback_has_no_effect, 0,
             ANSWERS);
    add_loop(suite, a_server_session_may_be_freed_in_the_callbacks_of_an_answer, 0, 4);
    add_loop(suite, a_client_session_may_be_freed_in_a_callback, 0, 3);
    add_loop(suite, the_session_may_be_freed_when_an_answer_wakes_its_owner, 0, ANSWERS);
    add_loop(suite, requests_sent_ahead_are_answered_in_order, 0, 2);
    add_test(suite, requests_wait_for_a_late_decision_and_are_answered_in_order);
    add_test(suite, memory_does_not_grow_while_a_decision_is_pending);
    add_test(suite, a_decision_after_the_end_has_no_effect);
    add_test(suite, the_login_deadline_applies_while_a_decision_is_pending);
    add_test(suite, a_login_that_cannot_be_decided_is_not_a_failed_attempt);
}
