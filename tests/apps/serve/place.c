/* A client's place in the quota of its user, and what it hears if there is none. */
#include "apps/serve/place.h"
#include "apps/daemon/events.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdio.h>

static enum quota_answer answer;
static bool is_news;
static char one;

#define PEER ((const struct nacre_peer *)(void *)&one)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void __wrap_nacre_peer_host(const struct nacre_peer *peer, char *host);
struct nacre_session *__wrap_nacre_peer_session(const struct nacre_peer *peer);
const char *__wrap_nacre_session_user(const struct nacre_session *session);
enum quota_answer __wrap_quota_take(struct quota_place *place, const char *user,
                                    const char *address, bool *news);
void __wrap_log_limit(const struct nacre_peer *peer, const char *limit);

void __wrap_nacre_peer_host(const struct nacre_peer *peer, char *host)
{
    ck_assert_ptr_eq(peer, PEER);
    (void)snprintf(host, NACRE_PEER_HOST_MAX, "192.0.2.1");
}

struct nacre_session *__wrap_nacre_peer_session(const struct nacre_peer *peer)
{
    ck_assert_ptr_eq(peer, PEER);
    return NULL;
}

const char *__wrap_nacre_session_user(const struct nacre_session *session)
{
    ck_assert_ptr_null(session);
    return "alice";
}

enum quota_answer __wrap_quota_take(struct quota_place *place, const char *user,
                                    const char *address, bool *news)
{
    ck_assert_ptr_nonnull(place);
    note("%s from %s;", user, address);
    *news = is_news;
    return answer;
}

void __wrap_log_limit(const struct nacre_peer *peer, const char *limit)
{
    ck_assert_ptr_eq(peer, PEER);
    note("limit %s;", limit);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

START_TEST(a_refusal_has_a_sentence_and_is_logged_if_it_is_news)
{
    static const struct {
        enum quota_answer answer;
        bool news;
        const char *says, *calls;
    } rows[] = {
        {QUOTA_GRANTED, false, NULL, "alice from 192.0.2.1;"},
        {QUOTA_GRANTED, true, NULL, "alice from 192.0.2.1;"},
        {QUOTA_USER_FULL, true, "this user has too many sessions",
         "alice from 192.0.2.1;limit per-user-max-sessions;"},
        {QUOTA_USER_FULL, false, "this user has too many sessions", "alice from 192.0.2.1;"},
        {QUOTA_ALL_FULL, true, "the server has too many sessions",
         "alice from 192.0.2.1;limit sessions;"},
        {QUOTA_NO_MEMORY, true, "the server is out of memory",
         "alice from 192.0.2.1;limit memory;"},
    };
    struct quota_place place;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *says;

        answer = rows[i].answer;
        is_news = rows[i].news;
        says = place_take(&place, PEER);
        if (rows[i].says == NULL)
            ck_assert_ptr_null(says);
        else
            ck_assert_str_eq(says, rows[i].says);
        expect_notes(rows[i].calls);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_refusal_has_a_sentence_and_is_logged_if_it_is_news);
}
