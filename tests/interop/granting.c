/* A server with features that nacre-echo does not use: it requires new passwords, asks several
 * questions, and forwards connections. It uses only the library's public interface; tests start it
 * like nacre-echo:
 *
 *     granting -k HOST_KEY -a AUTHORIZED_KEYS -p PASSWORDS -l ADDR:PORT
 *
 * erin's password, "old-shell", has expired; ida is asked two questions; bob may open sessions
 * only. The others may do what their keys allow. */
#include "tests/interop/granting.h"

#include "apps/files/key_file.h"
#include "apps/files/password_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORD_MAX = 64 };

static struct nacre_server *server;
static struct nacre_password_file *passwords;
static struct nacre_authorized_keys *authorized_keys;
static char erins[WORD_MAX] = "old-shell"; /* one thread, so no lock */
static bool erins_has_expired = true;

/* ---- who may log in ---- */

static bool is_in_file(const char *user, const char *password)
{
    struct nacre_password_check *check =
        nacre_password_file_lookup(passwords, user, password, NULL, 0);
    bool undecided;
    bool right = check != NULL && nacre_password_check_run(check, &undecided);

    nacre_password_check_free(check);
    return right;
}

static void on_password(void *context, struct nacre_decision *decision, const char *user,
                        const char *password)
{
    bool right = strcmp(user, "erin") == 0 ? nacre_password_equals(password, erins)
                                           : is_in_file(user, password);

    (void)context;
    if (right && strcmp(user, "erin") == 0 && erins_has_expired)
        nacre_decide_change_password(decision, "Your password has expired.");
    else
        nacre_decide(decision, right);
}

static void on_change(void *context, struct nacre_decision *decision, const char *user,
                      const char *old_password, const char *new_password)
{
    (void)context;
    if (strcmp(user, "erin") != 0 || !nacre_password_equals(old_password, erins)) {
        nacre_decide(decision, false);
    } else if (strlen(new_password) < 8 || strlen(new_password) >= WORD_MAX) {
        nacre_decide_change_password(decision, "That one is too short.");
    } else {
        (void)snprintf(erins, sizeof erins, "%s", new_password);
        erins_has_expired = false;
        note("changed", " user=erin");
        nacre_decide(decision, true);
    }
}

/* ida: two questions at once, then a message without questions; others: the password. */
static void on_interactive(void *context, struct nacre_decision *decision, const char *user,
                           const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompts[] = {{"Favourite shell: ", true},
                                                  {"Password: ", false}};
    struct guest *guest = nacre_peer_data(context);
    bool ida = strcmp(user, "ida") == 0;

    if (responses == NULL) {
        guest->ida_is_right = false;
        nacre_decide_ask_more(decision, ida ? "Questions" : "", ida ? "Two things, please." : "",
                              ida ? prompts : prompts + 1, ida ? 2 : 1);
    } else if (!ida) {
        nacre_decide(decision, count == 1 && is_in_file(user, responses[0]));
    } else if (count == 2) {
        guest->ida_is_right = nacre_password_equals(responses[0], "nautilus") &&
                              nacre_password_equals(responses[1], "mother-of-pearl");
        nacre_decide_ask_more(decision, "", "Thank you.", NULL, 0);
    } else {
        nacre_decide(decision, guest->ida_is_right);
    }
}

static void on_publickey(void *context, struct nacre_decision *decision, const char *user,
                         const struct nacre_key_offer *offer)
{
    const struct nacre_key_login login = {NACRE_VERSION_NUMBER, user, offer->key, offer->key_len,
                                          "127.0.0.1"};
    struct guest *guest = nacre_peer_data(context);

    nacre_key_grant_free(guest->grant);
    nacre_decide(decision,
                 nacre_authorized_keys_check(authorized_keys, &login, &guest->grant, NULL, 0));
}

static void on_attempted(void *context, const char *user, const char *method, bool granted)
{
    struct guest *guest = nacre_peer_data(context);

    guest->used_key = guest->used_key || (granted && strcmp(method, "publickey") == 0);
    note("auth", " conn=%llu user=%s method=%s answer=%s",
         (unsigned long long)nacre_peer_id(context), user, method, granted ? "granted" : "refused");
}

/* ---- the server ---- */

static void on_listening(void *context, const char *address)
{
    (void)context;
    note("listening", " addr=%s", address);
}

static void on_accepted(struct nacre_peer *peer)
{
    struct guest *guest = calloc(1, sizeof *guest);

    if (guest == NULL)
        abort();
    nacre_peer_set_data(peer, guest);
    note("connection", " conn=%llu", (unsigned long long)nacre_peer_id(peer));
}

static void on_ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    struct guest *guest = nacre_peer_data(peer);

    note("disconnected", " conn=%llu user=\"%s\" code=%u forwarded=%d",
         (unsigned long long)nacre_peer_id(peer), nacre_session_user(nacre_peer_session(peer)),
         why->code, guest->connections);
    nacre_key_grant_free(guest->grant);
    free(guest);
}

static void stop(int number)
{
    (void)number;
    nacre_server_stop(server);
}

int main(int argc, char **argv)
{
    const struct nacre_auth_policy auth = {.password = on_password,
                                           .change_password = on_change,
                                           .interactive = on_interactive,
                                           .publickey = on_publickey,
                                           .attempted = on_attempted};
    const struct nacre_server_events events = {
        .listening = on_listening, .accepted = on_accepted, .ended = on_ended};
    const char *listen[] = {NULL, NULL};
    const struct nacre_key *keys[] = {NULL, NULL};
    struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                         .listen = listen,
                                         .host_keys = keys,
                                         .auth = &auth,
                                         .session = &session_app,
                                         .forwarding = &forwarding,
                                         .events = &events};
    char errbuf[256] = "";

    for (int c; (c = getopt(argc, argv, "k:a:p:l:v")) != -1;) {
        if (c == 'k')
            keys[0] = nacre_key_read(optarg, errbuf, sizeof errbuf);
        if (c == 'a')
            authorized_keys = nacre_authorized_keys_open(optarg);
        if (c == 'p')
            passwords = nacre_password_file_open(optarg, errbuf, sizeof errbuf);
        if (c == 'l')
            listen[0] = optarg;
    }
    server = keys[0] != NULL && passwords != NULL ? nacre_server_new(&config, errbuf, sizeof errbuf)
                                                  : NULL;
    if (server == NULL) {
        (void)fprintf(stderr, "%s\n", errbuf);
        return 1;
    }
    (void)signal(SIGTERM, stop);
    nacre_server_run(server);
    nacre_server_free(server);
    nacre_password_file_close(passwords);
    nacre_authorized_keys_close(authorized_keys);
    nacre_key_free((struct nacre_key *)(uintptr_t)keys[0]);
    return 0;
}
