/* An ordinary protocol, written for TCP, unchanged on SSH channels.
 *
 *     protocol [ADDR:PORT]...            (user alice, password "open sesame") */
#include <nacre/server.h>
#include <nacre/stream.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The protocol, as inetd or a thread for each connection runs it: all it knows is a socket. */
static void *serve(void *socket)
{
    FILE *in = fdopen((int)(intptr_t)socket, "r");
    char line[500];

    while (in != NULL && dprintf(fileno(in), "> ") > 0 && fgets(line, sizeof line, in) != NULL)
        dprintf(fileno(in), "%zu bytes\r\n", strcspn(line, "\r\n"));
    if (in != NULL)
        fclose(in);
    return NULL;
}

static void drained(struct nacre_channel *ch) /* the protocol has closed its socket */
{
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    struct nacre_loop *loop = nacre_peer_loop(nacre_channel_context(ch));
    pthread_t thread;
    int s[2];

    if (asked->kind != NACRE_REQUEST_SHELL || socketpair(AF_UNIX, SOCK_STREAM, 0, s) != 0)
        return NACRE_REFUSE;
    if (nacre_stream_join(ch, loop, &(struct nacre_stream_config){s[0], -1, s[0], drained, 0}) &&
        pthread_create(&thread, NULL, serve, (void *)(intptr_t)s[1]) == 0)
        return pthread_detach(thread) == 0 ? NACRE_GRANT : NACRE_REFUSE;
    close(s[1]);
    return NACRE_REFUSE;
}

static void login(void *peer, struct nacre_decision *decision, const char *user, const char *given)
{
    nacre_decide(decision,
                 strcmp(user, "alice") == 0 && nacre_password_equals(given, "open sesame"));
}

int main(int argc, char **argv)
{
    const struct nacre_auth_policy auth = {.password = login};
    const struct nacre_channel_app app = {.request = request};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .listen = (const char *const *)argv + 1,
                                               .host_key_file = "host_key",
                                               .auth = &auth,
                                               .session = &app};
    char errbuf[512];
    struct nacre_server *server = nacre_server_new(&config, errbuf, sizeof errbuf);

    fprintf(stderr, "%s\n", server != NULL ? nacre_server_address(server, 0) : errbuf);
    if (server != NULL)
        nacre_server_run(server);
    return server == NULL;
}
