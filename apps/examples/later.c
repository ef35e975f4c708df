/* A password check that takes long and answers later, while the event loop serves everybody else.
 * User alice, password "open sesame".      later ADDR:PORT HOST_KEY_FILE */
#include <nacre/server.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct check {
    struct nacre_decision *decision; /* outlives the session, if that ends before */
    char user[64], password[64];
    bool granted;
};

static void work(void *job) /* on the other thread: nothing of nacre's may be touched here */
{
    struct check *check = job;

    sleep(1);
    check->granted =
        strcmp(check->user, "alice") == 0 && nacre_password_is(check->password, "open sesame");
}

static void done(void *job) /* on the loop's thread again */
{
    struct check *check = job;

    nacre_decide(check->decision, check->granted);
    explicit_bzero(check, sizeof *check);
    free(check);
}

static void login(void *peer, struct nacre_decision *decision, const char *user, const char *given)
{
    struct check *check = calloc(1, sizeof *check);

    if (check != NULL && strlen(user) < 64 && strlen(given) < 64) {
        check->decision = decision;
        strcpy(check->user, user);
        strcpy(check->password, given);
        if (nacre_peer_offload(peer, work, done, check))
            return;
    }
    free(check);
    nacre_decide(decision, false);
}

int main(int argc, char **argv)
{
    const struct nacre_auth_policy auth = {.password = login};
    const struct nacre_server_config config = {.listen = (const char *[]){argv[1], NULL},
                                               .host_key_file = argc > 2 ? argv[2] : "host_key",
                                               .auth = &auth};
    struct nacre_server *server = nacre_server_new(&config, NULL, 0);

    if (server != NULL && fprintf(stderr, "%s\n", nacre_server_address(server, 0)) > 0)
        nacre_server_run(server);
    nacre_server_free(server);
}
