/* A server on the library's event loop that sends every byte back.
 *
 *     echo [ADDR:PORT]...            (user alice, password "open sesame") */
#include <nacre/server.h>

#include <stdio.h>
#include <string.h>

static void login(void *peer, struct nacre_decision *decision, const char *user, const char *given)
{
    bool right = nacre_password_equals(given, "open sesame");

    nacre_decide(decision, right && strcmp(user, "alice") == 0);
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    return asked->kind == NACRE_REQUEST_SHELL ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t data(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    return nacre_channel_write(ch, bytes, len); /* the library offers the rest again */
}

static void eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch); /* after everything that was written */
}

int main(int argc, char **argv)
{
    const struct nacre_auth_policy auth = {.password = login};
    const struct nacre_channel_app app = {.request = request, .data = data, .eof = eof};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .listen = (const char *const *)argv + 1,
                                               .host_key_file = "host_key", /* created if missing */
                                               .auth = &auth,
                                               .session = &app};
    char errbuf[512];
    struct nacre_server *server = nacre_server_new(&config, errbuf, sizeof errbuf);

    fprintf(stderr, "%s\n", server != NULL ? nacre_server_address(server, 0) : errbuf);
    if (server == NULL)
        return 1;
    nacre_server_run(server); /* until nacre_server_stop, for example from a signal handler */
    nacre_server_free(server);
}
