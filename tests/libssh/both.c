/* libssh and libnacre in one program, at the two ends of a connection: first libssh's client with
 * nacre's server, then nacre's client with libssh's server.
 *
 *     both FOLDER            an empty folder, for a host key and a known_hosts file */
#include <nacre/client.h>
#include <nacre/key_file.h>
#include <nacre/server.h>

#include <libssh/libssh.h>
#include <libssh/server.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 30000, CHUNKS = 30, STATUS = 7 };

/* Print where it failed, and end the program. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                          \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static char key_file[4096], known_hosts[4096];
static uint8_t sent[CHUNK];

/* ---- nacre's server ---- */

static void login(void *peer, struct nacre_decision *decision, const char *user, const char *given)
{
    (void)peer;
    nacre_decide(decision, nacre_password_equals(given, "secret") && strcmp(user, "alice") == 0);
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    (void)ch;
    return asked->kind == NACRE_REQUEST_EXEC && strcmp(asked->text, "cat") == 0 ? NACRE_GRANT
                                                                                : NACRE_REFUSE;
}

static size_t echo(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    return nacre_channel_write(ch, bytes, len);
}

static void eof(struct nacre_channel *ch)
{
    nacre_channel_exit_status(ch, STATUS);
    nacre_channel_close(ch);
}

static void *serve(void *server)
{
    nacre_server_run(server);
    return NULL;
}

/* ---- libssh's client ---- */

static ssh_session libssh_connect(const char *address)
{
    unsigned port = (unsigned)atoi(strrchr(address, ':') + 1);
    ssh_session s = ssh_new();
    int no = 0;

    REQUIRE(s != NULL);
    REQUIRE(ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &no) == 0);
    REQUIRE(ssh_options_set(s, SSH_OPTIONS_HOST, "127.0.0.1") == 0);
    REQUIRE(ssh_options_set(s, SSH_OPTIONS_PORT, &port) == 0);
    REQUIRE(ssh_options_set(s, SSH_OPTIONS_USER, "alice") == 0);
    REQUIRE(ssh_connect(s) == SSH_OK);
    return s;
}

static void libssh_checks_host_key(ssh_session s, const struct nacre_key *expected)
{
    char ours[NACRE_FINGERPRINT_MAX], *theirs;
    unsigned char *hash;
    size_t len;
    ssh_key key;

    REQUIRE(ssh_get_server_publickey(s, &key) == SSH_OK);
    REQUIRE(ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == 0);
    theirs = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
    nacre_key_fingerprint(expected, ours);
    REQUIRE(strcmp(ours, theirs) == 0);
    ssh_string_free_char(theirs);
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);
}

static void libssh_has_an_echo(ssh_session s)
{
    ssh_channel ch = ssh_channel_new(s);
    uint8_t got[CHUNK];

    REQUIRE(ssh_channel_open_session(ch) == SSH_OK);
    REQUIRE(ssh_channel_request_exec(ch, "cat") == SSH_OK);
    for (int i = 0; i < CHUNKS; i++) {
        REQUIRE(ssh_channel_write(ch, sent, CHUNK) == CHUNK);
        for (int n = 0, more; n < CHUNK; n += more) {
            more = ssh_channel_read(ch, got + n, (uint32_t)(CHUNK - n), 0);
            REQUIRE(more > 0);
        }
        REQUIRE(memcmp(sent, got, CHUNK) == 0);
    }
    REQUIRE(ssh_channel_send_eof(ch) == SSH_OK);
    REQUIRE(ssh_channel_read(ch, got, CHUNK, 0) == 0);
    REQUIRE(ssh_channel_get_exit_status(ch) == STATUS);
    ssh_channel_free(ch);
}

