/* A server that prints what it sends and receives: message numbers, lengths, phases, algorithms.
 * The observer sees every message before it is encrypted and after it is decrypted.
 *
 *     watch [ADDR:PORT]...            (user alice, password "open sesame")
 *
 * nacre-echo --trace - prints the fields too. */
#include <nacre/observer.h>
#include <nacre/server.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* These are called in the middle of the library's work, and may only call functions that read. */
static void message(void *peer, enum nacre_direction direction, uint32_t seq, const char *phase,
                    const uint8_t *payload, size_t len)
{
    fprintf(stderr, "%s %3" PRIu32 "  %-13s message %3d, %zu bytes\n",
            direction == NACRE_SENT ? "->" : "<-", seq, phase, payload[0], len);
}

static void negotiated(void *peer, const struct nacre_negotiated *choice)
{
    fprintf(stderr, "   %s, %s, %s\n", choice->kex, choice->host_key,
            choice->cipher_client_to_server);
}

static void phase(void *peer, const char *now)
{
    fprintf(stderr, "   waiting for: %s\n", now);
}

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
    return nacre_channel_write(ch, bytes, len);
}

static void eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

int main(int argc, char **argv)
{
    const struct nacre_observer observer = {
        .message = message, .negotiated = negotiated, .phase = phase};
    const struct nacre_auth_policy auth = {.password = login};
    const struct nacre_channel_app app = {.request = request, .data = data, .eof = eof};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .listen = (const char *const *)argv + 1,
                                               .host_key_file = "host_key",
                                               .auth = &auth,
                                               .session = &app,
                                               .observer = &observer};
    char errbuf[512];
    struct nacre_server *server = nacre_server_new(&config, errbuf, sizeof errbuf);

    fprintf(stderr, "%s\n", server != NULL ? nacre_server_address(server, 0) : errbuf);
    if (server == NULL)
        return 1;
    nacre_server_run(server);
    nacre_server_free(server);
}
