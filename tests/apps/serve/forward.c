/* What nacre-serve forwards: the policy, its places in the quota, and the log. */
#include "apps/serve/forward.h"
#include "apps/daemon/log.h"
#include "apps/server/file_login.h"
#include "apps/serve/place.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>

static unsigned places, most; /* taken now, and at most */
static bool has_forwards, listens;
static struct nacre_key_grant grant;
static char peers[3], one;

#define PEER(i) ((struct nacre_peer *)(void *)&peers[i])
#define FORWARDS ((struct nacre_forwards *)(void *)&one)
#define LISTENER ((struct nacre_forward_listener *)(void *)&one)

static const struct nacre_target web = {.host = "web", .port = 80};
static const struct nacre_target path = {.host = "/run/s", .is_path = true};

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
uint64_t __wrap_nacre_peer_id(const struct nacre_peer *peer);
struct nacre_session *__wrap_nacre_peer_session(const struct nacre_peer *peer);
const char *__wrap_nacre_session_user(const struct nacre_session *session);
const struct nacre_login *__wrap_nacre_peer_login(const struct nacre_peer *peer);
const struct nacre_key_grant *__wrap_nacre_file_login_grant(const struct nacre_login *login);
struct nacre_forwards *__wrap_nacre_peer_forwards(struct nacre_peer *peer);
struct nacre_forward_listener *__wrap_nacre_forward_listen(struct nacre_forwards *forwards,
                                                           const char *place, const char *type,
                                                           const char *target, char *errbuf,
                                                           size_t size);
const char *__wrap_place_take(struct quota_place *place, const struct nacre_peer *peer);
void __wrap_quota_return(struct quota_place *place);
void __wrap_log_end(struct log_line *l);

uint64_t __wrap_nacre_peer_id(const struct nacre_peer *peer)
{
    return (uint64_t)((const char *)peer - peers) + 7;
}

struct nacre_session *__wrap_nacre_peer_session(const struct nacre_peer *peer)
{
    (void)peer;
    return NULL;
}

const char *__wrap_nacre_session_user(const struct nacre_session *session)
{
    (void)session;
    return "alice";
}

const struct nacre_login *__wrap_nacre_peer_login(const struct nacre_peer *peer)
{
    (void)peer;
    return NULL;
}

const struct nacre_key_grant *__wrap_nacre_file_login_grant(const struct nacre_login *login)
{
    (void)login;
    return &grant;
}

struct nacre_forwards *__wrap_nacre_peer_forwards(struct nacre_peer *peer)
{
    (void)peer;
    return has_forwards ? FORWARDS : NULL;
}

struct nacre_forward_listener *__wrap_nacre_forward_listen(struct nacre_forwards *forwards,
                                                           const char *place, const char *type,
                                                           const char *target, char *errbuf,
                                                           size_t size)
{
    ck_assert(forwards == FORWARDS && target == NULL);
    note("listen %s %s;", place, type);
    if (!listens)
        (void)snprintf(errbuf, size, "no");
    return listens ? LISTENER : NULL;
}

/* Its place is not that of any other peer. */
const char *__wrap_place_take(struct quota_place *place, const struct nacre_peer *peer)
{
    if (places == most)
        return "full";
    places++;
    place->user = (struct tally *)(uintptr_t)peer;
    return NULL;
}

void __wrap_quota_return(struct quota_place *place)
{
    ck_assert_ptr_nonnull(place->user);
    places--;
    note("return %d;", (int)((const char *)(const void *)place->user - peers));
}

void __wrap_log_end(struct log_line *l)
{
    l->text[l->len] = 0;
    note("%s;", strstr(l->text, "event="));
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static const struct nacre_forwarding *begin(void)
{
    const struct forward_config config = {.permit = {.tcp = PERMIT_BOTH}};

    grant = (struct nacre_key_grant){.port_forwarding = true};
    places = 0;
    most = 10;
    has_forwards = listens = true;
    noted[0] = 0;
    return forward_configure(&config);
}

START_TEST(without_a_permission_there_is_no_policy)
{
    static const struct {
        struct forward_config config;
        bool is_one;
    } rows[] = {
        {{.gateway_ports = NACRE_GATEWAY_YES}, false},
        {{.permit.tcp = PERMIT_LOCAL}, true},
        {{.permit.streamlocal = PERMIT_REMOTE}, true},
        {{.agent = true}, true},
    };
    const struct nacre_forwarding *policy;
    struct forward_config config = {.permit.tcp = PERMIT_BOTH, .gateway_ports = NACRE_GATEWAY_YES};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_int_eq(forward_configure(&rows[i].config) != NULL, rows[i].is_one);
    policy = forward_configure(&config);
    ck_assert_int_eq(policy->gateway_ports, NACRE_GATEWAY_YES);
    config.gateway_ports = NACRE_GATEWAY_CLIENT;
    ck_assert_int_eq(forward_configure(&config)->gateway_ports, NACRE_GATEWAY_CLIENT);
}
END_TEST

START_TEST(what_is_not_permitted_is_logged)
{
    const struct nacre_forwarding *policy = begin();

    ck_assert(policy->may_connect(PEER(0), &web));
    expect_notes("");
    ck_assert(!policy->may_connect(PEER(0), &path));
    expect_notes("event=forward conn=7 user=alice state=refused target=/run/s "
                 "reason=\"connecting there is not permitted\";");
    ck_assert(!policy->may_listen(PEER(1), &path));
    expect_notes("event=forward conn=8 user=alice state=refused target=/run/s "
                 "reason=\"listening there is not permitted\";");
    grant.port_forwarding = false;
    ck_assert(!policy->may_connect(PEER(0), &web));
    ck_assert(!policy->may_listen(PEER(0), &web));
    ck_assert_uint_eq(places, 0);
}
END_TEST

START_TEST(each_connection_has_a_place_of_its_client)
{
    const struct nacre_forwarding *policy = begin();

    for (int i = 0; i < 3; i++)
        ck_assert(policy->begin(PEER(i)));
    ck_assert(policy->begin(PEER(1)));
    ck_assert_uint_eq(places, 4);
    most = 4;
    ck_assert(!policy->begin(PEER(1)));
    policy->end(PEER(1));
    policy->end(PEER(0));
    policy->end(PEER(1));
    policy->end(PEER(2));
    expect_notes("return 1;return 0;return 1;return 2;");
    ck_assert(policy->begin(PEER(0))); /* a client that had none left */
    policy->end(PEER(0));
}
END_TEST

#define LOG(state) "event=forward conn=7 user=alice state=" state " target=web:80;"

START_TEST(each_event_is_logged)
{
    static const struct {
        enum nacre_forward_event event;
        const char *text, *logged;
    } rows[] = {
        {NACRE_FORWARD_CONNECTED, "", LOG("connected")},
        {NACRE_FORWARD_LISTENING, "", LOG("listening")},
        {NACRE_FORWARD_ACCEPTED, "", LOG("accepted")},
        {NACRE_FORWARD_FAILED, "why",
         "event=forward conn=7 user=alice state=failed target=web:80 reason=why;"},
    };
    const struct nacre_forwarding *policy = begin();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        policy->event(PEER(0), rows[i].event, &web, rows[i].text);
        expect_notes(rows[i].logged);
    }
    policy->event(PEER(0), NACRE_FORWARD_CONNECTED, &path, "");
    expect_notes("event=forward conn=7 user=alice state=connected target=/run/s;");
}
END_TEST

