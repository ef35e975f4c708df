/* A client: client USER WORD... sends a line to the server of the first step, and prints what comes back. */
#include <nacre/client.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char line[1000];
static int status = 1;

static void ask(struct nacre_client *client, const struct nacre_ask *question) {
    const char *answer = question->count == 1 ? getpass(question->prompts[0].text) : NULL;

    nacre_session_respond(nacre_client_session(client), &answer, answer != NULL ? 1 : 0);
}

static enum nacre_answer begin(struct nacre_channel *ch) {
    bool fits = nacre_channel_set_buffer(ch, sizeof line);

    if (!fits || nacre_channel_shell(ch) != NACRE_SEND_DONE)
        nacre_channel_close(ch);
    return NACRE_GRANT;
}

static void replied(struct nacre_channel *ch, bool granted) {
    if (granted && nacre_channel_write_all(ch, line, strlen(line)) == NACRE_SEND_DONE)
        nacre_channel_eof(ch);
    else
        nacre_channel_close(ch);
}

static size_t data(struct nacre_channel *ch, const uint8_t *bytes, size_t len) {
    status = 0;
    return fwrite(bytes, 1, len, stdout);
}

static void closed(struct nacre_channel *ch, const struct nacre_end *why) { nacre_client_close(nacre_channel_context(ch), "done"); }

static void ready(struct nacre_client *client) {
    static const struct nacre_channel_app app = {.open = begin, .replied = replied, .data = data, .closed = closed};

    nacre_session_open_channel(nacre_client_session(client), "session", &app, NULL, NULL, 0);
}

static void ended(struct nacre_client *client, const struct nacre_end *why) {
    if (why->cause != NACRE_WE_CLOSED)
        fprintf(stderr, "%s\n", why->text);
}

int main(int argc, char **argv) {
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = "known_hosts"};
    const struct nacre_client_config config = {.version = NACRE_VERSION_NUMBER,
                                               .user = argc > 1 ? argv[1] : "",
                                               .ask = ask,
                                               .known_hosts = &hosts,
                                               .ready = ready,
                                               .ended = ended};
    char problem[512] = "usage: client USER WORD...";
    struct nacre_clients *clients = argc > 2 ? nacre_clients_new(&config, problem, sizeof problem) : NULL;

    for (int i = 2; i < argc; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", argv[i], i + 1 < argc ? " " : "\n");
    if (clients == NULL || nacre_client_connect(clients, "localhost:2022", NULL, problem, sizeof problem) == NULL)
        return fprintf(stderr, "%s\n", problem), 1;
    nacre_clients_run(clients);
    nacre_clients_free(clients);
    return status;
}
