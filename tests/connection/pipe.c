/* A bastion in memory: a client, a server that joins its channels to those of a client of its own,
 * and the server behind that. */
#include "connection/parts.h"
#include "connection/pipe.h"

#include "tests/support/pair.h"
#include "tests/support/scarce.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct pair front, back; /* client and bastion; bastion and upstream */

/* ---- the story that client and upstream tell each other ---- */

static struct {
    size_t to_write, bytes; /* of the client: still to write, and altogether */
    size_t upstream_takes;  /* bytes that one call of the upstream's data accepts */
    bool bastion_refuses;   /* every request */
    bool upstream_refuses;  /* the channel */
    bool upstream_waits;    /* with its answers to requests */
    struct nacre_channel *client, *middle[2], *upstream;
    int closed, middle_closed;
    struct nacre_end why, middle_why;
    char text[64];
    uint32_t exit_status;
    size_t extended;
} story;

static void reset(size_t bytes)
{
    memset(&story, 0, sizeof story);
    story.to_write = story.bytes = bytes;
    story.upstream_takes = SIZE_MAX;
}

static uint8_t pattern(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

static void write_more(struct nacre_channel *ch)
{
    uint8_t buffer[4096];

    while (story.to_write > 0) {
        size_t at = story.bytes - story.to_write;
        size_t n = story.to_write < sizeof buffer ? story.to_write : sizeof buffer, done;

        for (size_t i = 0; i < n; i++)
            buffer[i] = pattern(at + i);
        done = nacre_channel_write(ch, buffer, n);
        story.to_write -= done;
        if (done < n)
            return;
    }
    nacre_channel_eof(ch);
}

static enum nacre_answer client_open(struct nacre_channel *ch)
{
    static const uint8_t odd[] = {0, 0, 0, 3, 'o', 'd', 'd', 0xff};

    ck_assert_int_eq(nacre_channel_pty(ch, "vt100", 80, 24), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_env(ch, "LANG", "C"), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_request(ch, "odd@example.com", true, odd, sizeof odd),
                     NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_window_change(ch, 132, 50), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_exec(ch, "cat"), NACRE_SEND_DONE);
    write_more(ch);
    return NACRE_GRANT;
}

static size_t client_extended(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)ch;
    (void)data;
    story.extended += len;
    return len;
}

static enum nacre_answer client_request(struct nacre_channel *ch,
                                        const struct nacre_request *request)
{
    (void)ch;
    if (request->kind == NACRE_REQUEST_EXIT_STATUS)
        story.exit_status = request->exit_status;
    return NACRE_GRANT;
}

static void client_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)ch;
    story.closed++;
    story.client = NULL;
    story.why = *why;
    (void)strncpy(story.text, why->text, sizeof story.text - 1);
}

static enum nacre_answer upstream_open(struct nacre_channel *ch)
{
    if (story.upstream_refuses) {
        nacre_channel_refuse_open(ch, NACRE_REASON_SHORTAGE, "not today");
        return NACRE_REFUSE;
    }
    story.upstream = ch;
    (void)nacre_channel_set_buffer(ch, 100); /* for what is written inside `request` */
    return NACRE_GRANT;
}

static size_t upstream_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    return nacre_channel_write(ch, data, len < story.upstream_takes ? len : story.upstream_takes);
}

static enum nacre_answer upstream_request(struct nacre_channel *ch,
                                          const struct nacre_request *request)
{
    struct end *e = nacre_channel_context(ch);

    end_note(e, "%s %s %s %u %u %zu;", request->type, request->text, request->value,
             request->columns, request->rows, request->payload_len);
    if (request->kind == NACRE_REQUEST_EXEC)
        (void)nacre_channel_write_extended(ch, "warning\n", 8);
    if (story.upstream_waits)
        return NACRE_LATER;
    return request->kind == NACRE_REQUEST_OTHER ? NACRE_REFUSE : NACRE_GRANT;
}

static void upstream_eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 7);
    nacre_channel_close(ch);
}

static void upstream_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct end *e = nacre_channel_context(ch);

    story.upstream = NULL;
    end_note(e, "closed %s;", nacre_cause_text(why->cause));
}

/* ---- the bastion ---- */

