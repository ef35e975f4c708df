/* Messages that are malformed or name no open channel. RFC 4254 section 5;
 * numbers in brackets are requirement ids. */
#include "tests/support/channel_script.h"

#include <string.h>

/* ---- malformed messages ---- */

struct form {
    uint8_t number;
    const char *fields;
    bool open_ended; /* more may follow */
};

static size_t encode(const struct form *f, uint32_t id, uint8_t *out, size_t room)
{
    if (f->fields[0] != 's')
        return scripted_encode(out, room, f->number, f->fields, id, 1, 1, 1);
    return scripted_encode(out, room, f->number, f->fields, "session", 1, 1, 1);
}

static size_t encode_texts(const struct form *f, uint32_t id, uint8_t *out, size_t room)
{
    switch (f->number) {
    case SSH_MSG_CHANNEL_DATA:
        return scripted_encode(out, room, f->number, f->fields, id, "data");
    case SSH_MSG_CHANNEL_EXTENDED_DATA:
        return scripted_encode(out, room, f->number, f->fields, id, 1, "data");
    case SSH_MSG_CHANNEL_REQUEST:
        return scripted_encode(out, room, f->number, f->fields, id, "shell", 1);
    case SSH_MSG_CHANNEL_OPEN_FAILURE:
        return scripted_encode(out, room, f->number, f->fields, id, 1, "text", "en");
    default:
        return encode(f, id, out, room);
    }
}

