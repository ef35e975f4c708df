/* A protocol of your own: a line of numbers comes in, their sum goes out. */
#include <nacre/server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct adder {
    char line[256]; /* what has come of the current line */
    size_t len;
};

/* False: there is no space for the answer now. */
static bool answer(struct nacre_channel *ch, const char *line) {
    double sum = 0, number;
    const char *at = line;
    char text[64];

    for (char *end; number = strtod(at, &end), end != at; at = end)
        sum += number;
    snprintf(text, sizeof text, *at == '\0' ? "%.15g\n" : "these are not numbers\n", sum);
    return nacre_channel_write_all(ch, text, strlen(text)) == NACRE_SEND_DONE;
}

static enum nacre_answer begin(struct nacre_channel *ch) {
    struct adder *adder = calloc(1, sizeof *adder);

    nacre_channel_set_app_data(ch, adder);
    return adder != NULL && nacre_channel_set_buffer(ch, 4096) ? NACRE_GRANT : NACRE_REFUSE;
}

static void finish(struct nacre_channel *ch) {
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked) {
    if (asked->kind == NACRE_REQUEST_EXEC && answer(ch, asked->text)) {
        finish(ch);
        return NACRE_GRANT;
    }
    return asked->kind == NACRE_REQUEST_SHELL ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t data(struct nacre_channel *ch, const uint8_t *bytes, size_t len) {
    struct adder *adder = nacre_channel_app_data(ch);

    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\n') {
            adder->line[adder->len] = (char)bytes[i];
            if (adder->len < sizeof adder->line - 1)
                adder->len++;
            continue;
        }
        adder->line[adder->len] = '\0';
        if (!answer(ch, adder->len < sizeof adder->line - 1 ? adder->line : "too long"))
            return i;
        adder->len = 0;
    }
    return len;
}

static void closed(struct nacre_channel *ch, const struct nacre_end *why) { free(nacre_channel_app_data(ch)); }

int main(void) {
    const struct nacre_channel_app app = {.open = begin, .request = request, .data = data, .eof = finish, .closed = closed};
    const struct nacre_server_config config = {
        .version = NACRE_VERSION_NUMBER, .host_key_file = "host_key", .password_file = "users", .session = &app};
    char problem[512];
    struct nacre_server *server = nacre_server_new(&config, problem, sizeof problem);

    if (server == NULL)
        return puts(problem), 1;
    nacre_server_run(server);
}
