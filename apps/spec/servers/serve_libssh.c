/* A server made with libssh: serve_libssh FOLDER [PORT], see served.py. It has the commands cat,
 * "produce N", discard and "exit N" itself. A connection is a process. */
#include <libssh/callbacks.h>
#include <libssh/server.h>

#include <arpa/inet.h>
#include <glob.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHANNELS_MAX = 1200, CHUNK = 32768 };

/* A session channel, and what runs on it. */
struct served {
    ssh_channel channel;
    struct ssh_channel_callbacks_struct calls;
    enum { NOTHING, CAT, PRODUCE, DISCARD } command;
    size_t left; /* of PRODUCE */
    bool running, eof;
};

static struct served channels[CHANNELS_MAX];
static size_t channel_count;
static ssh_key allowed;
static char password[256];

static int on_key(ssh_session session, const char *user, struct ssh_key_struct *key, char state,
                  void *none)
{
    bool good = ssh_key_cmp(key, allowed, SSH_KEY_CMP_PUBLIC) == 0;

    (void)session, (void)user, (void)none;
    return good && (state == SSH_PUBLICKEY_STATE_NONE || state == SSH_PUBLICKEY_STATE_VALID)
               ? SSH_AUTH_SUCCESS
               : SSH_AUTH_DENIED;
}

