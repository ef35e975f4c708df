/* Channels of other types than session, and global requests. RFC 4254 sections 4 and 7; PROTOCOL
 * sections 2.2, 2.4. */
#include "tests/support/pair.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static struct end *end_of(const struct nacre_channel *ch)
{
    return nacre_channel_context(ch);
}

static enum nacre_answer open_target(struct nacre_channel *ch)
{
    const struct nacre_target *t = nacre_channel_target(ch);

    if (t == NULL) {
        end_note(end_of(ch), "bad target;");
        return NACRE_REFUSE;
    }
    end_note(end_of(ch), "%s %s:%u from %s:%u;", nacre_channel_type(ch), t->host, t->port,
             t->originator, t->originator_port);
    ck_assert_ptr_eq(nacre_channel_target(ch), t);
    return t->port == 7 ? NACRE_LATER : NACRE_GRANT;
}

static struct nacre_channel_app target_app = {.open = open_target};

static const struct nacre_channel_app *lookup_any(void *context, const char *type)
{
    (void)context;
    (void)type;
    return &target_app;
}

static enum nacre_answer global_request(void *context, const struct nacre_global_request *request,
                                        uint32_t *port)
{
    struct end *e = context;

    end_note(e, "%s %s:%u;", request->name, request->host, request->port);
    *port = 40000;
    if (request->port == 9)
        return NACRE_LATER;
    return request->kind == NACRE_GLOBAL_OTHER ? NACRE_REFUSE : NACRE_GRANT;
}

static void global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    end_note(context, "%s %zu %u;", granted ? "yes" : "no", len, len == 4 ? load_u32(data) : 0);
}

static void start(struct pair *p)
{
    pair_init(p, 11);
    p->server_config.global_request = global_request;
    p->client_config.global_replied = global_replied;
    p->server_config.global_replied = global_replied;
    p->server_config.lookup = lookup_any;
    target_app.open = open_target;
    target_app.data = p->server_app.data; /* echoes */
    target_app.closed = p->server_app.closed;
    pair_start(p);
    pair_run(p);
    ck_assert(p->client.authenticated);
}

static struct nacre_channel *open_to(struct pair *p, const char *type, uint32_t port)
{
    uint8_t data[NACRE_TARGET_MAX];
    size_t len;
    struct nacre_channel *ch;

    len = nacre_target_write(type, "host.example", port, "192.0.2.1", 5, data);
    ck_assert_uint_gt(len, 0);
    ch = nacre_session_open_channel(p->client.session, type, &p->client_app, NULL, data, len);
    ck_assert_ptr_nonnull(ch);
    pair_run(p);
    return ch;
}

START_TEST(each_type_of_forwarded_channel_carries_its_target_and_bytes)
{
    static const struct {
        const char *type, *noted;
    } cases[] = {
        {"direct-tcpip", "direct-tcpip host.example:80 from 192.0.2.1:5;"},
        {"forwarded-tcpip", "forwarded-tcpip host.example:80 from 192.0.2.1:5;"},
        {"direct-streamlocal@openssh.com",
         "direct-streamlocal@openssh.com host.example:0 from :0;"},
        {"forwarded-streamlocal@openssh.com",
         "forwarded-streamlocal@openssh.com host.example:0 from :0;"},
    };
    struct pair p;
    struct nacre_channel *ch;

    start(&p);
    ch = open_to(&p, cases[_i].type, 80);
    ck_assert_str_eq(p.server.log, cases[_i].noted);
    ck_assert_uint_eq(nacre_channel_write(ch, "ping", 4), 4);
    pair_run(&p);
    ck_assert_uint_eq(p.got_len, 4);
    pair_clear(&p);
}
END_TEST

/* The address is raw, since it may be a path; the originator is for logs. */
START_TEST(the_originator_has_no_control_characters)
{
    static const char data[] = "\0\0\0\4a\x1b\x9b\xff\0\0\0\120"
                               "\0\0\0\10o\x1b[\xc2\x9b\n\xc3\xa9\0\0\0\5";
    struct pair p;

    start(&p);
    ck_assert_ptr_nonnull(nacre_session_open_channel(p.client.session, "direct-tcpip",
                                                     &p.client_app, NULL, data, sizeof data - 1));
    pair_run(&p);
    ck_assert_str_eq(p.server.log, "direct-tcpip a\x1b\x9b\xff:80 from o?[???\xc3\xa9:5;");
    pair_clear(&p);
}
END_TEST

