/* A client made with libssh: connected.py has the command line. */
#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAILED = 255, ANSWER = 256 };

/* Not with ssh_get_error: it may have a text of the server's. */
static void check(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "%s failed\n", what);
    exit(FAILED);
}

/* The prompt may be the server's. */
static const char *ask(const char *prompt, bool echo)
{
    static char answer[ANSWER];
    char text[ANSWER];
    size_t n = 0;

    for (; *prompt != 0 && n < sizeof text - 1; prompt++)
        text[n++] = *prompt >= ' ' && *prompt <= '~' ? *prompt : '?';
    text[n] = 0;
    answer[0] = 0;
    check(ssh_getpass(text, answer, sizeof answer, echo, 0) == 0, "asking");
    return answer;
}

static int answer_prompts(ssh_session s)
{
    int result;
    char echo;

    while ((result = ssh_userauth_kbdint(s, NULL, NULL)) == SSH_AUTH_INFO)
        for (int i = 0; i < ssh_userauth_kbdint_getnprompts(s); i++) {
            const char *prompt = ssh_userauth_kbdint_getprompt(s, (unsigned)i, &echo);

            (void)ssh_userauth_kbdint_setanswer(s, (unsigned)i, ask(prompt, echo != 0));
        }
    return result;
}

static int log_in(ssh_session s, const char *intent, const char *key_file)
{
    ssh_key key;
    int result;

    if (strcmp(intent, "password") == 0)
        return ssh_userauth_password(s, NULL, ask("Password: ", false));
    if (strcmp(intent, "keyboard-interactive") == 0)
        return answer_prompts(s);
    check(ssh_pki_import_privkey_file(key_file, NULL, NULL, NULL, &key) == SSH_OK, "the key");
    result = ssh_userauth_publickey(s, NULL, key);
    return result == SSH_AUTH_PARTIAL ? ssh_userauth_password(s, NULL, ask("Password: ", false))
                                      : result;
}

static int start(ssh_channel channel, const char *intent, const char *command)
{
    if (strcmp(intent, "terminal") == 0)
        check(ssh_channel_request_pty(channel) == SSH_OK, "the terminal");
    if (strcmp(intent, "subsystem") == 0)
        return ssh_channel_request_sftp(channel);
    return command == NULL ? ssh_channel_request_shell(channel)
                           : ssh_channel_request_exec(channel, command);
}

/* Standard input to the channel, and its data and extended data to standard output and error. */
static void run(ssh_session s, ssh_channel channel)
{
    ssh_event event = ssh_event_new();
    ssh_connector c[] = {ssh_connector_new(s), ssh_connector_new(s), ssh_connector_new(s)};

    (void)ssh_connector_set_out_channel(c[0], channel, SSH_CONNECTOR_STDINOUT);
    (void)ssh_connector_set_in_channel(c[1], channel, SSH_CONNECTOR_STDINOUT);
    (void)ssh_connector_set_in_channel(c[2], channel, SSH_CONNECTOR_STDERR);
    ssh_connector_set_in_fd(c[0], STDIN_FILENO);
    ssh_connector_set_out_fd(c[1], STDOUT_FILENO);
    ssh_connector_set_out_fd(c[2], STDERR_FILENO);
    for (int i = 0; i < 3; i++)
        (void)ssh_event_add_connector(event, c[i]);
    while (ssh_channel_is_open(channel))
        check(ssh_event_dopoll(event, 60000) != SSH_ERROR, "the connection");
}

int main(int argc, char **argv)
{
    ssh_session s = ssh_new();
    ssh_channel channel;
    int status;

    check(argc >= 7, "the command line");
    (void)ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &(bool){false});
    (void)ssh_options_set(s, SSH_OPTIONS_HOST, argv[1]);
    (void)ssh_options_set(s, SSH_OPTIONS_PORT_STR, argv[2]);
    (void)ssh_options_set(s, SSH_OPTIONS_USER, argv[3]);
    (void)ssh_options_set(s, SSH_OPTIONS_KNOWNHOSTS, argv[4]);
    (void)ssh_options_set(s, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    check(ssh_connect(s) == SSH_OK, "connecting");
    check(ssh_session_is_known_server(s) == SSH_KNOWN_HOSTS_OK, "the check of the host key");
    check(log_in(s, argv[5], argv[6]) == SSH_AUTH_SUCCESS, "the login");
    if (strcmp(argv[5], "remote-forward") == 0)
        check(ssh_channel_listen_forward(s, "127.0.0.1", 7777, NULL) == SSH_OK, "forwarding");
    channel = ssh_channel_new(s);
    check(ssh_channel_open_session(channel) == SSH_OK, "opening a channel");
    check(start(channel, argv[5], argc > 7 ? argv[7] : NULL) == SSH_OK, "starting the command");
    run(s, channel);
    status = ssh_channel_get_exit_status(channel);
    (void)ssh_channel_close(channel);
    ssh_disconnect(s);
    return status < 0 ? FAILED : status;
}