static int on_password(ssh_session session, const char *user, const char *given, void *none)
{
    (void)session, (void)user, (void)none;
    return strcmp(given, password) == 0 ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

static void finish(struct served *s, int status)
{
    s->running = false;
    (void)ssh_channel_send_eof(s->channel);
    (void)ssh_channel_request_send_exit_status(s->channel, status);
    (void)ssh_channel_close(s->channel);
}

static int on_exec(ssh_session session, ssh_channel channel, const char *command, void *data)
{
    struct served *s = data;

    (void)session, (void)channel;
    if (s->running)
        return SSH_ERROR;
    s->running = true;
    if (strncmp(command, "produce ", 8) == 0) {
        s->command = PRODUCE;
        s->left = strtoul(command + 8, NULL, 10);
    } else {
        s->command = strcmp(command, "cat") == 0       ? CAT
                     : strcmp(command, "discard") == 0 ? DISCARD
                                                       : NOTHING;
        s->left = strncmp(command, "exit ", 5) == 0 ? strtoul(command + 5, NULL, 10) : 127;
    }
    return SSH_OK;
}

static int on_shell(ssh_session session, ssh_channel channel, void *data)
{
    return on_exec(session, channel, "cat", data);
}

static int on_pty(ssh_session session, ssh_channel channel, const char *term, int x, int y, int px,
                  int py, void *data)
{
    (void)session, (void)channel, (void)term, (void)x, (void)y, (void)px, (void)py, (void)data;
    return SSH_OK;
}

static void on_eof(ssh_session session, ssh_channel channel, void *data)
{
    (void)session, (void)channel;
    ((struct served *)data)->eof = true;
}

/* libssh leaves it to its user to answer CLOSE. */
static void on_close(ssh_session session, ssh_channel channel, void *data)
{
    (void)session;
    ((struct served *)data)->running = false;
    (void)ssh_channel_close(channel);
}

static ssh_channel on_session(ssh_session session, void *none)
{
    struct served *s = &channels[channel_count];

    (void)none;
    if (channel_count == CHANNELS_MAX)
        return NULL;
    channel_count++;
    s->channel = ssh_channel_new(session);
    s->calls.userdata = s;
    s->calls.channel_exec_request_function = on_exec;
    s->calls.channel_shell_request_function = on_shell;
    s->calls.channel_pty_request_function = on_pty;
    s->calls.channel_eof_function = on_eof;
    s->calls.channel_close_function = on_close;
    ssh_callbacks_init(&s->calls);
    (void)ssh_set_channel_callbacks(s->channel, &s->calls);
    return s->channel;
}

/* Move what the windows allow. */
static void pump(struct served *s)
{
    static char bytes[CHUNK];
    size_t window = ssh_channel_window_size(s->channel), most = window < CHUNK ? window : CHUNK;
    int n = 0;

    if (s->command == NOTHING) {
        finish(s, (int)s->left);
    } else if (s->command == PRODUCE) {
        memset(bytes, 0, sizeof bytes);
        n = ssh_channel_write(s->channel, bytes, (uint32_t)(s->left < most ? s->left : most));
        s->left -= n > 0 ? (size_t)n : 0;
        if (s->left == 0)
            finish(s, 0);
    } else if (s->command == DISCARD || most > 0) {
        n = ssh_channel_read_nonblocking(s->channel, bytes, s->command == CAT ? (uint32_t)most : CHUNK, 0);
        if (n > 0 && s->command == CAT)
            (void)ssh_channel_write(s->channel, bytes, (uint32_t)n);
        if (n <= 0 && s->eof)
            finish(s, 0);
    }
}

static void serve(ssh_session session)
{
    struct ssh_server_callbacks_struct calls = {
        .auth_pubkey_function = on_key,
        .auth_password_function = on_password,
        .channel_open_request_session_function = on_session,
    };
    ssh_event event = ssh_event_new();

    ssh_callbacks_init(&calls);
    (void)ssh_set_server_callbacks(session, &calls);
    ssh_set_auth_methods(session, SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_PASSWORD);
    if (ssh_handle_key_exchange(session) != SSH_OK || ssh_event_add_session(event, session) != SSH_OK)
        return;
    while ((ssh_get_status(session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) == 0 &&
           ssh_event_dopoll(event, 20) != SSH_ERROR)
        for (size_t i = 0; i < channel_count; i++)
            if (channels[i].running)
                pump(&channels[i]);
    ssh_disconnect(session);
}

static void read_folder(ssh_bind server, const char *folder)
{
    char path[4096];
    FILE *in;
    glob_t found;

    (void)snprintf(path, sizeof path, "%s/host*[!b]", folder); /* not .pub */
    if (glob(path, 0, NULL, &found) != 0)
        exit(1);
    for (size_t i = 0; i < found.gl_pathc; i++)
        (void)ssh_bind_options_set(server, SSH_BIND_OPTIONS_HOSTKEY, found.gl_pathv[i]);
    (void)snprintf(path, sizeof path, "%s/key.pub", folder);
    if (ssh_pki_import_pubkey_file(path, &allowed) != SSH_OK)
        exit(1);
    (void)snprintf(path, sizeof path, "%s/password", folder);
    in = fopen(path, "re");
    if (in == NULL || fgets(password, sizeof password, in) == NULL)
        exit(1);
    password[strcspn(password, "\n")] = 0;
    (void)fclose(in);
}

int main(int argc, char **argv)
{
    ssh_bind server = ssh_bind_new();
    struct sockaddr_in address;
    socklen_t len = sizeof address;

    if (argc < 2)
        return 2;
    (void)signal(SIGCHLD, SIG_IGN);
    read_folder(server, argv[1]);
    (void)ssh_bind_options_set(server, SSH_BIND_OPTIONS_BINDADDR, "127.0.0.1");
    (void)ssh_bind_options_set(server, SSH_BIND_OPTIONS_BINDPORT_STR, argc > 2 ? argv[2] : "0");
    if (ssh_bind_listen(server) != SSH_OK) {
        (void)fprintf(stderr, "serve_libssh: %s\n", ssh_get_error(server));
        return 1;
    }
    (void)getsockname(ssh_bind_get_fd(server), (struct sockaddr *)&address, &len);
    (void)printf("%u\n", (unsigned)ntohs(address.sin_port));
    (void)fflush(stdout);
    for (;;) {
        ssh_session session = ssh_new();

        if (ssh_bind_accept(server, session) != SSH_OK)
            continue;
        if (fork() == 0) {
            (void)close(ssh_bind_get_fd(server));
            serve(session);
            _exit(0);
        }
        close(ssh_get_fd(session));
        ssh_free(session);
    }
}