START_TEST(a_malformed_target_is_refused)
{
    static const struct {
        const char *data;
        size_t len;
    } cases[] = {
        {"", 0},
        {"\0\0\0\4host\0\0\0\120\0\0\0\0\0\0\0", 19},    /* truncated */
        {"\0\0\0\4ho\0t\0\0\0\120\0\0\0\0\0\0\0\0", 20}, /* NUL in the host */
        {"\0\0\0\4host\0\1\0\120\0\0\0\0\0\0\0\0", 20},  /* port of more than 16 bits */
        {"\0\0\0\4host\0\0\0\120\0\0\0\0\0\0\0\0x", 21}, /* a byte too many */
    };
    struct pair p;

    start(&p);
    ck_assert_ptr_nonnull(nacre_session_open_channel(
        p.client.session, "direct-tcpip", &p.client_app, NULL, cases[_i].data, cases[_i].len));
    pair_run(&p);
    ck_assert_str_eq(p.server.log, "bad target;closed open refused;");
    ck_assert_str_eq(p.client.log, "closed open refused;");
    ck_assert(!p.client.ended);
    pair_clear(&p);
}
END_TEST

static struct nacre_channel *asked;

static enum nacre_answer open_later(struct nacre_channel *ch)
{
    asked = ch;
    return NACRE_LATER;
}

START_TEST(an_open_may_be_answered_later)
{
    struct pair p;

    start(&p);
    target_app.open = open_later;
    (void)open_to(&p, "direct-tcpip", 80);
    ck_assert_str_eq(p.client.log, "");
    nacre_channel_answer_open(asked, _i == 0);
    pair_run(&p);
    ck_assert_str_eq(p.client.log, _i == 0 ? "open;" : "closed open refused;");
    pair_clear(&p);
}
END_TEST

/* ---- refusals ---- */

static void note_why(struct nacre_channel *ch, const struct nacre_end *why)
{
    end_note(end_of(ch), "%s %u: %s;", nacre_cause_text(why->cause), why->code, why->text);
}

/* Open a channel of that type; what the side that opens it is told. */
static const char *refusal(struct pair *p, const char *type)
{
    static const struct nacre_channel_app app = {.closed = note_why};

    p->client.log[0] = 0;
    ck_assert_ptr_nonnull(nacre_session_open_channel(p->client.session, type, &app, NULL, NULL, 0));
    pair_run(p);
    return p->client.log;
}

static const struct nacre_channel_app *lookup_none(void *context, const char *type)
{
    (void)context;
    (void)type;
    return NULL;
}

START_TEST(forwarding_is_known_and_refused_by_default)
{
    static const char prohibited[] = "open refused 1: forwarding is not allowed here;";
    struct pair p;

    pair_init(&p, 12);
    p.server_config.lookup = lookup_none;
    pair_start(&p);
    pair_run(&p);
    ck_assert_str_eq(refusal(&p, "direct-tcpip"), prohibited);
    ck_assert_str_eq(refusal(&p, "direct-streamlocal@openssh.com"), prohibited);
    ck_assert_str_eq(refusal(&p, "forwarded-tcpip"), prohibited);
    ck_assert_str_eq(refusal(&p, "direct-tcp"), "open refused 3: unknown channel type;");
    ck_assert(!p.client.ended);
    pair_clear(&p);
}
END_TEST

static enum nacre_answer refuse_at_once(struct nacre_channel *ch)
{
    nacre_channel_refuse_open(ch, NACRE_REASON_SHORTAGE, "no more of these");
    return NACRE_REFUSE;
}

static enum nacre_answer refuse_inside(struct nacre_channel *ch)
{
    nacre_channel_refuse_open(ch, NACRE_REASON_CONNECT_FAILED, "two\x1b[2J lines\n \xc3\xa9 \xff");
    return NACRE_LATER;
}

