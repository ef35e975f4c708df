#include "tests/support/places.h"

#include <stdarg.h>
#include <stdio.h>

struct pair pair;
struct script script;
struct end *real;
enum nacre_role role; /* the session's */

bool is_server(void)
{
    return role == NACRE_SERVER;
}

/* Feed the session's message to the script's key exchange. */
static void follow_exchange(struct bytes payload)
{
    switch (payload.at[0]) {
    case SSH_MSG_KEXINIT:
        script_take_kexinit(&script, payload);
        break;
    case SSH_MSG_KEX_ECDH_INIT:
        script_take_init(&script, payload);
        break;
    case SSH_MSG_KEX_ECDH_REPLY:
        script_take_reply(&script, payload);
        break;
    case SSH_MSG_NEWKEYS:
        script_take_newkeys(&script);
        break;
    default:
        break;
    }
}

struct answers collect(void)
{
    struct answers a = {.count = 0};
    struct bytes payload;

    script_pump(&script, NULL);
    while ((payload = script_next(&script)).len > 0) {
        size_t n = strlen(a.numbers);

        (void)snprintf(a.numbers + n, sizeof a.numbers - n, "%s%u", n > 0 ? " " : "",
                       payload.at[0]);
        memcpy(a.last, payload.at, payload.len < sizeof a.last ? payload.len : sizeof a.last);
        a.count++;
        follow_exchange(payload);
    }
    return a;
}

void expect(const char *numbers)
{
    struct answers a = collect();

    ck_assert_str_eq(a.numbers, numbers);
}

bool ended(struct nacre_end *why)
{
    const struct nacre_end *how = nacre_session_ended(real->session);

    if (how != NULL && why != NULL)
        *why = *how;
    return how != NULL;
}

void say(uint8_t number, const char *fields, ...)
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
    script_send(&script, written_bytes(&w));
}

void say_well(uint8_t number)
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
        script_kexinit(&script, NULL);
        break;
    case SSH_MSG_NEWKEYS:
        script_newkeys(&script);
        break;
    case SSH_MSG_KEX_ECDH_INIT:
        script_init_share(&script);
        break;
    case SSH_MSG_KEX_ECDH_REPLY:
        script_reply(&script);
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
    default: /* PING, PONG, IGNORE and undefined messages */
        say(number, "s", "text");
        break;
    }
}

const struct place places[PLACES] = {
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
    /* The session has sent KEXINIT, but not received one: the script may still send what it could
     * send before. */
    {PHASE_AUTH, THE_SESSION},
    {PHASE_CONNECTION, THE_SESSION},
};

bool is_waiting(const struct place *at)
{
    return at->by == THE_SESSION && at->phase < PHASE_REKEY;
}

/* The method's messages, up to the session's NEWKEYS. */
static void exchange_shares(void)
{
    if (is_server()) {
        script_init_share(&script);
        expect("31 21");
    } else {
        script_reply(&script);
        expect("21");
    }
}

static void reach_first_exchange(enum phase phase)
{
    script_version(&script);
    expect("20");
    if (phase == PHASE_KEXINIT)
        return;
    script_kexinit(&script, NULL);
    expect(is_server() ? "" : "30");
    if (phase == PHASE_KEX)
        return;
    exchange_shares();
    if (phase == PHASE_NEWKEYS)
        return;
    script_newkeys(&script);
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
    expect(is_server() ? "52 80" : ""); /* and its host keys */
}

static void reach_later_exchange(enum phase phase, enum exchange by)
{
    if (by == THE_SESSION) {
        nacre_session_rekey(real->session);
        expect("20");
    }
    if (phase < PHASE_REKEY)
        return;
    script_kexinit(&script, NULL);
    if (by == THE_SESSION)
        expect(is_server() ? "" : "30");
    else
        expect(is_server() ? "20" : "20 30");
    if (phase == PHASE_REKEY_NEWKEYS)
        exchange_shares();
}

void reach(const struct place *at, void (*prepare)(void))
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

struct answers finish_exchange(void)
{
    const char *exchange = is_server() ? "31 21" : "21";
    struct answers a;
    size_t n;

    script_kexinit(&script, NULL);
    expect(is_server() ? "" : "30");
    if (is_server())
        script_init_share(&script);
    else
        script_reply(&script);
    a = collect();
    n = strlen(exchange);
    ck_assert_msg(strncmp(a.numbers, exchange, n) == 0, "exchange: %s", a.numbers);
    n += a.numbers[n] == ' ';
    memmove(a.numbers, a.numbers + n, sizeof a.numbers - n);
    script_newkeys(&script);
    expect("");
    return a;
}

void ask_for_words(void)
{
    say(SSH_MSG_USERAUTH_REQUEST, "sssss", "alice", "ssh-connection", "keyboard-interactive", "",
        "");
    expect("60");
}

void offer_interactive(void)
{
    say(SSH_MSG_USERAUTH_FAILURE, "s?", "keyboard-interactive", 0);
    expect("50");
}

void make_global_request(void)
{
    ck_assert_int_eq(nacre_session_global_request(real->session, "unknown@nacre", true, NULL, 0),
                     NACRE_SEND_DONE);
    expect("80");
}

void open_from_session(void)
{
    ck_assert_ptr_nonnull(
        nacre_session_open_channel(real->session, "session", &pair.client_app, NULL, NULL, 0));
    expect("90");
}

static struct nacre_channel *channel; /* the one that is open */

static enum nacre_answer note_channel(struct nacre_channel *ch)
{
    channel = ch;
    return NACRE_GRANT;
}

void open_channel(void)
{
    if (is_server()) {
        pair.server_app.open = note_channel;
        say_well(SSH_MSG_CHANNEL_OPEN);
        expect("91");
    } else {
        pair.client_app.open = note_channel;
        open_from_session();
        say_well(SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
        expect("");
    }
}

void make_request(void)
{
    open_channel();
    ck_assert_int_eq(nacre_channel_request(channel, "unknown@nacre", true, NULL, 0),
                     NACRE_SEND_DONE);
    expect("98");
}

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

void start_session(bool strict)
{
    struct nacre_endpoint_config *config = is_server() ? &pair.server_config : &pair.client_config;

    pair_init(&pair, 3);
    pair.policy.interactive = interactive;
    pair.server_app.replied = pair.client_app.replied = on_replied;
    pair.client_app.data = pair.client_app.extended_data = on_client_data;
    config->kex = "curve25519-sha256";
    config->global_replied = on_global_replied;
    pair.client_config.ask = ask;
    real = is_server() ? &pair.server : &pair.client;
    script_init(&script, is_server() ? NACRE_CLIENT : NACRE_SERVER, strict);
    script.session = real;
    script.host_key = pair.host_key;
    ck_assert(end_start(real, config));
}

void stop_session(void)
{
    end_stop(real);
    pair_free(&pair);
    script_clear(&script);
}
