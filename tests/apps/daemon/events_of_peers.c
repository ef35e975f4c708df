/* Every line of the log that is about a connection or a channel. The connection is none: what the
 * log asks the library about it is answered here. */
#include "apps/daemon/events.h"
#include "tests/support/child.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static char one; /* an address */
static bool has_session;
static struct nacre_negotiated negotiated;

#define CHANNEL ((struct nacre_channel *)(void *)&one)
#define PEER ((struct nacre_peer *)(void *)&one)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
uint64_t __wrap_nacre_peer_id(const struct nacre_peer *peer);
const char *__wrap_nacre_peer_address(const struct nacre_peer *peer);
struct nacre_session *__wrap_nacre_peer_session(const struct nacre_peer *peer);
const char *__wrap_nacre_session_user(const struct nacre_session *session);
const char *__wrap_nacre_session_phase(const struct nacre_session *session);
const char *__wrap_nacre_session_peer_version(const struct nacre_session *session);
const struct nacre_negotiated *__wrap_nacre_session_negotiated(const struct nacre_session *session);
void __wrap_nacre_session_counters(const struct nacre_session *session, uint64_t *in,
                                   uint64_t *out);
uint32_t __wrap_nacre_channel_id(const struct nacre_channel *ch);
const char *__wrap_nacre_channel_type(const struct nacre_channel *ch);
void *__wrap_nacre_channel_context(const struct nacre_channel *ch);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

uint64_t __wrap_nacre_peer_id(const struct nacre_peer *peer)
{
    return peer == PEER ? 7 : 0;
}

const char *__wrap_nacre_peer_address(const struct nacre_peer *peer)
{
    return peer == PEER ? "192.0.2.1:5" : "";
}

struct nacre_session *__wrap_nacre_peer_session(const struct nacre_peer *peer)
{
    return peer == PEER && has_session ? (struct nacre_session *)(void *)&one : NULL;
}

const char *__wrap_nacre_session_user(const struct nacre_session *session)
{
    return session != NULL ? "alice" : "";
}

const char *__wrap_nacre_session_phase(const struct nacre_session *session)
{
    return session != NULL ? "rekey" : "";
}

const char *__wrap_nacre_session_peer_version(const struct nacre_session *session)
{
    return session != NULL ? "SSH-2.0-x" : "";
}

const struct nacre_negotiated *__wrap_nacre_session_negotiated(const struct nacre_session *session)
{
    (void)session;
    return &negotiated;
}

void __wrap_nacre_session_counters(const struct nacre_session *session, uint64_t *in, uint64_t *out)
{
    *in = session != NULL ? 10 : 0;
    *out = session != NULL ? 20 : 0;
}

uint32_t __wrap_nacre_channel_id(const struct nacre_channel *ch)
{
    return ch == CHANNEL ? 3 : 0;
}

const char *__wrap_nacre_channel_type(const struct nacre_channel *ch)
{
    return ch == CHANNEL ? "session" : "";
}

void *__wrap_nacre_channel_context(const struct nacre_channel *ch)
{
    return ch == CHANNEL ? PEER : NULL;
}

static const struct nacre_negotiated all_names = {.kex = "k",
                                                  .host_key = "h",
                                                  .cipher_client_to_server = "c1",
                                                  .cipher_server_to_client = "c2",
                                                  .mac_client_to_server = "m1",
                                                  .mac_server_to_client = "m2",
                                                  .strict = true};