static const struct form server_forms[] = {
    {SSH_MSG_GLOBAL_REQUEST, "s?", true},          {SSH_MSG_CHANNEL_OPEN, "suuu", true},
    {SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", false},  {SSH_MSG_CHANNEL_DATA, "us", false},
    {SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", false}, {SSH_MSG_CHANNEL_EOF, "u", false},
    {SSH_MSG_CHANNEL_CLOSE, "u", false},           {SSH_MSG_CHANNEL_REQUEST, "us?", true},
};

START_TEST(a_message_to_a_server_that_ends_early_or_late_disconnects)
{
    const struct form *f = &server_forms[_i];
    uint8_t message[256] = {0};
    size_t len = 0;

    for (size_t n = 1; n == 1 || n <= len + (f->open_ended ? 0 : 1); n++) {
        uint32_t id = server_open(1000, 1000);

        memset(message, 0, sizeof message);
        len = encode_texts(f, id, message, sizeof message);
        if (n != len) {
            scripted_send_bytes(&s, message, n);
            scripted_expect(&s, BAD);
            scripted_told(&s, "closed protocol error;");
        }
        stop();
    }
}
END_TEST

static const struct form client_forms[] = {
    {SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", true},
    {SSH_MSG_CHANNEL_OPEN_FAILURE, "uuss", false},
    {SSH_MSG_CHANNEL_SUCCESS, "u", false},
    {SSH_MSG_CHANNEL_FAILURE, "u", false},
};

START_TEST(an_answer_to_a_client_that_ends_early_or_late_disconnects)
{
    const struct form *f = &client_forms[_i];
    uint8_t message[256] = {0};
    size_t len = 0;

    for (size_t n = 1; n == 1 || n <= len + (f->open_ended ? 0 : 1); n++) {
        struct nacre_channel *ch = client_open();

        ck_assert_int_eq(nacre_channel_shell(ch), NACRE_SEND_DONE);
        if (_i < 2)
            ck_assert_ptr_nonnull(
                nacre_session_open_channel(s.real->session, "session", &bare_app, NULL, NULL, 0));
        scripted_run(&s);
        s.log[0] = 0;
        memset(message, 0, sizeof message);
        len = encode_texts(f, _i < 2 ? 1 : 0, message, sizeof message);
        if (n != len) {
            scripted_send_bytes(&s, message, n);
            scripted_expect(&s, BAD);
        } else {
            scripted_send_bytes(&s, message, n); /* the complete message is valid */
            scripted_expect(&s, "");
        }
        scripted_clear(&s);
        recorder.alive = 0; /* an unanswered channel was not opened */
        recorder_clear();
    }
}
END_TEST

/* ---- numbers that are not open ---- */

static const struct form to_channel[] = {
    {SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", true},
    {SSH_MSG_CHANNEL_OPEN_FAILURE, "uuss", false},
    {SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", false},
    {SSH_MSG_CHANNEL_DATA, "us", false},
    {SSH_MSG_CHANNEL_EXTENDED_DATA, "uus", false},
    {SSH_MSG_CHANNEL_EOF, "u", false},
    {SSH_MSG_CHANNEL_CLOSE, "u", false},
    {SSH_MSG_CHANNEL_REQUEST, "us?", true},
    {SSH_MSG_CHANNEL_SUCCESS, "u", false},
    {SSH_MSG_CHANNEL_FAILURE, "u", false},
};

/* An answer that nobody asked for is ignored. */
static bool is_answer(const struct form *f)
{
    return f->number == SSH_MSG_CHANNEL_SUCCESS || f->number == SSH_MSG_CHANNEL_FAILURE;
}

enum { TO_CHANNEL = sizeof to_channel / sizeof to_channel[0] };

static void send_form(const struct form *f, uint32_t id)
{
    uint8_t message[256];
    size_t len = encode_texts(f, id, message, sizeof message);

    scripted_send_bytes(&s, message, len);
}

/* [4254/5/3] */
START_TEST(a_message_for_a_channel_that_was_never_open_disconnects)
{
    static const uint32_t ids[] = {1, 3, 4, 0x7fffffff, 0xffffffff};
    bool ignored = is_answer(&to_channel[_i]);

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        ck_assert_uint_eq(server_open(1000, 1000), 0);
        send_form(&to_channel[_i], ids[i]);
        scripted_expect(&s, ignored ? "" : BAD);
        scripted_told(&s, ignored ? "" : "closed protocol error;");
        stop();
    }
}
END_TEST

/* [4254/5.3/9] A window adjust may have been in flight. */
START_TEST(a_message_for_a_channel_that_both_sides_closed_disconnects)
{
    uint32_t id = server_open(1000, 1000);
    bool ignored =
        to_channel[_i].number == SSH_MSG_CHANNEL_WINDOW_ADJUST || is_answer(&to_channel[_i]);

    send_close(id);
    scripted_expect(&s, "close 7;");
    scripted_told(&s, "close;closed peer closed;");
    send_form(&to_channel[_i], id);
    scripted_expect(&s, ignored ? "" : BAD);
    scripted_told(&s, "");
    ck_assert_int_eq(s.real->ended, !ignored);
    stop();
}
END_TEST

START_TEST(a_message_for_a_channel_whose_open_is_pending_disconnects)
{
    bool ignored = is_answer(&to_channel[_i]);

    server_start();
    recorder.open = NACRE_LATER;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 7, 1000, 1000);
    scripted_expect(&s, "");
    send_form(&to_channel[_i], 0);
    scripted_expect(&s, ignored ? "" : BAD);
    scripted_told(&s, ignored ? "open;" : "open;closed protocol error;");
    stop();
}
END_TEST

/* Section 5.3: after its CLOSE the peer sends nothing more, even while the application has not
 * accepted everything. */
START_TEST(a_message_after_the_peers_close_disconnects)
{
    uint32_t id = server_open(1000, 1000);

    recorder.take = 0;
    send_data(id, 10);
    send_close(id);
    scripted_expect(&s, "");
    send_form(&to_channel[_i], id);
    scripted_run(&s);
    if (to_channel[_i].number == SSH_MSG_CHANNEL_WINDOW_ADJUST || is_answer(&to_channel[_i]))
        ck_assert_str_eq(s.log, ""); /* it has no effect */
    else
        ck_assert_str_eq(s.log, BAD);
    stop();
}
END_TEST

void add_tests(struct suite *suite)
{
    add_loop(suite, a_message_to_a_server_that_ends_early_or_late_disconnects, 0,
             sizeof server_forms / sizeof server_forms[0]);
    add_loop(suite, an_answer_to_a_client_that_ends_early_or_late_disconnects, 0,
             sizeof client_forms / sizeof client_forms[0]);
    add_loop(suite, a_message_for_a_channel_that_was_never_open_disconnects, 0, TO_CHANNEL);
    add_loop(suite, a_message_for_a_channel_that_both_sides_closed_disconnects, 0, TO_CHANNEL);
    add_loop(suite, a_message_for_a_channel_whose_open_is_pending_disconnects, 0, TO_CHANNEL);
    add_loop(suite, a_message_after_the_peers_close_disconnects, 0, TO_CHANNEL);
}