static void libssh_at_nacre(const struct nacre_key *key)
{
    const struct nacre_key *const keys[] = {key, NULL};
    const struct nacre_auth_policy auth = {.password = login};
    const struct nacre_channel_app app = {.request = request, .data = echo, .eof = eof};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .listen = (const char *[]){"127.0.0.1:0", NULL},
                                               .host_keys = keys,
                                               .auth = &auth,
                                               .session = &app};
    struct nacre_server *server = nacre_server_new(&config, NULL, 0);
    pthread_t thread;
    ssh_session s;

    REQUIRE(server != NULL);
    REQUIRE(pthread_create(&thread, NULL, serve, server) == 0);
    s = libssh_connect(nacre_server_address(server, 0));
    libssh_checks_host_key(s, key);
    REQUIRE(ssh_userauth_password(s, NULL, "wrong") == SSH_AUTH_DENIED);
    REQUIRE(ssh_userauth_password(s, NULL, "secret") == SSH_AUTH_SUCCESS);
    libssh_has_an_echo(s);
    ssh_disconnect(s);
    ssh_free(s);
    nacre_server_stop(server);
    REQUIRE(pthread_join(thread, NULL) == 0);
    nacre_server_free(server);
}

/* ---- libssh's server ---- */

/* The next message of that type; others are refused. */
static ssh_message expect(ssh_session s, int type, int subtype)
{
    for (;;) {
        ssh_message message = ssh_message_get(s);

        REQUIRE(message != NULL);
        if (ssh_message_type(message) == type && ssh_message_subtype(message) == subtype)
            return message;
        REQUIRE(ssh_message_reply_default(message) == SSH_OK);
        ssh_message_free(message);
    }
}

static void *libssh_serve(void *bind)
{
    ssh_session s = ssh_new();
    ssh_message message;
    ssh_channel ch;

    REQUIRE(ssh_bind_accept(bind, s) == SSH_OK);
    REQUIRE(ssh_handle_key_exchange(s) == SSH_OK);
    ssh_set_auth_methods(s, SSH_AUTH_METHOD_PASSWORD);

    message = expect(s, SSH_REQUEST_AUTH, SSH_AUTH_METHOD_PASSWORD);
    REQUIRE(strcmp(ssh_message_auth_user(message), "alice") == 0);
    REQUIRE(strcmp(ssh_message_auth_password(message), "secret") == 0);
    REQUIRE(ssh_message_auth_reply_success(message, 0) == SSH_OK);
    ssh_message_free(message);

    message = expect(s, SSH_REQUEST_CHANNEL_OPEN, SSH_CHANNEL_SESSION);
    ch = ssh_message_channel_request_open_reply_accept(message);
    ssh_message_free(message);
    message = expect(s, SSH_REQUEST_CHANNEL, SSH_CHANNEL_REQUEST_EXEC);
    REQUIRE(strcmp(ssh_message_channel_request_command(message), "pour") == 0);
    REQUIRE(ssh_message_channel_request_reply_success(message) == SSH_OK);
    ssh_message_free(message);

    for (int i = 0; i < CHUNKS; i++)
        REQUIRE(ssh_channel_write(ch, sent, CHUNK) == CHUNK);
    REQUIRE(ssh_channel_request_send_exit_status(ch, STATUS) == SSH_OK);
    REQUIRE(ssh_channel_send_eof(ch) == SSH_OK && ssh_channel_close(ch) == SSH_OK);
    while (ssh_is_connected(s)) /* until nacre's client has disconnected */
        (void)ssh_message_get(s);
    ssh_free(s);
    return NULL;
}

static ssh_bind libssh_listen(unsigned *port)
{
    struct sockaddr_in at = {.sin_port = 0};
    socklen_t len = sizeof at;
    ssh_bind bind = ssh_bind_new();
    unsigned any = 0;
    bool no = false;

    REQUIRE(bind != NULL);
    REQUIRE(ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no) == 0);
    REQUIRE(ssh_bind_options_set(bind, SSH_BIND_OPTIONS_BINDADDR, "127.0.0.1") == 0);
    REQUIRE(ssh_bind_options_set(bind, SSH_BIND_OPTIONS_BINDPORT, &any) == 0);
    REQUIRE(ssh_bind_options_set(bind, SSH_BIND_OPTIONS_HOSTKEY, key_file) == 0);
    REQUIRE(ssh_bind_listen(bind) == SSH_OK);
    REQUIRE(getsockname(ssh_bind_get_fd(bind), (struct sockaddr *)&at, &len) == 0);
    *port = ntohs(at.sin_port);
    return bind;
}

