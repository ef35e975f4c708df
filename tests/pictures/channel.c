/* Print the life of a channel, for tests/pictures/channel.py: every order of EOF and CLOSE from
 * both sides is tried with a session, and each change of its channel's state is a line.
 *
 *     edge STATE CAUSE NEXT ANSWER...
 *     flow STATE in|out                 data is accepted there from the peer, or from us
 *
 * STATE is "before", "asked" (the peer waits for our answer), "asking" (we wait), "gone", or our
 * side and the peer's, "eof/open". CAUSE is "+NUMBER" for a message that is received, "-NUMBER" for
 * one that the application has us send, "accept" when it accepts the data that it had left. */
#include "connection/parts.h"
#include "tests/support/places.h"

#include <stdio.h>

static struct nacre_channel *channel;
static bool gone;
static enum nacre_answer answer;
static bool stalled; /* the application accepts no data */

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    channel = ch;
    return answer;
}

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)ch;
    (void)data;
    return stalled ? 0 : len;
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    (void)ch;
    (void)request;
    return NACRE_GRANT;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)ch;
    (void)why;
    gone = true;
}

static const struct nacre_channel_app app = {
    .open = on_open, .data = on_data, .request = on_request, .closed = on_closed};

static const char *state(void)
{
    static const char *const names[3][3] = {
        {"open/open", "open/eof", "open/close"},
        {"eof/open", "eof/eof", "eof/close"},
        {"close/open", "close/eof", "close/close"},
    };
    const struct nacre_channel *ch = channel;

    if (gone)
        return "gone";
    if (ch == NULL)
        return "before";
    if (ch->opening)
        return ch->ours ? "asking" : "asked";
    return names[ch->sent_close ? 2 : ch->sent_eof][ch->got_close ? 2 : ch->got_eof];
}

/* ---- what can happen ---- */

static void send_eof(void)
{
    nacre_channel_eof(channel);
}

static void send_close(void)
{
    nacre_channel_close(channel);
}

static void receive_eof(void)
{
    say_well(SSH_MSG_CHANNEL_EOF);
}

static void receive_close(void)
{
    say_well(SSH_MSG_CHANNEL_CLOSE);
}

static void accept_data(void)
{
    stalled = false;
    nacre_channel_resume(channel);
}

static const struct happening {
    const char *name;
    void (*happen)(void);
} happenings[] = {
    {"-96", send_eof},      {"-97", send_close},     {"+96", receive_eof},
    {"+97", receive_close}, {"accept", accept_data},
};

enum { HAPPENINGS = sizeof happenings / sizeof happenings[0], DEPTH = 3 };

static void watch(const char *cause, void (*happen)(void))
{
    const char *before = state();
    struct answers a;

    if (gone)
        return;
    happen();
    a = collect();
    if (!ended(NULL) && strcmp(before, state()) != 0)
        printf("edge %s %s %s%s%s\n", before, cause, state(), a.count > 0 ? " " : "", a.numbers);
}

static void begin(enum nacre_role as)
{
    static const struct place connection = {PHASE_CONNECTION, NOBODY};

    role = as;
    channel = NULL;
    gone = false;
    stalled = false;
    start_session(false);
    pair.server_app = pair.client_app = app;
    reach(&connection, NULL);
}

static void receive_open(void)
{
    say_well(SSH_MSG_CHANNEL_OPEN);
}

static void grant(void)
{
    nacre_channel_answer_open(channel, true);
}

static void refuse(void)
{
    nacre_channel_answer_open(channel, false);
}

static void receive_confirmation(void)
{
    say_well(SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
}

static void receive_failure(void)
{
    say_well(SSH_MSG_CHANNEL_OPEN_FAILURE);
}

static void send_open(void)
{
    channel = nacre_session_open_channel(real->session, "session", &app, NULL, NULL, 0);
}

static void print_opening(void)
{
    static const struct {
        enum nacre_role as;
        const char *first, *second;
        void (*open)(void), (*answer)(void);
    } ways[] = {
        {NACRE_SERVER, "+90", "-91", receive_open, grant},
        {NACRE_SERVER, "+90", "-92", receive_open, refuse},
        {NACRE_CLIENT, "-90", "+91", send_open, receive_confirmation},
        {NACRE_CLIENT, "-90", "+92", send_open, receive_failure},
    };

    answer = NACRE_LATER;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        begin(ways[i].as);
        watch(ways[i].first, ways[i].open);
        watch(ways[i].second, ways[i].answer);
        stop_session();
    }
}

/* ---- every order ---- */

static void print_flows(void)
{
    const char *at = state();

    if (gone || ended(NULL))
        return;
    (void)nacre_channel_write(channel, "data", 4); /* after the peer's CLOSE it is dropped */
    if (strcmp(collect().numbers, "94") == 0)
        printf("flow %s out\n", at);
    say_well(SSH_MSG_CHANNEL_DATA);
    (void)collect();
    if (!ended(NULL))
        printf("flow %s in\n", at);
}

/* The digits of `order`, in base HAPPENINGS + 1, say what happens; 0 is nothing more. */
static void try_order(unsigned order, bool stall)
{
    begin(NACRE_SERVER);
    receive_open();
    (void)collect();
    say(SSH_MSG_CHANNEL_REQUEST, "us?", 0U, "shell", 0); /* without a program, data is dropped */
    if (stall) {
        stalled = true;
        say_well(SSH_MSG_CHANNEL_DATA);
        (void)collect();
    }
    for (; order > 0 && !ended(NULL); order /= HAPPENINGS + 1)
        if (order % (HAPPENINGS + 1) > 0) {
            const struct happening *h = &happenings[order % (HAPPENINGS + 1) - 1];

            watch(h->name, h->happen);
        }
    print_flows();
    stop_session();
}

START_TEST(print_channel)
{
    unsigned orders = 1;

    print_opening();
    answer = NACRE_GRANT;
    for (int i = 0; i < DEPTH; i++)
        orders *= HAPPENINGS + 1;
    for (unsigned order = 0; order < orders; order++) {
        try_order(order, false);
        try_order(order, true);
    }
    (void)fflush(stdout);
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_timeout(suite, 240);
    add_test(suite, print_channel);
}
