/* A client made with libssh: connected.py has the command line. */
#include <libssh/libssh.h>

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAILED = 255, ANSWER = 256, CHUNK = 32768 };

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

/* What there is of one stream. False: nothing. */
static bool forward(ssh_channel channel, bool errors)
{
    char block[CHUNK];
    int n = ssh_channel_read_nonblocking(channel, block, sizeof block, errors);

    for (int done = 0, wrote; done < n; done += wrote) {
        wrote =
            (int)write(errors ? STDERR_FILENO : STDOUT_FILENO, block + done, (size_t)(n - done));
        check(wrote > 0, "writing");
    }
    return n > 0;
}

/* As much of the standard input as the window allows. False: it has ended. */
static bool feed(ssh_channel channel)
{
    char block[CHUNK];
    uint32_t window = ssh_channel_window_size(channel);
    ssize_t n = read(STDIN_FILENO, block, window < CHUNK ? window : CHUNK);

    if (n <= 0)
        (void)ssh_channel_send_eof(channel);
    else
        check(ssh_channel_write(channel, block, (uint32_t)n) == n, "sending");
    return n > 0;
}

/* Until CLOSE has come. libssh leaves it to its user to answer that. */
static void run(ssh_session s, ssh_channel channel)
{
    struct pollfd polled[] = {{.fd = ssh_get_fd(s)}, {.events = POLLIN}};
    bool input = true;

    for (;;) {
        bool more = forward(channel, false);

        more = forward(channel, true) || more;
        if (!more && !ssh_channel_is_open(channel))
            break;
        check(ssh_is_connected(s) != 0, "the connection");
        polled[0].events =
            (short)(POLLIN | (ssh_get_poll_flags(s) & SSH_WRITE_PENDING ? POLLOUT : 0));
        polled[1].fd = input && ssh_channel_window_size(channel) > 0 ? STDIN_FILENO : -1;
        (void)poll(polled, 2, more ? 0 : 60000);
        if (polled[1].fd >= 0 && polled[1].revents != 0)
            input = feed(channel);
    }
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
    if (strcmp(argv[5], "rekey") == 0)
        (void)ssh_options_set(s, SSH_OPTIONS_REKEY_DATA, &(uint64_t){16384});
    check(ssh_connect(s) == SSH_OK, "connecting");
    check(ssh_session_is_known_server(s) == SSH_KNOWN_HOSTS_OK, "the check of the host key");
    check(log_in(s, argv[5], argv[6]) == SSH_AUTH_SUCCESS, "the login");
    if (strcmp(argv[5], "remote-forward") == 0)
        check(ssh_channel_listen_forward(s, "127.0.0.1", 7777, NULL) == SSH_OK, "forwarding");
    channel = ssh_channel_new(s);
    check(ssh_channel_open_session(channel) == SSH_OK, "opening a channel");
    status = start(channel, argv[5], argc > 7 ? argv[7] : NULL);
    if (status == SSH_OK) {
        run(s, channel);
        status = ssh_channel_get_exit_status(channel);
    }
    (void)ssh_channel_close(channel);
    ssh_disconnect(s);
    return status < 0 ? FAILED : status;
}