/* ---- nacre's client ---- */

static size_t received;
static uint32_t exit_status;
static enum nacre_cause cause;

static enum nacre_answer opened(struct nacre_channel *ch)
{
    REQUIRE(nacre_channel_exec(ch, "pour") == NACRE_SEND_DONE);
    return NACRE_GRANT;
}

static size_t take(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    (void)ch;
    for (size_t i = 0; i < len; i++)
        REQUIRE(bytes[i] == sent[(received + i) % CHUNK]);
    received += len;
    return len;
}

static enum nacre_answer told(struct nacre_channel *ch, const struct nacre_request *asked)
{
    (void)ch;
    if (asked->kind == NACRE_REQUEST_EXIT_STATUS)
        exit_status = asked->exit_status;
    return NACRE_GRANT;
}

static void closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    REQUIRE(why->cause == NACRE_PEER_CLOSED);
    nacre_client_close(nacre_channel_context(ch), "done");
}

static void ready(struct nacre_client *client)
{
    static const struct nacre_channel_app app = {
        .open = opened, .data = take, .request = told, .closed = closed};

    REQUIRE(
        nacre_session_open_channel(nacre_client_session(client), "session", &app, NULL, NULL, 0));
}

static void ended(struct nacre_client *client, const struct nacre_end *why)
{
    (void)client;
    if (why->cause != NACRE_WE_CLOSED)
        (void)fprintf(stderr, "%s\n", why->text);
    cause = why->cause;
}

static void nacre_at_libssh(const struct nacre_key *key)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = known_hosts};
    const struct nacre_client_config config = {.version = NACRE_VERSION_NUMBER,
                                               .user = "alice",
                                               .password = "secret",
                                               .known_hosts = &hosts,
                                               .ready = ready,
                                               .ended = ended};
    struct nacre_clients *clients = nacre_clients_new(&config, NULL, 0);
    struct nacre_host_key shown = {.host = "127.0.0.1"};
    char address[64];
    pthread_t thread;
    unsigned port;
    ssh_bind bind = libssh_listen(&port);

    REQUIRE(clients != NULL);
    shown.port = (uint16_t)port;
    shown.key = nacre_key_blob(key, &shown.len);
    REQUIRE(nacre_known_hosts_add(&hosts, &shown, true, NULL, 0));
    REQUIRE(pthread_create(&thread, NULL, libssh_serve, bind) == 0);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
    REQUIRE(nacre_client_connect(clients, address, NULL, NULL, 0) != NULL);
    nacre_clients_run(clients);
    REQUIRE(cause == NACRE_WE_CLOSED && received == (size_t)CHUNK * CHUNKS);
    REQUIRE(exit_status == STATUS);
    nacre_clients_free(clients);
    REQUIRE(pthread_join(thread, NULL) == 0);
    ssh_bind_free(bind);
}

int main(int argc, char **argv)
{
    struct nacre_key *key;
    char errbuf[1024] = "usage: both FOLDER";

    (void)snprintf(key_file, sizeof key_file, "%s/host_key", argc == 2 ? argv[1] : ".");
    (void)snprintf(known_hosts, sizeof known_hosts, "%s/known_hosts", argc == 2 ? argv[1] : ".");
    key = argc == 2 ? nacre_key_make(key_file, errbuf, sizeof errbuf) : NULL;
    if (key == NULL) {
        (void)fprintf(stderr, "%s\n", errbuf);
        return 1;
    }
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7 + i / 256);
    REQUIRE(ssh_init() == SSH_OK);
    libssh_at_nacre(key);
    nacre_at_libssh(key);
    REQUIRE(ssh_finalize() == SSH_OK);
    nacre_key_free(key);
    return 0;
}
