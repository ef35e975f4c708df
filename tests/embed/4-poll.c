/* Many connections in a plain poll loop, beside a line from standard input. 4-poll PORT (password
 * "secret") */
#include <nacre/server.h>
#include <poll.h>
#include <stdio.h>

static void password(void *peer, struct nacre_decision *d, const char *user, const char *given)
{
    (void)peer, (void)user;
    nacre_decide(d, nacre_password_equals(given, "secret"));
}
static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *r)
{
    (void)ch;
    return r->kind == NACRE_REQUEST_SHELL || r->kind == NACRE_REQUEST_EXEC ? NACRE_GRANT : NACRE_REFUSE;
}
static size_t data(struct nacre_channel *ch, const uint8_t *bytes, size_t len) { return nacre_channel_write(ch, bytes, len); }
static void eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}
int main(int argc, char **argv)
{
    char address[64], errbuf[256];
    const char *const listen[] = {address, NULL};
    const struct nacre_auth_policy auth = {.password = password};
    const struct nacre_channel_app app = {.request = request, .data = data, .eof = eof};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER, .listen = listen, .host_key_file = "host_key", .auth = &auth, .session = &app};
    struct nacre_server *server;

    snprintf(address, sizeof address, "127.0.0.1:%s", argc > 1 ? argv[1] : "0");
    if ((server = nacre_server_new(&config, errbuf, sizeof errbuf)) == NULL)
        return fprintf(stderr, "%s\n", errbuf), 1;
    fprintf(stderr, "%s\n", nacre_server_address(server, 0));
    for (bool more = true; more;) {
        struct pollfd fds[] = {{nacre_server_fd(server), POLLIN, 0}, {0, POLLIN, 0}};

        poll(fds, 2, -1);
        if (fds[1].revents != 0 && getchar() == EOF)
            nacre_server_stop(server);
        if (fds[0].revents != 0)
            more = nacre_server_run_once(server, 0);
    }
    nacre_server_free(server);
}