static enum nacre_answer middle_request(struct nacre_channel *ch,
                                        const struct nacre_request *request)
{
    (void)ch;
    (void)request;
    return story.bastion_refuses ? NACRE_REFUSE : NACRE_GRANT;
}

static void middle_end(struct nacre_channel *ch, const struct nacre_end *why)
{
    for (int i = 0; i < 2; i++)
        if (story.middle[i] == ch)
            story.middle[i] = NULL;
    story.middle_closed++;
    story.middle_why = *why;
}

static enum nacre_answer middle_open(struct nacre_channel *ch)
{
    static const struct nacre_channel_app app = {.request = middle_request, .closed = middle_end};
    size_t len;
    const uint8_t *data = nacre_channel_open_data(ch, &len);

    story.middle[0] = ch;
    story.middle[1] = nacre_session_open_channel(back.client.session, nacre_channel_type(ch), &app,
                                                 NULL, data, len);
    if (story.middle[1] == NULL)
        return NACRE_REFUSE;
    if (nacre_channel_pipe(ch, story.middle[1]))
        return NACRE_LATER;
    nacre_channel_close(story.middle[1]);
    return NACRE_REFUSE;
}

/* ---- the sessions ---- */

static void init(size_t bytes, size_t chunk)
{
    reset(bytes);
    pair_init(&front, 1);
    pair_init(&back, 2);
    front.chunk = back.chunk = chunk;
    front.client_app.open = client_open;
    front.client_app.writable = write_more;
    front.client_app.extended_data = client_extended;
    front.client_app.request = client_request;
    front.client_app.closed = client_closed;
    front.server_limits.window = back.client_limits.window = 256 * 1024;
    front.server_app = (struct nacre_channel_app){
        .open = middle_open, .request = middle_request, .closed = middle_end};
    back.server_app = (struct nacre_channel_app){.open = upstream_open,
                                                 .data = upstream_data,
                                                 .request = upstream_request,
                                                 .eof = upstream_eof,
                                                 .closed = upstream_closed};
}

static bool step(void)
{
    bool moved = pair_step(&front);

    return pair_step(&back) || moved;
}

static void run(void)
{
    while (step())
        ;
}

static void log_in(void)
{
    pair_start(&front);
    pair_start(&back);
    run();
    ck_assert(front.client.authenticated && back.client.authenticated);
}

static void open_one(struct pair *p)
{
    story.client =
        nacre_session_open_channel(p->client.session, "session", &p->client_app, NULL, NULL, 0);
    ck_assert_ptr_nonnull(story.client);
}

static void finish(void)
{
    pair_clear(&front);
    pair_clear(&back);
}

static void check_story(const struct pair *p)
{
    ck_assert_int_eq(story.closed, 1);
    ck_assert_int_eq(story.why.cause, NACRE_PEER_CLOSED);
    ck_assert_uint_eq(story.exit_status, 7);
    ck_assert_uint_eq(story.extended, 8);
    ck_assert_uint_eq(p->got_len, story.bytes);
    for (size_t i = 0; i < p->got_len; i++)
        if (p->got[i] != pattern(i))
            ck_abort_msg("byte %zu is wrong", i);
    ck_assert_int_eq(p->replies_good, 3); /* pty-req, env, exec */
    ck_assert_int_eq(p->replies_bad, 1);
}

static const struct {
    size_t bytes, chunk;
    bool rekeys;
} ways[] = {
    {500000, 0, false}, {500000, 0, true}, {50000, 1000, true}, {300, 1, true}, {0, 0, false},
};

/* Told through a bastion, the story is the same as without one. */
START_TEST(what_both_sides_say_arrives_as_without_a_bastion)
{
    char direct[PAIR_LOG_MAX];

    init(ways[_i].bytes, ways[_i].chunk);
    front.server_app = back.server_app;
    pair_start(&front);
    pair_run(&front);
    open_one(&front);
    pair_run(&front);
    check_story(&front);
    memcpy(direct, front.server.log, sizeof direct);
    pair_clear(&front);
    pair_free(&back);

    init(ways[_i].bytes, ways[_i].chunk);
    log_in();
    open_one(&front);
    for (int i = 0; step(); i++) {
        if (ways[_i].rekeys && i % 40 == 5)
            nacre_session_rekey(i % 80 < 40 ? front.server.session : back.client.session);
    }
    check_story(&front);
    ck_assert_str_eq(back.server.log, direct);
    ck_assert_int_eq(story.middle_closed, 2);
    finish();
}
END_TEST

