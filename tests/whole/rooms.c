/* Does every message ask transport_begin for the room that it takes? Too little ends a session, but
 * only with fields as long as they may be; too much may not be there. The linker puts the two
 * functions below between the layers and the transport, where they compare what was asked for with
 * what was written (wrapped.mk). */
#include "tests/support/auth_script.h"
#include "tests/support/channel_script.h"
#include "tests/support/tables.h"

#include <string.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
struct writer __real_transport_begin(struct transport *t, uint8_t number, size_t room);
struct writer __wrap_transport_begin(struct transport *t, uint8_t number, size_t room);
void __real_transport_send(struct transport *t, const struct writer *w);
void __wrap_transport_send(struct transport *t, const struct writer *w);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* Bytes asked for and not written, at least and at most, by message number. */
static struct {
    unsigned count;
    size_t least, most;
} spare[256];

static size_t begun; /* room of the message that is being written */

struct writer __wrap_transport_begin(struct transport *t, uint8_t number, size_t room)
{
    begun = room;
    return __real_transport_begin(t, number, room);
}

void __wrap_transport_send(struct transport *t, const struct writer *w)
{
    ck_assert_msg(!w->bad || transport_ended(t), "a message of more than %zu bytes", begun);
    if (!w->bad && t != &s.t) { /* the script's are not ours */
        uint8_t number = w->start[0];
        size_t left = begun - written(w);

        if (spare[number].count++ == 0 || left < spare[number].least)
            spare[number].least = left;
        if (left > spare[number].most)
            spare[number].most = left;
    }
    __real_transport_send(t, w);
}

/* Every message of this number was as long as it asked for, or at most so many bytes shorter. */
static void expect_spare(uint8_t number, size_t most)
{
    ck_assert_msg(spare[number].count > 0, "message %d was not sent", number);
    ck_assert_msg(spare[number].most <= most, "message %d: %zu bytes too many", number,
                  spare[number].most);
}

/* One of them was as long as it asked for. */
static void expect_full(uint8_t number)
{
    ck_assert_msg(spare[number].count > 0, "message %d was not sent", number);
    ck_assert_msg(spare[number].least == 0, "message %d: %zu bytes too many", number,
                  spare[number].least);
}

/* ---- a login whose texts are all as long as they may be ---- */

static struct pair p;
static char user[NACRE_USER_MAX + 1], password[NACRE_PASSWORD_MAX + 1];
static char banner[NACRE_BANNER_MAX + 1], long_text[2000];
static bool changed;

static void fill_text(char *text, size_t size)
{
    memset(text, 'x', size - 1);
    text[size - 1] = '\0';
}

static void key_is_good(void *context, struct nacre_decision *d, const char *name,
                        const struct nacre_key_offer *offer)
{
    (void)context;
    (void)name;
    (void)offer;
    nacre_decide(d, true);
}

static void password_has_expired(void *context, struct nacre_decision *d, const char *name,
                                 const char *old)
{
    (void)context;
    (void)name;
    (void)old;
    nacre_decide_change_password(d, long_text);
}

static void change_password(void *context, struct nacre_decision *d, const char *name,
                            const char *old, const char *new)
{
    (void)context;
    (void)name;
    changed = strcmp(old, password) == 0 && strcmp(new, password) == 0;
    nacre_decide(d, true);
}

static void ask_much(void *context, struct nacre_decision *d, const char *name,
                     const char *const *responses, size_t count)
{
    struct nacre_prompt prompts[NACRE_SERVER_PROMPTS_MAX];

    (void)context;
    (void)name;
    for (size_t i = 0; i < NACRE_SERVER_PROMPTS_MAX; i++)
        prompts[i] = (struct nacre_prompt){long_text, true};
    if (responses == NULL)
        nacre_decide_ask_more(d, long_text, long_text, prompts, NACRE_SERVER_PROMPTS_MAX);
    else
        nacre_decide(d, count == NACRE_SERVER_PROMPTS_MAX);
}

