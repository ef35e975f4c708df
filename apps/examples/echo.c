/* A server on the library's own event loop: every byte comes back. User alice, password "open
 * sesame".
 *
 *     echo ADDR:PORT HOST_KEY_FILE            (the key is made when it is missing) */
#include <nacre/server.h>

#include <stdio.h>
#include <string.h>

static void login(void *peer, struct nacre_decision *decision, const char *user, const char *given)
{
    bool right = nacre_password_is(given, "open sesame");

    nacre_decide(decision, right && strcmp(user, "alice") == 0);
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    return asked->kind == NACRE_REQUEST_SHELL ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t data(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    return nacre_channel_write(ch, bytes, len); /* what it does not take is offered again */
}

static void eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch); /* after all that was written */
}

int main(int argc, char **argv)
{
    const struct nacre_auth_policy auth = {.password = login};
    const struct nacre_channel_app echo = {.request = request, .data = data, .eof = eof};
    struct nacre_server_config config = {.auth = &auth, .session = &echo};
    struct nacre_server *server;
    char problem[256];

    if (argc != 3)
        return 2;
    config.listen = (const char *[]){argv[1], NULL};
    config.host_key_file = argv[2];
    server = nacre_server_new(&config, problem, sizeof problem);
    fprintf(stderr, "%s\n", server != NULL ? nacre_server_address(server, 0) : problem);
    if (server == NULL)
        return 1;
    nacre_server_run(server);
    nacre_server_free(server);
}
