/* A password check that takes long and answers later; the event loop serves others meanwhile.
 *     later [ADDR:PORT]            (user alice, password "open sesame") */
#include <nacre/server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct check {
    struct nacre_decision *decision; /* valid even if the session ends first */
    char user[64], given[64];
    bool granted;
};

static void work(void *job) /* on another thread: it uses no server, peer or session */
{
    struct check *c = job;

    sleep(1); /* a database, a slow hash... */
    c->granted = nacre_password_equals(c->given, "open sesame") && strcmp(c->user, "alice") == 0;
}

static void done(void *job) /* on the loop's thread again */
{
    struct check *c = job;

    nacre_decide(c->decision, c->granted);
    explicit_bzero(c, sizeof *c);
    free(c);
}

static void login(void *peer, struct nacre_decision *decision, const char *user, const char *given)
{
    struct check *c = calloc(1, sizeof *c);

    if (c == NULL) {
        nacre_decide(decision, false);
        return;
    }
    c->decision = decision;
    snprintf(c->user, sizeof c->user, "%s", user); /* user and given are borrowed */
    snprintf(c->given, sizeof c->given, "%s", given);
    if (!nacre_peer_offload(peer, work, done, c))
        done(c); /* too many checks are waiting: refuse */
}

int main(int argc, char **argv)
{
    const struct nacre_auth_policy auth = {.password = login};
    const char *const listen[] = {argv[1], NULL};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .listen = listen,
                                               .host_key_file = "host_key",
                                               .auth = &auth};
    char errbuf[512];
    struct nacre_server *server = nacre_server_new(&config, errbuf, sizeof errbuf);

    fprintf(stderr, "%s\n", server != NULL ? nacre_server_address(server, 0) : errbuf);
    if (server == NULL)
        return 1;
    nacre_server_run(server); /* for ever: nothing calls nacre_server_stop */
}
