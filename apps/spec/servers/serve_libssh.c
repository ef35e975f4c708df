/* A server made with libssh: serve_libssh FOLDER [PORT]. What its channels do is in
 * libssh_session.c. */
#include "apps/spec/servers/libssh_session.h"
#include "apps/spec/servers/served.h"

#include <libssh/callbacks.h>
#include <libssh/server.h>

#include <string.h>

static ssh_bind settings;
static ssh_key allowed;
static const char *password;

static int on_key(ssh_session session, const char *user, ssh_key key, char state, void *none)
{
    if (state == SSH_PUBLICKEY_STATE_WRONG || state == SSH_PUBLICKEY_STATE_ERROR)
        return SSH_AUTH_DENIED;
    return ssh_key_cmp(key, allowed, SSH_KEY_CMP_PUBLIC) == 0 ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

static int on_password(ssh_session session, const char *user, const char *given, void *none)
{
    return strcmp(given, password) == 0 ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

static void serve(int connection)
{
    ssh_session session = ssh_new();
    ssh_event event = ssh_event_new();
    struct ssh_server_callbacks_struct calls = {
        .size = sizeof calls,
        .auth_pubkey_function = on_key,
        .auth_password_function = on_password,
        .channel_open_request_session_function = open_session,
    };

    (void)ssh_bind_accept_fd(settings, session, connection);
    (void)ssh_set_server_callbacks(session, &calls);
    ssh_set_auth_methods(session, SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_PASSWORD);
    if (ssh_handle_key_exchange(session) != SSH_OK ||
        ssh_event_add_session(event, session) != SSH_OK)
        return;
    while ((ssh_get_status(session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) == 0 &&
           ssh_event_dopoll(event, 20) != SSH_ERROR)
        pump_sessions();
    ssh_disconnect(session);
}

int main(int argc, char **argv)
{
    settings = ssh_bind_new();
    enter_folder(argv[1]);
    for (char **file = host_keys(); *file != NULL; file++)
        (void)ssh_bind_options_set(settings, SSH_BIND_OPTIONS_HOSTKEY, *file);
    password = read_password();
    if (ssh_pki_import_pubkey_file("key.pub", &allowed) == SSH_OK)
        serve_each(argc > 2 ? argv[2] : "0", serve);
    return 1;
}