/* From the answer to the request until it stops; a connection that fails meanwhile is another. */
START_TEST(a_listener_has_a_place)
{
    const struct nacre_forwarding *policy = begin();

    ck_assert(policy->may_listen(PEER(0), &web));
    ck_assert_uint_eq(places, 1);
    policy->event(PEER(0), NACRE_FORWARD_CONNECTED, &web, "");
    policy->event(PEER(0), NACRE_FORWARD_ACCEPTED, &web, "");
    policy->event(PEER(0), NACRE_FORWARD_LISTENING, &web, "");
    policy->event(PEER(0), NACRE_FORWARD_FAILED, &web, "");
    ck_assert_uint_eq(places, 1);
    noted[0] = 0;
    policy->event(PEER(0), NACRE_FORWARD_STOPPED, &web, "");
    expect_notes(LOG("stopped") "return 0;");
    most = 0;
    ck_assert(!policy->may_listen(PEER(0), &web));
}
END_TEST

START_TEST(a_listener_that_fails_has_none)
{
    const struct nacre_forwarding *policy = begin();

    ck_assert(policy->begin(PEER(0)));
    ck_assert(policy->may_listen(PEER(0), &web));
    policy->event(PEER(0), NACRE_FORWARD_CONNECTED, &web, ""); /* another one */
    noted[0] = 0;
    policy->event(PEER(0), NACRE_FORWARD_FAILED, &web, "");
    expect_notes(LOG("failed") "return 0;");
    policy->event(PEER(0), NACRE_FORWARD_FAILED, &web, "");
    expect_notes(LOG("failed"));
    policy->end(PEER(0));
}
END_TEST

START_TEST(the_socket_of_an_agent_is_a_listener)
{
    const struct nacre_forwarding *policy = begin();

    ck_assert_ptr_eq(forward_agent(PEER(0), "/a"), LISTENER);
    expect_notes("listen /a auth-agent@openssh.com;");
    policy->event(PEER(0), NACRE_FORWARD_LISTENING, &path, "");
    listens = false;
    noted[0] = 0;
    ck_assert_ptr_null(forward_agent(PEER(0), "/b"));
    expect_notes("listen /b auth-agent@openssh.com;event=start reason=no;return 0;");
    policy->event(PEER(0), NACRE_FORWARD_STOPPED, &path, "");
    ck_assert_uint_eq(places, 0);
    noted[0] = 0;
    has_forwards = false;
    ck_assert_ptr_null(forward_agent(PEER(0), "/c"));
    has_forwards = true;
    most = 0;
    ck_assert_ptr_null(forward_agent(PEER(0), "/c"));
    expect_notes("");
}
END_TEST

/* The library has reported it, as it may. */
START_TEST(the_place_of_an_agent_s_listener_is_returned_once)
{
    const struct nacre_forwarding *policy = begin();

    ck_assert(policy->begin(PEER(0)));
    ck_assert_ptr_eq(forward_agent(PEER(0), "/a"), LISTENER);
    policy->event(PEER(0), NACRE_FORWARD_STOPPED, &path, "");
    ck_assert_uint_eq(places, 1);
    policy->event(PEER(0), NACRE_FORWARD_FAILED, &path, "");
    ck_assert_uint_eq(places, 1);
    policy->end(PEER(0));
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, without_a_permission_there_is_no_policy);
    add_test(suite, what_is_not_permitted_is_logged);
    add_test(suite, each_connection_has_a_place_of_its_client);
    add_test(suite, each_event_is_logged);
    add_test(suite, a_listener_has_a_place);
    add_test(suite, a_listener_that_fails_has_none);
    add_test(suite, the_socket_of_an_agent_is_a_listener);
    add_test(suite, the_place_of_an_agent_s_listener_is_returned_once);
}