START_TEST(a_refusal_carries_its_reason_and_text)
{
    static const char long_text[] = "0123456789012345678901234567890123456789012345678901234567890"
                                    "0123456789012345678901234567890123456789012345678901234567890"
                                    "0123456789012345678901234567890123456789012345678901234567890";
    char clipped[192];
    struct pair p;

    start(&p);
    target_app.open = refuse_at_once;
    ck_assert_str_eq(refusal(&p, "direct-tcpip"), "open refused 4: no more of these;");
    target_app.open = refuse_inside;
    ck_assert_str_eq(refusal(&p, "direct-tcpip"), "open refused 2: two?[2J lines? \xc3\xa9 ?;");
    target_app.open = open_later;
    ck_assert_str_eq(refusal(&p, "direct-tcpip"), "");
    nacre_channel_refuse_open(asked, NACRE_REASON_UNKNOWN_TYPE, long_text);
    pair_run(&p);
    (void)snprintf(clipped, sizeof clipped, "open refused 3: %.128s;", long_text);
    ck_assert_str_eq(p.client.log, clipped);
    ck_assert_str_eq(refusal(&p, "direct-tcpip"), "");
    nacre_channel_refuse_open(asked, NACRE_REASON_PROHIBITED, "");
    pair_run(&p);
    ck_assert_str_eq(p.client.log, "open refused 1: the peer refused to open the channel;");
    pair_clear(&p);
}
END_TEST

START_TEST(an_open_channel_cannot_be_refused)
{
    struct pair p;
    struct nacre_channel *ch;

    start(&p);
    target_app.open = open_later;
    ch = open_to(&p, "direct-tcpip", 80);
    nacre_channel_answer_open(asked, true);
    nacre_channel_refuse_open(asked, NACRE_REASON_PROHIBITED, "too late");
    pair_run(&p);
    ck_assert_str_eq(p.client.log, "open;");
    nacre_channel_refuse_open(ch, NACRE_REASON_PROHIBITED, "not asked");
    pair_run(&p);
    ck_assert_str_eq(p.client.log, "open;");
    pair_clear(&p);
}
END_TEST

START_TEST(a_server_opens_channels_too_and_a_client_refuses_what_it_does_not_know)
{
    struct pair p;
    struct nacre_channel *ch;

    start(&p);
    ch =
        nacre_session_open_channel(p.server.session, "forwarded-tcpip", &p.server_app, NULL, "", 0);
    ck_assert_ptr_nonnull(ch);
    pair_run(&p);
    ck_assert_str_eq(p.server.log, "closed open refused;");
    pair_clear(&p);
}
END_TEST

START_TEST(forward_requests_reach_the_application_and_are_answered_in_order)
{
    struct pair p;

    start(&p);
    if (_i == 1)
        nacre_session_rekey(p.client.session); /* the requests follow it */
    ck_assert_int_eq(nacre_session_forward(p.client.session, "", 0, false), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_session_forward(p.client.session, "::1", 9, false),
                     NACRE_SEND_DONE); /* answered later */
    ck_assert_int_eq(nacre_session_forward(p.client.session, "::1", 8, false), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_session_forward(p.client.session, "::1", 8, true), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_session_forward_socket(p.client.session, "/s", false), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_session_forward_socket(p.client.session, "/s", true), NACRE_SEND_DONE);
    ck_assert_int_eq(
        nacre_session_global_request(p.client.session, "foo@example.com", true, "x", 1),
        NACRE_SEND_DONE);
    ck_assert_int_eq(
        nacre_session_global_request(p.client.session, "bar@example.com", false, "x", 1),
        NACRE_SEND_DONE);
    pair_run(&p);
    ck_assert_str_eq(p.server.log,
                     "tcpip-forward :0;tcpip-forward ::1:9;tcpip-forward ::1:8;"
                     "cancel-tcpip-forward ::1:8;streamlocal-forward@openssh.com /s:0;"
                     "cancel-streamlocal-forward@openssh.com /s:0;foo@example.com :0;"
                     "bar@example.com :0;");
    ck_assert_str_eq(p.client.log, "yes 4 40000;");
    nacre_session_answer_global(p.server.session, false, 0);
    pair_run(&p);
    ck_assert_str_eq(p.client.log, "yes 4 40000;no 0 0;yes 0 0;yes 0 0;yes 0 0;yes 0 0;no 0 0;");
    pair_clear(&p);
}
END_TEST

START_TEST(a_client_refuses_to_forward_for_the_server)
{
    struct pair p;

    start(&p);
    ck_assert_int_eq(nacre_session_forward(p.server.session, "", 0, false), NACRE_SEND_DONE);
    pair_run(&p);
    ck_assert_str_eq(p.server.log, "no 0 0;");
    pair_clear(&p);
}
END_TEST