/* Its text is the log without the times. */
static void expect_log(int (*log)(void), const char *expected)
{
    char text[4096] = "";
    size_t len = 0;

    succeeds_in_child(log);
    for (char *line = strtok(child_said, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *rest = strstr(line, " level=");

        ck_assert_msg(rest != NULL, "%s", line);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\n", rest + 7);
        ck_assert_uint_lt(len, sizeof text);
    }
    ck_assert_str_eq(text, expected);
}

static int log_connection(void)
{
    struct nacre_observer o = server_observer_at(LOG_TRACE);
    struct nacre_negotiated n = all_names;

    log_threshold(LOG_TRACE);
    has_session = true;
    server_log.accepted(PEER);
    o.phase(PEER, "kexinit");
    o.negotiated(PEER, &n);
    n.mac_client_to_server = n.mac_server_to_client = NULL;
    n.strict = false;
    o.negotiated(PEER, &n);
    o.mismatch(PEER, "cipher", "a,b??", 3, "c??", 1);
    o.message(PEER, NACRE_RECEIVED, 11, "kex", (const uint8_t *)"\x14", 5);
    o.message(PEER, NACRE_SENT, 12, "login", (const uint8_t *)"\x15", 6);
    log_attempted(PEER, "bob", "password", false);
    log_attempted(PEER, "bob", "publickey", true);
    log_key_refused(PEER, "bob", "ssh-rsa", "too short");
    log_limit(PEER, "per-user");
    server_log.limited(PEER, NACRE_LIMIT_OPENS);
    server_log.draining(NULL, 9);
    return 0;
}

START_TEST(each_event_of_a_connection_has_its_fields)
{
    expect_log(log_connection,
               "info event=connection conn=7 addr=192.0.2.1:5\n"
               "debug event=phase conn=7 phase=kexinit\n"
               "info event=kex conn=7 kex=k host_key=h cipher_in=c1 cipher_out=c2 mac_in=m1 "
               "mac_out=m2 strict=yes version=SSH-2.0-x\n"
               "info event=kex conn=7 kex=k host_key=h cipher_in=c1 cipher_out=c2 strict=no "
               "version=SSH-2.0-x\n"
               "warn event=mismatch conn=7 kind=cipher client=a,b server=c\n"
               "trace event=received conn=7 seq=11 phase=kex message=20 bytes=5\n"
               "trace event=sent conn=7 seq=12 phase=login message=21 bytes=6\n"
               "info event=auth conn=7 addr=192.0.2.1:5 user=bob method=password answer=refused\n"
               "info event=auth conn=7 addr=192.0.2.1:5 user=bob method=publickey answer=granted\n"
               "info event=key_refused conn=7 user=bob algorithm=ssh-rsa reason=\"too short\"\n"
               "info event=limit conn=7 addr=192.0.2.1:5 limit=per-user\n"
               "info event=limit conn=7 addr=192.0.2.1:5 limit=opens\n"
               "info event=draining connections=9\n");
}
END_TEST

static int log_ends(void)
{
    const struct nacre_end lost = {.cause = NACRE_CONNECTION_LOST},
                           told = {NACRE_DISCONNECTED, 11, "by the user"};

    server_log.ended(PEER, &lost);
    has_session = true;
    server_log.ended(PEER, &(struct nacre_end){NACRE_DISCONNECTED, 2, ""});
    negotiated = all_names;
    server_log.ended(PEER, &told);
    return 0;
}

START_TEST(the_end_of_a_connection_says_what_is_known)
{
    expect_log(log_ends,
               "info event=disconnected conn=7 addr=192.0.2.1:5 reason=\"connection lost\"\n"
               "info event=disconnected conn=7 addr=192.0.2.1:5 user=alice phase=rekey bytes_in=10 "
               "bytes_out=20 reason=\"disconnected by peer\" code=2\n"
               "info event=disconnected conn=7 addr=192.0.2.1:5 user=alice phase=rekey kex=k "
               "host_key=h cipher_in=c1 cipher_out=c2 mac_in=m1 mac_out=m2 bytes_in=10 "
               "bytes_out=20 reason=\"disconnected by peer\" code=11 text=\"by the user\"\n");
}
END_TEST

static int log_channel(void)
{
    struct nacre_request exec = {.kind = NACRE_REQUEST_EXEC, .type = "exec", .text = "ls"},
                         pty = {.kind = NACRE_REQUEST_PTY,
                                .type = "pty-req",
                                .text = "xterm",
                                .columns = 80,
                                .rows = 24},
                         change = {.kind = NACRE_REQUEST_WINDOW_CHANGE,
                                   .type = "window-change",
                                   .text = "",
                                   .columns = 81,
                                   .rows = 25};

    has_session = true;
    channel_log.opened(CHANNEL);
    channel_log.requested(CHANNEL, &exec, true);
    channel_log.requested(CHANNEL, &pty, false);
    channel_log.requested(CHANNEL, &change, true);
    channel_log.eof(CHANNEL);
    channel_log.close(CHANNEL);
    channel_log.closed(CHANNEL, &(struct nacre_end){NACRE_PEER_CLOSED, 0, NULL});
    channel_log.closed(CHANNEL, &(struct nacre_end){NACRE_OPEN_REFUSED, 1, "why"});
    return 0;
}

START_TEST(each_event_of_a_channel_has_its_fields)
{
#define BEGIN "conn=7 chan=3 user=alice"
    expect_log(log_channel,
               "info event=open " BEGIN " type=session\n"
               "info event=request " BEGIN " type=exec what=ls answer=granted\n"
               "info event=request " BEGIN " type=pty-req what=xterm columns=80 rows=24 "
               "answer=refused\n"
               "info event=request " BEGIN " type=window-change columns=81 rows=25 "
               "answer=granted\n"
               "info event=eof " BEGIN "\n"
               "info event=close " BEGIN "\n"
               "info event=closed " BEGIN " reason=\"peer closed\"\n"
               "info event=closed " BEGIN " reason=\"open refused\" code=1 text=why\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, each_event_of_a_connection_has_its_fields);
    add_test(suite, the_end_of_a_connection_says_what_is_known);
    add_test(suite, each_event_of_a_channel_has_its_fields);
}
