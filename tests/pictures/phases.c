/* Print what leads from phase to phase, for tests/pictures/phases.py: each message that
 * transport/phase.c allows is sent in each phase to a session of either role, which says what it
 * answers and what it waits for afterwards.
 *
 *     legal ROLE PHASE NUMBER             it is read there
 *     edge ROLE PHASE CAUSE NEXT ANSWER...  CAUSE: a message number, or "identification"
 */
#include "tests/support/places.h"

#include <stdio.h>

static const char *role_name(void)
{
    return is_server() ? "server" : "client";
}

static enum nacre_role peer(void)
{
    return is_server() ? NACRE_CLIENT : NACRE_SERVER;
}

/* Some messages are legal only as answers. */
static void (*prepare_for(uint8_t number))(void)
{
    if (number == SSH_MSG_USERAUTH_INFO_REQUEST)
        return offer_interactive;
    if (number == SSH_MSG_USERAUTH_INFO_RESPONSE)
        return ask_for_words;
    if (number == SSH_MSG_REQUEST_SUCCESS || number == SSH_MSG_REQUEST_FAILURE)
        return make_global_request;
    if (number == SSH_MSG_CHANNEL_OPEN_CONFIRMATION || number == SSH_MSG_CHANNEL_OPEN_FAILURE)
        return open_from_session;
    if (number > SSH_MSG_CHANNEL_OPEN_FAILURE && number < SSH_MSG_CHANNEL_SUCCESS)
        return open_channel;
    if (number == SSH_MSG_CHANNEL_SUCCESS || number == SSH_MSG_CHANNEL_FAILURE)
        return make_request;
    return NULL;
}

static void print_edge(const char *from, const char *cause, const struct answers *a)
{
    const char *next = ended(NULL) ? "ended" : nacre_session_phase(real->session);

    if (strcmp(from, next) != 0)
        printf("edge %s %s %s %s%s%s\n", role_name(), from, cause, next, a->count > 0 ? " " : "",
               a->numbers);
}

static void try_message(const struct place *at, uint8_t number)
{
    char cause[4];
    struct answers a;
    struct nacre_end why;

    (void)snprintf(cause, sizeof cause, "%u", number);
    start_session(false);
    reach(at, prepare_for(number));
    say_well(number);
    a = collect();
    if (!ended(&why) || why.cause == NACRE_DISCONNECTED) {
        printf("legal %s %s %u\n", role_name(), phase_name(at->phase), number);
        print_edge(phase_name(at->phase), cause, &a);
    }
    stop_session();
}

static void try_identification(void)
{
    struct answers a;

    start_session(false);
    script_version(&script);
    a = collect();
    print_edge(phase_name(PHASE_VERSION), "identification", &a);
    stop_session();
}

/* A whole key exchange that the peer begins in that phase. */
static void try_rekey(enum phase phase)
{
    const struct place at = {phase, NOBODY};
    struct answers a;

    start_session(false);
    reach(&at, NULL);
    say_well(SSH_MSG_KEXINIT);
    (void)collect();
    say_well(is_server() ? SSH_MSG_KEX_ECDH_INIT : SSH_MSG_KEX_ECDH_REPLY);
    (void)collect();
    say_well(SSH_MSG_NEWKEYS);
    a = collect();
    print_edge(phase_name(PHASE_REKEY_NEWKEYS), "21", &a);
    stop_session();
}

static void try_role(void)
{
    try_identification();
    for (size_t i = 0; i < PLACES; i++) {
        if (places[i].by == THE_SESSION)
            continue;
        for (unsigned number = 0; number < 256; number++)
            if (phase_judge(places[i].phase, peer(), false, (uint8_t)number) == VERDICT_LEGAL)
                try_message(&places[i], (uint8_t)number);
    }
    try_rekey(PHASE_SERVICE);
    try_rekey(PHASE_AUTH);
}

/* Printed by a test, because the script checks every step. */
START_TEST(print_phases)
{
    role = NACRE_SERVER;
    try_role();
    role = NACRE_CLIENT;
    try_role();
    (void)fflush(stdout);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, print_phases);
}
