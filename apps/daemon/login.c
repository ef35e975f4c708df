#include "apps/daemon/login.h"

#include "apps/daemon/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCES_MAX = 8 * 1024 /* bytes of all sentences about a file */ };

/* ---- passwords ---- */

static const char OUT_OF_MEMORY[] = "out of memory: a password could not be checked";

struct login_job {
    struct nacre_decision *decision;
    struct nacre_password_check *check;
    bool done, granted, undecided;
};

static void check_password(void *at)
{
    struct login_job *job = at;

    job->granted = nacre_password_check_run(job->check, &job->undecided);
    job->done = true;
}

static void password_checked(void *at)
{
    struct login_job *job = at;

    nacre_password_check_free(job->check);
    if (job->undecided)
        log_trouble("auth", OUT_OF_MEMORY);
    if (job->done && !job->undecided)
        nacre_decide(job->decision, job->granted);
    else
        nacre_decide_unable(job->decision);
    free(job);
}

static struct nacre_password_check *look_up(const struct login *login, const char *user,
                                            const char *password)
{
    char errbuf[SENTENCES_MAX] = {0};
    struct nacre_password_check *check =
        nacre_password_file_lookup(login->passwords, user, password, errbuf, sizeof errbuf);

    log_each_trouble("passwords", errbuf);
    return check;
}

/* A plain password is compared at once; a hash is computed on another thread. */
static void on_password(void *context, struct nacre_decision *decision, const char *user,
                        const char *password)
{
    struct nacre_peer *peer = context;
    struct nacre_password_check *check = look_up(nacre_peer_server_context(peer), user, password);
    struct login_job *job = check == NULL ? NULL : malloc(sizeof *job);

    if (job == NULL) {
        if (check != NULL)
            log_trouble("auth", OUT_OF_MEMORY);
        nacre_password_check_free(check);
        nacre_decide_unable(decision);
        return;
    }
    *job = (struct login_job){.decision = decision, .check = check};
    if (!nacre_password_check_is_slow(check)) {
        check_password(job);
        password_checked(job);
    } else if (!nacre_peer_offload(peer, check_password, password_checked, job)) {
        log_trouble("auth", "too many password checks are waiting: one was refused");
        password_checked(job);
    }
}

/* RFC 4256: the server asks for the same password. */
static void on_interactive(void *context, struct nacre_decision *decision, const char *user,
                           const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompt = {"Password: ", false};

    if (responses == NULL)
        nacre_decide_ask_more(decision, "", "", &prompt, 1);
    else if (count == 1)
        on_password(context, decision, user, responses[0]);
    else
        nacre_decide(decision, false);
}

/* ---- keys ---- */

/* The grants of a connection's keys: of the key in the request that is being decided, and of the
 * key that logged in. */
struct key_state {
    struct nacre_key_grant offered, proved;
    bool has_proved;
};

static struct key_state *state_of(struct nacre_peer *peer)
{
    struct key_state *state = nacre_peer_data(peer);

    if (state == NULL) {
        state = calloc(1, sizeof *state);
        nacre_peer_set_data(peer, state);
    }
    return state;
}

void login_forget(struct nacre_peer *peer)
{
    struct key_state *state = nacre_peer_data(peer);

    if (state == NULL)
        return;
    nacre_key_grant_clear(&state->offered);
    nacre_key_grant_clear(&state->proved);
    free(state);
    nacre_peer_set_data(peer, NULL);
}

const struct nacre_key_grant *login_grant(const struct nacre_peer *peer)
{
    static const struct nacre_key_grant everything = {.pty = true,
                                                      .port_forwarding = true,
                                                      .agent_forwarding = true,
                                                      .x11_forwarding = true,
                                                      .user_rc = true};
    const struct key_state *state = nacre_peer_data(peer);

    return state != NULL && state->has_proved ? &state->proved : &everything;
}

static void on_publickey(void *context, struct nacre_decision *decision, const char *user,
                         const struct nacre_key_offer *offer)
{
    const struct login *login = nacre_peer_server_context(context);
    struct key_state *state = state_of(context);
    char errbuf[SENTENCES_MAX], address[NACRE_PEER_HOST_MAX];
    const struct nacre_key_login asked = {user, offer->key, offer->key_len, address};
    bool granted = false, undecided = false;

    errbuf[0] = 0;
    nacre_peer_host(context, address);
    if (state != NULL) {
        nacre_key_grant_clear(&state->offered);
        granted = nacre_authorized_keys_check(login->authorized_keys, &asked, &state->offered,
                                              errbuf, sizeof errbuf);
        undecided = state->offered.undecided;
    }
    log_each_trouble("authorized_keys", errbuf);
    if (state != NULL && !offer->is_proof)
        nacre_key_grant_clear(&state->offered); /* a query grants nothing */
    if (state == NULL)
        log_trouble("auth", "out of memory: a key could not be checked");
    if (state == NULL || undecided)
        nacre_decide_unable(decision);
    else
        nacre_decide(decision, granted);
}

/* The key that logged in is the one that was proved last. */
static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    struct key_state *state = nacre_peer_data(context);

    log_attempted(context, user, method, granted);
    if (!granted || state == NULL || strcmp(method, "publickey") != 0)
        return;
    nacre_key_grant_clear(&state->proved);
    state->proved = state->offered;
    state->offered = (struct nacre_key_grant){0};
    state->has_proved = true;
}

struct nacre_auth_policy login_policy(const struct login *login)
{
    return (struct nacre_auth_policy){
        .password = login->passwords != NULL ? on_password : NULL,
        .publickey = login->authorized_keys != NULL ? on_publickey : NULL,
        .interactive =
            login->passwords != NULL && login->keyboard_interactive ? on_interactive : NULL,
        .require = login->require,
        .banner = login->banner,
        .attempted = on_attempted,
        .key_refused = log_key_refused,
    };
}