static void answer_all(void *context, const struct nacre_ask *ask)
{
    struct end *e = context;
    const char *texts[NACRE_SERVER_PROMPTS_MAX];

    for (size_t i = 0; i < ask->count; i++)
        texts[i] = ask->kind == NACRE_ASK_INTERACTIVE ? "blue" : password;
    nacre_session_respond(e->session, texts, ask->count);
}

static void start_long_login(const char *require)
{
    fill_text(user, sizeof user);
    fill_text(password, sizeof password);
    fill_text(banner, sizeof banner);
    fill_text(long_text, sizeof long_text);
    pair_init(&p, 31);
    p.policy = (struct nacre_auth_policy){.publickey = key_is_good,
                                          .password = password_has_expired,
                                          .change_password = change_password,
                                          .interactive = ask_much,
                                          .require = require,
                                          .banner = banner};
    p.client_config.user = user;
    p.client_config.keys = p.user_keys;
    p.client_config.key_count = 1;
    p.client_config.password = password;
    p.client_config.ask = answer_all;
    pair_start(&p);
    pair_run(&p);
}

START_TEST(messages_of_a_login_have_the_room_that_they_ask_for)
{
    static const uint8_t exact[] = {SSH_MSG_SERVICE_REQUEST,  SSH_MSG_SERVICE_ACCEPT,
                                    SSH_MSG_NEWKEYS,          SSH_MSG_USERAUTH_REQUEST,
                                    SSH_MSG_USERAUTH_SUCCESS, SSH_MSG_USERAUTH_BANNER,
                                    SSH_MSG_USERAUTH_PK_OK,   SSH_MSG_USERAUTH_INFO_RESPONSE};

    start_long_login("publickey,password,keyboard-interactive");
    ck_assert(p.client.authenticated && p.server.authenticated && changed);
    for (size_t i = 0; i < sizeof exact; i++)
        expect_spare(exact[i], 0);
    expect_full(SSH_MSG_USERAUTH_FAILURE); /* after "none", with all three methods */
    pair_clear(&p);
}
END_TEST

/* The room for a share is that of an mpint whose first bit is set, at most. */
START_TEST(messages_of_each_key_exchange_have_the_room_that_they_ask_for)
{
    pair_init(&p, 32);
    p.client_config.kex = p.server_config.kex = algorithms_of(ALGORITHM_KEX)[_i].name;
    pair_start(&p);
    pair_run(&p);
    ck_assert(p.client.authenticated);
    if (strstr(p.client_config.kex, "group-exchange") != NULL) {
        expect_spare(34, 0);
        expect_spare(32, 1);
    } else {
        expect_spare(SSH_MSG_KEX_ECDH_INIT, 1);
    }
    pair_clear(&p);
}
END_TEST

/* ---- channels and global requests ---- */

static const char type64[] = "0123456789012345678901234567890123456789012345678901234567890123";

START_TEST(messages_of_a_client_have_the_room_that_they_ask_for)
{
    static const uint8_t exact[] = {SSH_MSG_CHANNEL_OPEN, SSH_MSG_CHANNEL_REQUEST,
                                    SSH_MSG_CHANNEL_EOF, SSH_MSG_CHANNEL_CLOSE,
                                    SSH_MSG_GLOBAL_REQUEST};
    struct nacre_channel *ch = client_open();

    ck_assert_int_eq(nacre_channel_pty(ch, "vt100", 1, 2), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_window_change(ch, 3, 4), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_env(ch, "LANG", "C"), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_exec(ch, "ls"), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_channel_request(ch, type64, true, "abc", 3), NACRE_SEND_DONE);
    ck_assert_int_eq(nacre_session_global_request(s.real->session, type64, true, "abc", 3),
                     NACRE_SEND_DONE);
    ck_assert_ptr_nonnull(
        nacre_session_open_channel(s.real->session, type64, &bare_app, NULL, zeros, 1000));
    recorder.alive++; /* the second one is never confirmed */
    ck_assert_uint_eq(nacre_channel_write(ch, zeros, 1000), 1000);
    nacre_channel_close(ch);
    scripted_run(&s);
    for (size_t i = 0; i < sizeof exact; i++)
        expect_spare(exact[i], 0);
    expect_spare(SSH_MSG_CHANNEL_DATA, 4); /* the type of extended data */
    stop();
}
END_TEST

