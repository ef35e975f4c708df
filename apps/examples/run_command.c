/* A client: runs a command with a key of the ssh-agent. run_command HOST:PORT USER COMMAND */
#include <nacre/agent.h>
#include <nacre/client.h>
#include <stdio.h>

static int status = 255; /* until the server sends another */

/* Without space now, `writable` follows and calls it again. */
static void ask(struct nacre_channel *ch)
{
    const char *command = nacre_client_context(nacre_channel_context(ch));
    enum nacre_sending sending = nacre_channel_exec(ch, command);

    if (sending == NACRE_SEND_DONE) {
        nacre_channel_eof(ch); /* the command gets no input */
    } else if (sending == NACRE_SEND_NEVER) {
        fprintf(stderr, "a command has at most %d bytes\n", NACRE_COMMAND_MAX);
        nacre_channel_close(ch);
    }
}

static enum nacre_answer begin(struct nacre_channel *ch)
{
    ask(ch);
    return NACRE_GRANT;
}

static void replied(struct nacre_channel *ch, bool granted)
{
    if (!granted) {
        fprintf(stderr, "the server refused the command\n");
        nacre_channel_close(ch);
    }
}

static size_t data(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    return fwrite(bytes, 1, len, stdout);
}

static size_t errors(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    return fwrite(bytes, 1, len, stderr);
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    status = asked->kind == NACRE_REQUEST_EXIT_STATUS ? (int)asked->exit_status : status;
    return NACRE_GRANT;
}

static void closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    nacre_client_close(nacre_channel_context(ch), "the command has ended");
}

static void ready(struct nacre_client *client)
{
    static const struct nacre_channel_app app = {begin,   data,    errors,          ask,
                                                 request, replied, .closed = closed};

    nacre_session_open_channel(nacre_client_session(client), "session", &app, NULL, NULL, 0);
}

static void ended(struct nacre_client *client, const struct nacre_end *why)
{
    if (why->cause != NACRE_WE_CLOSED) /* a changed host key, a key that may not log in... */
        fprintf(stderr, "%s\n", why->text);
}

int main(int argc, char **argv)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = "known_hosts"};
    struct nacre_client_config config = {
        .version = NACRE_VERSION_NUMBER, .known_hosts = &hosts, .ready = ready, .ended = ended};
    char errbuf[512] = "usage: run_command HOST:PORT USER COMMAND";
    struct nacre_agent *agent = argc == 4 ? nacre_agent_open(NULL, errbuf, sizeof errbuf) : NULL;
    struct nacre_clients *clients;

    config.user = agent ? argv[2] : NULL;
    config.keys = nacre_agent_keys(agent, &config.key_count);
    clients = agent ? nacre_clients_new(&config, errbuf, sizeof errbuf) : NULL;
    if (clients && nacre_client_connect(clients, argv[1], argv[3], errbuf, sizeof errbuf))
        nacre_clients_run(clients);
    else
        fprintf(stderr, "%s\n", errbuf);
    return status;
}
