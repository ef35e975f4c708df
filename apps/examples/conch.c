/* "Twisted Conch in 60 Seconds", callback for callback, with its id_rsa and ssh-passwords. */
#include <nacre/repr.h>
#include <nacre/server.h>

#include <stdio.h>

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    bool wanted = asked->kind == NACRE_REQUEST_PTY || asked->kind == NACRE_REQUEST_SHELL;

    return wanted ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t data_received(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    char line[NACRE_REPR_MAX(8000) + 16] = "echo: "; /* it fits into one message */
    size_t taken = len < 8000 ? len : 8000, n = 6 + nacre_repr(line + 6, bytes, taken);

    n += (size_t)sprintf(line + n, "\r\n");
    if (nacre_channel_space(ch) < n)
        return nacre_channel_await_space(ch), 0;
    return nacre_channel_write(ch, line, n), taken;
}

static void eof_received(struct nacre_channel *ch)
{
    puts("eofReceived");
}

static void close_received(struct nacre_channel *ch)
{
    puts("closeReceived");
}

static void closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    puts("closed");
}

int main(int argc, char **argv)
{
    struct nacre_channel_app app = {.request = request, .data = data_received, .closed = closed};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .listen = (const char *const *)argv + 1,
                                               .host_key_file = "id_rsa",
                                               .password_file = "ssh-passwords",
                                               .session = &app};
    char errbuf[256];
    struct nacre_server *server = nacre_server_new(&config, errbuf, sizeof errbuf);

    app.eof = eof_received, app.close = close_received; /* the server has borrowed it */
    if (server == NULL)
        return puts(errbuf), 1;
    nacre_server_run(server);
}