static void refuse_at_length(struct nacre_channel *ch)
{
    nacre_channel_refuse_open(ch, NACRE_REASON_PROHIBITED, long_text);
}

START_TEST(messages_of_a_server_have_the_room_that_they_ask_for)
{
    static const uint8_t exact[] = {SSH_MSG_CHANNEL_OPEN_CONFIRMATION,
                                    SSH_MSG_CHANNEL_OPEN_FAILURE,
                                    SSH_MSG_CHANNEL_WINDOW_ADJUST,
                                    SSH_MSG_CHANNEL_EXTENDED_DATA,
                                    SSH_MSG_CHANNEL_REQUEST,
                                    SSH_MSG_CHANNEL_SUCCESS,
                                    SSH_MSG_CHANNEL_FAILURE,
                                    SSH_MSG_UNIMPLEMENTED,
                                    SSH_MSG_PONG,
                                    SSH_MSG_GLOBAL_REQUEST};
    uint32_t id = server_open(100000, 32768);
    struct nacre_channel *ch = recorder.ch;

    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 1); /* a second one fails */
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?ss", id, "env", 1, "A", "b");
    scripted_send(&s, SSH_MSG_PING, "s", "ping");
    scripted_send(&s, 191, "");
    for (int i = 0; i < 3; i++)
        send_data(id, 30000);
    scripted_run(&s);
    ck_assert_uint_eq(nacre_channel_write_extended(ch, zeros, 100), 100);
    nacre_channel_exit_signal(ch, type64, true);
    fill_text(long_text, sizeof long_text);
    recorder.where = "open";
    recorder.act = refuse_at_length;
    recorder.open = NACRE_REFUSE;
    scripted_send(&s, SSH_MSG_CHANNEL_OPEN, "suuu", "session", 8, 1000, 1000);
    scripted_run(&s);
    for (size_t i = 0; i < sizeof exact; i++)
        expect_spare(exact[i], 0);
    stop();
}
END_TEST

static enum nacre_answer grant_with_port(void *context, const struct nacre_global_request *request,
                                         uint32_t *port)
{
    (void)context;
    (void)request;
    *port = 1234;
    return NACRE_GRANT;
}

START_TEST(answers_to_global_requests_have_the_room_that_they_ask_for)
{
    struct bytes key;

    scripted_init(&s, NACRE_SERVER);
    s.pair.server_config.global_request = grant_with_port;
    scripted_login(&s);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?su", "tcpip-forward", 1, "", 0);
    scripted_run(&s);
    expect_full(SSH_MSG_REQUEST_SUCCESS);
    memset(spare, 0, sizeof spare);
    key = private_key_blob(&s.pair.host_key);
    scripted_send(&s, SSH_MSG_GLOBAL_REQUEST, "s?S", "hostkeys-prove-00@openssh.com", 1, key.at,
                  key.len);
    scripted_run(&s);
    expect_spare(SSH_MSG_REQUEST_SUCCESS, 0);
    scripted_clear(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, messages_of_a_login_have_the_room_that_they_ask_for);
    add_loop(suite, messages_of_each_key_exchange_have_the_room_that_they_ask_for, 0,
             algorithm_count(ALGORITHM_KEX));
    add_test(suite, messages_of_a_client_have_the_room_that_they_ask_for);
    add_test(suite, messages_of_a_server_have_the_room_that_they_ask_for);
    add_test(suite, answers_to_global_requests_have_the_room_that_they_ask_for);
}
