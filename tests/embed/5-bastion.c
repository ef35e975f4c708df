/* A bastion: each channel of a server session becomes one of a client session to a real sshd.
 *     5-bastion LISTEN UPSTREAM USER     (password "secret"; upstream by client_key and known_hosts) */
#include <nacre/client.h>
#include <nacre/key_file.h>
#include <nacre/server.h>
#include <nacre/watch.h>
#include <stdio.h>
#include <stdlib.h>

static const char *upstream;
static struct nacre_clients *clients;

struct gate { struct nacre_peer *peer; struct nacre_client *up; struct nacre_decision *login; }; /* until both have ended */

static void turn(void *unused) { (void)unused, nacre_clients_run_once(clients, 0); }
static void answer(struct gate *g, bool granted) { if (g->login != NULL) nacre_decide(g->login, granted), g->login = NULL; }
static void ready(struct nacre_client *up) { answer(nacre_client_context(up), true); }
static void up_ended(struct nacre_client *up, const struct nacre_end *why)
{
    struct gate *g = nacre_client_context(up);

    fprintf(stderr, "upstream: %s: %s\n", nacre_cause_text(why->cause), why->text), g->up = NULL, answer(g, false);
    if (g->peer == NULL)
        free(g);
    else
        nacre_session_disconnect(nacre_peer_session(g->peer), NACRE_WE_CLOSED, "the upstream connection has ended");
}
static void ended(struct nacre_peer *peer, const struct nacre_end *why)
{
    struct gate *g = nacre_peer_data(peer);

    if ((void)why, g == NULL || g->up == NULL)
        free(g);
    else
        g->peer = NULL, nacre_client_close(g->up, "the client has gone");
}
static void password(void *peer, struct nacre_decision *d, const char *user, const char *given)
{
    struct gate *g = nacre_peer_data(peer) == NULL && nacre_password_equals(given, "secret") ? calloc(1, sizeof *g) : NULL;

    if ((void)user, g == NULL || (g->up = nacre_client_connect(clients, upstream, g, NULL, 0)) == NULL)
        free(g), nacre_decide(d, false);
    else
        g->peer = peer, g->login = d, nacre_peer_set_data(peer, g);
}
static enum nacre_answer open_upstream(struct nacre_channel *ch)
{
    const struct gate *g = nacre_peer_data(nacre_channel_context(ch));

    return nacre_session_pass_on(g->up != NULL ? nacre_client_session(g->up) : NULL, ch);
}
static const struct nacre_channel_app app = {.open = open_upstream};
static const struct nacre_channel_app *lookup(void *peer, const char *type) { return (void)peer, (void)type, &app; }
int main(int argc, char **argv)
{
    char errbuf[512] = "usage: 5-bastion LISTEN UPSTREAM USER";
    const struct nacre_key *key = argc == 4 ? nacre_key_read("client_key", errbuf, sizeof errbuf) : NULL;
    const struct nacre_client_config up = {.version = NACRE_VERSION_NUMBER, .user = argv[3], .keys = &key, .key_count = 1, .ready = ready, .ended = up_ended,
                                           .known_hosts = &(struct nacre_known_hosts){.version = NACRE_VERSION_NUMBER, .file = "known_hosts"}};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER, .listen = (const char *[]){argv[1], NULL}, .host_key_file = "host_key", .lookup = lookup,
        .auth = &(struct nacre_auth_policy){.password = password}, .events = &(struct nacre_server_events){.ended = ended}};
    struct nacre_server *server = key != NULL && (upstream = argv[2], clients = nacre_clients_new(&up, errbuf, sizeof errbuf)) != NULL
                                      ? nacre_server_new(&config, errbuf, sizeof errbuf) : NULL;

    if (server == NULL || !nacre_watch_new(nacre_server_loop(server), nacre_clients_fd(clients), turn, NULL))
        return fprintf(stderr, "%s\n", errbuf), 1;
    fprintf(stderr, "%s\n", nacre_server_address(server, 0)), nacre_server_run(server);
}