/* ---- back-pressure ---- */

enum { MUCH = 4 * 1024 * 1024, HELD = 1200 * 1024 };

/* The bastion buffers no more than the windows of its channels. */
static void check_stopped(void)
{
    ck_assert_uint_gt(story.to_write, MUCH / 2);
    ck_assert_uint_lt(nacre_endpoint_memory(front.server.endpoint) +
                          nacre_endpoint_memory(back.client.endpoint),
                      HELD);
}

START_TEST(a_client_that_does_not_read_stops_the_upstream)
{
    init(MUCH, 0);
    log_in();
    open_one(&front);
    while (story.to_write == MUCH)
        (void)step();
    front.client_reads = false;
    for (int i = 0; i < 4000; i++)
        (void)step();
    check_stopped();
    front.client_reads = true;
    run();
    check_story(&front);
    finish();
}
END_TEST

START_TEST(an_upstream_that_accepts_nothing_stops_the_client)
{
    init(MUCH, 0);
    story.upstream_takes = 0;
    log_in();
    open_one(&front);
    for (int i = 0; i < 4000; i++)
        (void)step();
    check_stopped();
    story.upstream_takes = SIZE_MAX;
    nacre_channel_resume(story.upstream);
    run();
    check_story(&front);
    finish();
}
END_TEST

/* ---- refusals ---- */

START_TEST(a_channel_that_the_upstream_refuses_is_refused_with_its_reason)
{
    init(10, 0);
    story.upstream_refuses = true;
    log_in();
    open_one(&front);
    run();
    ck_assert_int_eq(story.closed, 1);
    ck_assert_int_eq(story.why.cause, NACRE_OPEN_REFUSED);
    ck_assert_uint_eq(story.why.code, NACRE_REASON_SHORTAGE);
    ck_assert_str_eq(story.text, "not today");
    ck_assert_int_eq(story.middle_closed, 2);
    finish();
}
END_TEST

START_TEST(a_request_that_the_bastion_refuses_does_not_reach_the_upstream)
{
    init(10, 0);
    story.bastion_refuses = true;
    log_in();
    open_one(&front);
    run();
    ck_assert_int_eq(front.replies_good, 0);
    ck_assert_int_eq(front.replies_bad, 4);
    ck_assert_str_eq(back.server.log, "closed we closed;");
    finish();
}
END_TEST

/* ---- requests that wait ---- */

/* They arrive during a key exchange of the other session: in order, and before what follows. */
START_TEST(requests_during_a_key_exchange_follow_it_in_order)
{
    static uint8_t large[40000];
    enum nacre_sending sending;

    init(_i == 0 ? 5 : MUCH, 0);
    log_in();
    story.upstream_waits = _i == 1;
    story.upstream_takes = _i == 1 ? 0 : SIZE_MAX; /* then the channel stays open */
    open_one(&front);
    for (int i = 0; story.middle[0] == NULL; i++)
        (void)pair_step(&front);
    nacre_session_rekey(back.client.session);
    pair_run(&front); /* nothing moves behind the bastion in the meantime */
    ck_assert_str_eq(back.server.log, "");
    run();
    if (_i == 1) { /* answered by and by */
        ck_assert_int_eq(front.replies_good, 0);
        for (int i = 0; i < 5; i++) /* window-change wants no answer */
            nacre_channel_answer_request(story.upstream, i != 2);
        run();
        ck_assert_int_eq(front.replies_good, 3);
        ck_assert_int_eq(front.replies_bad, 1);
    } else {
        check_story(&front);
        finish();
        return;
    }
    nacre_session_rekey(back.client.session);
    for (int i = 0; i < 4; i++) { /* more than is kept: the last ones are refused */
        sending =
            nacre_channel_request(story.client, "large@example.com", true, large, sizeof large);
        ck_assert_int_eq(sending, NACRE_SEND_DONE);
        pair_run(&front);
    }
    ck_assert_int_eq(front.replies_bad, 1); /* in order: after those to the first ones */
    run();
    nacre_channel_answer_request(story.upstream, true);
    run();
    ck_assert_int_eq(front.replies_good, 4);
    ck_assert_int_eq(front.replies_bad, 4);
    finish();
}
END_TEST