/* PROTOCOL section 2.2: a session that is opened all the same ends the connection. */
START_TEST(after_no_more_sessions_other_channels_open_and_a_session_ends_the_connection)
{
    struct pair p;

    start(&p);
    ck_assert_int_eq(nacre_session_global_request(p.client.session, "no-more-sessions@openssh.com",
                                                  false, NULL, 0),
                     NACRE_SEND_DONE);
    (void)open_to(&p, "direct-tcpip", 80);
    ck_assert_str_eq(p.client.log, "open;");
    ck_assert(!p.server.ended);
    ck_assert_ptr_nonnull(
        nacre_session_open_channel(p.client.session, "session", &p.client_app, NULL, NULL, 0));
    pair_run(&p);
    ck_assert_int_eq(p.server.why.cause, NACRE_PROTOCOL_ERROR);
    ck_assert(p.client.ended);
    pair_clear(&p);
}
END_TEST

static bool client_can_do;

static enum nacre_answer on_client_request(struct nacre_channel *ch,
                                           const struct nacre_request *request)
{
    end_note(nacre_channel_context(ch), "request %s;", request->type);
    client_can_do = request->client_can_do;
    return NACRE_GRANT;
}

static struct nacre_channel *of_server;

static enum nacre_answer note_server_channel(struct nacre_channel *ch)
{
    of_server = ch;
    return NACRE_GRANT;
}

/* RFC 4254 section 6.8: the server tells the client whether it may do flow control; without a
 * reply. */
START_TEST(xon_xoff_reaches_the_client)
{
    struct pair p;

    pair_init(&p, 11);
    p.server_app.open = note_server_channel;
    p.client_app.request = on_client_request;
    pair_start(&p);
    (void)pair_open(&p);
    for (int i = 0; i < 2; i++) {
        client_can_do = i == 0;
        ck_assert_int_eq(
            nacre_channel_request(of_server, "xon-xoff", false, i == 0 ? "\0" : "\1", 1),
            NACRE_SEND_DONE);
        pair_run(&p);
        ck_assert(client_can_do == (i == 1));
    }
    ck_assert(
        nacre_channel_request(of_server, "xon-xoff", false, "", 0)); /* refused, not reported */
    pair_run(&p);
    ck_assert_str_eq(p.client.log, "open;request xon-xoff;request xon-xoff;");
    pair_clear(&p);
}
END_TEST

START_TEST(a_subsystem_is_requested_by_name)
{
    struct pair p;
    struct nacre_channel *ch;

    pair_init(&p, 11);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_subsystem(ch, "sftp"), NACRE_SEND_DONE);
    pair_run(&p);
    ck_assert_str_eq(p.server.log, "open;request subsystem sftp;");
    ck_assert_int_eq(p.replies_good, 1);
    pair_clear(&p);
}
END_TEST

START_TEST(break_eow_and_xon_xoff_reach_the_application)
{
    static const uint8_t half_a_second[] = {0, 0, 1, 0xf4};
    struct pair p;
    struct nacre_channel *ch;

    pair_init(&p, 11);
    pair_start(&p);
    ch = pair_open(&p);
    ck_assert_int_eq(nacre_channel_request(ch, "break", true, half_a_second, 4), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_request(ch, "break", true, half_a_second, 3), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_request(ch, "eow@openssh.com", true, NULL, 0), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_request(ch, "xon-xoff", true, "\1", 1),
                     NACRE_SEND_DONE); /* only servers send it */
    pair_run(&p);
    ck_assert_str_eq(p.server.log, "open;request break;request eow@openssh.com;");
    ck_assert_int_eq(p.replies_good, 2);
    ck_assert_int_eq(p.replies_bad, 2);
    pair_clear(&p);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, each_type_of_forwarded_channel_carries_its_target_and_bytes, 0, 4);
    add_test(suite, the_originator_has_no_control_characters);
    add_loop(suite, a_malformed_target_is_refused, 0, 5);
    add_loop(suite, an_open_may_be_answered_later, 0, 2);
    add_test(suite, forwarding_is_known_and_refused_by_default);
    add_test(suite, a_refusal_carries_its_reason_and_text);
    add_test(suite, an_open_channel_cannot_be_refused);
    add_test(suite, a_server_opens_channels_too_and_a_client_refuses_what_it_does_not_know);
    add_loop(suite, forward_requests_reach_the_application_and_are_answered_in_order, 0, 2);
    add_test(suite, a_client_refuses_to_forward_for_the_server);
    add_test(suite, after_no_more_sessions_other_channels_open_and_a_session_ends_the_connection);
    add_test(suite, break_eow_and_xon_xoff_reach_the_application);
    add_test(suite, xon_xoff_reaches_the_client);
    add_test(suite, a_subsystem_is_requested_by_name);
}
