/* Fake sftp, -L and -D, -R, banner, publickey and then password, or publickey and a one-time code.
 *     7-all ADDR:PORT MODE      MODE: "publickey,password", "publickey,keyboard-interactive" or
 * "any" */
#include <nacre/authorized_keys.h>
#include <nacre/server.h>
#include <stdio.h>
#include <string.h>

/* ---- forwarding: everywhere, but listening on loopback addresses only */
static bool yes(void *peer, const struct nacre_target *target) { return (void)peer, (void)target, true; }
static void forwarded(void *peer, enum nacre_forward_event event, const struct nacre_target *target, const char *text)
{
    static const char *const words[] = {"connected to", "failed at", "listening at", "stopped at", "accepted at"};

    fprintf(stderr, "%s: %s %s:%u %s\n", nacre_peer_address(peer), words[event], target->host, target->port, text);
}
static const struct nacre_forwarding forwarding = {.may_connect = yes, .may_listen = yes, .event = forwarded};

/* ---- sessions */
static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *r)
{
    (void)ch;
    return (r->kind == NACRE_REQUEST_SUBSYSTEM && strcmp(r->text, "sftp") == 0) || r->kind == NACRE_REQUEST_EXEC ? NACRE_GRANT : NACRE_REFUSE;
}
static size_t data(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    static const uint8_t version[] = {0, 0, 0, 5, 2, 0, 0, 0, 3}; /* SSH_FXP_VERSION 3 */

    if (len < 9)
        return 0; /* wait for the whole packet: it is offered again with more */
    if (bytes[4] == 1)
        nacre_channel_write_all(ch, version, sizeof version);
    return len;
}
static const struct nacre_channel_app session = {.request = request, .data = data, .eof = nacre_channel_close};

/* ---- logins */
static struct nacre_authorized_keys *keys;

static void publickey(void *peer, struct nacre_decision *d, const char *user, const struct nacre_key_offer *offer)
{
    char host[NACRE_PEER_HOST_MAX];

    nacre_peer_host(peer, host);
    fprintf(stderr, "%s a key\n", offer->is_proof ? "proved" : "asked about");
    nacre_decide(d, nacre_authorized_keys_check(keys, &(struct nacre_key_login){NACRE_VERSION_NUMBER, user, offer->key, offer->key_len, host}, NULL, NULL, 0));
}
static void password(void *peer, struct nacre_decision *d, const char *user, const char *given)
{
    (void)peer, (void)user;
    nacre_decide(d, nacre_password_equals(given, "secret"));
}
static void interactive(void *peer, struct nacre_decision *d, const char *user, const char *const *said, size_t n)
{
    (void)peer, (void)user;
    if (n == 0)
        nacre_decide_ask_more(d, "Two factors", "Both are wanted.", (struct nacre_prompt[]){{"Password: ", false}, {"Code: ", true}}, 2);
    else
        nacre_decide(d, n == 2 && nacre_password_equals(said[0], "secret") + nacre_password_equals(said[1], "123456") == 2);
}
static void attempted(void *peer, const char *user, const char *method, bool granted)
{
    (void)peer;
    fprintf(stderr, "%s by %s: %s\n", user, method, granted ? "yes" : "no");
}
static void ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    fprintf(stderr, "%s ended: %s, %s\n", nacre_peer_address(peer), nacre_cause_text(why->cause), why->text);
}
int main(int argc, char **argv)
{
    const struct nacre_auth_policy auth = {.publickey = publickey,
                                           .password = password,
                                           .interactive = interactive,
                                           .require = argc == 3 && strcmp(argv[2], "any") != 0 ? argv[2] : NULL,
                                           .banner = "No trespassing.\r\n",
                                           .attempted = attempted};
    const struct nacre_server_events events = {.ended = ended};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER, .listen = (const char *[]){argv[1], NULL},
                                               .host_key_file = "host_key",
                                               .auth = &auth,
                                               .session = &session,
                                               .forwarding = &forwarding,
                                               .events = &events};
    char errbuf[256] = "usage: 7-all ADDR:PORT MODE";
    struct nacre_server *server = NULL;

    if (argc != 3 || !(keys = nacre_authorized_keys_open("client_key.pub")) || !(server = nacre_server_new(&config, errbuf, sizeof errbuf)))
        return fprintf(stderr, "%s\n", errbuf), 1;
    fprintf(stderr, "%s\n", nacre_server_address(server, 0));
    nacre_server_run(server);
}