/* ---- ends ---- */

static void lose_client(void)
{
    nacre_session_lost(front.client.session);
    nacre_session_lost(front.server.session);
}

static void lose_upstream(void)
{
    nacre_session_lost(back.server.session);
    nacre_session_lost(back.client.session);
}

static void close_first(void)
{
    nacre_channel_close(story.middle[0]);
}

static void close_second(void)
{
    nacre_channel_close(story.middle[1]);
}

static void replace_first(void)
{
    nacre_channel_set_app(story.middle[0], &front.server_app);
    nacre_channel_close(story.middle[0]);
}

static void free_first(void)
{
    nacre_session_free(front.server.session);
    front.server.session = NULL;
    nacre_session_lost(front.client.session);
}

static const struct {
    void (*end)(void);
    bool ends_front, ends_back;
} ends[] = {
    {lose_client, true, false},   {lose_upstream, false, true},  {close_first, false, false},
    {close_second, false, false}, {replace_first, false, false}, {free_first, true, false},
};

/* Whatever ends one of the two, at any time, ends the other. */
START_TEST(each_channel_ends_with_the_other)
{
    for (int after = 0; after < 60; after += 9) {
        init(200000, 2000);
        log_in();
        open_one(&front);
        for (int i = 0; i < after || story.middle[1] == NULL; i++)
            (void)step();
        ends[_i].end();
        while ((front.server.session != NULL && pair_step(&front)) || pair_step(&back))
            ;
        ck_assert_int_eq(story.middle_closed, 2);
        ck_assert_int_eq(story.closed, 1);
        ck_assert_ptr_null(story.upstream);
        ck_assert_int_eq(front.client.ended, ends[_i].ends_front);
        ck_assert_int_eq(back.client.ended, ends[_i].ends_back);
        finish();
    }
}
END_TEST

START_TEST(what_cannot_be_joined_is_left_alone)
{
    struct nacre_channel *third;

    init(MUCH, 0);
    story.upstream_takes = 0;
    log_in();
    open_one(&front);
    for (int i = 0; i < 2000; i++)
        (void)step();
    third =
        nacre_session_open_channel(back.client.session, "session", &back.client_app, NULL, NULL, 0);
    ck_assert_ptr_nonnull(third);
    ck_assert(!nacre_channel_pipe(third, third));
    ck_assert(!nacre_channel_pipe(third, story.middle[0]));
    ck_assert(!nacre_channel_pipe(story.middle[1], third));
    ck_assert_ptr_eq(nacre_channel_get_app(third), &back.client_app);
    finish();
}
END_TEST

/* ---- memory that runs out ---- */

static bool told_with(unsigned refuse_at)
{
    struct scarce scarce;

    init(20000, 700);
    scarce_init(&scarce, 0, false);
    front.server_config.memory = back.client_config.memory = &scarce.memory;
    log_in();
    scarce.count = 0;
    scarce.refuse_at = refuse_at;
    open_one(&front);
    for (int i = 0; step(); i++)
        if (i % 40 == 5)
            nacre_session_rekey(i % 80 < 40 ? front.server.session : back.client.session);
    if (!scarce.refused)
        check_story(&front);
    else
        ck_assert_int_le(story.closed, 1);
    finish();
    ck_assert_uint_eq(scarce.in_use, 0);
    return scarce.refused;
}

START_TEST(any_allocation_may_fail)
{
    unsigned n = 1;

    while (told_with(n))
        n++;
    ck_assert_uint_gt(n, 20);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, what_both_sides_say_arrives_as_without_a_bastion, 0,
             sizeof ways / sizeof ways[0]);
    add_test(suite, a_client_that_does_not_read_stops_the_upstream);
    add_test(suite, an_upstream_that_accepts_nothing_stops_the_client);
    add_test(suite, a_channel_that_the_upstream_refuses_is_refused_with_its_reason);
    add_test(suite, a_request_that_the_bastion_refuses_does_not_reach_the_upstream);
    add_loop(suite, requests_during_a_key_exchange_follow_it_in_order, 0, 2);
    add_loop(suite, each_channel_ends_with_the_other, 0, sizeof ends / sizeof ends[0]);
    add_test(suite, what_cannot_be_joined_is_left_alone);
    add_test(suite, any_allocation_may_fail);
}
