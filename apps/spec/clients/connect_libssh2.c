/* A client made with libssh2: connected.py has the command line. */
#include <libssh2.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FAILED = 255, CHUNK = 32768 };

/* Not with libssh2_session_last_error: it may have a text of the server's. */
static void check(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "%s failed\n", what);
    exit(FAILED);
}

/* The prompt may be the server's. */
static char *ask(const char *prompt, size_t len)
{
    char answer[256];

    for (size_t i = 0; i < len; i++)
        (void)putchar(prompt[i] >= ' ' && prompt[i] <= '~' ? prompt[i] : '?');
    (void)fflush(stdout);
    check(fgets(answer, sizeof answer, stdin) != NULL, "asking");
    answer[strcspn(answer, "\n")] = 0;
    return strdup(answer); /* freed by libssh2, or at the end */
}

static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC(answer_prompts)
{
    (void)name, (void)name_len, (void)instruction, (void)instruction_len, (void)abstract;
    for (int i = 0; i < num_prompts; i++) {
        responses[i].text = ask((const char *)prompts[i].text, prompts[i].length);
        responses[i].length = (unsigned)strlen(responses[i].text);
    }
}

static int connect_to(const char *host, const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    check(inet_pton(AF_INET, host, &a.sin_addr) == 1 &&
              connect(fd, (struct sockaddr *)&a, sizeof a) == 0,
          "connecting");
    return fd;
}

/* The host key must be in the file. Its type there is not looked at. */
static bool is_known(LIBSSH2_SESSION *s, const char *host, const char *port, const char *file)
{
    LIBSSH2_KNOWNHOSTS *known = libssh2_knownhost_init(s);
    size_t len;
    int type;
    const char *key = libssh2_session_hostkey(s, &len, &type);

    return key != NULL &&
           libssh2_knownhost_readfile(known, file, LIBSSH2_KNOWNHOST_FILE_OPENSSH) > 0 &&
           libssh2_knownhost_checkp(known, host, atoi(port), key, len,
                                    LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW,
                                    NULL) == LIBSSH2_KNOWNHOST_CHECK_MATCH;
}

static int log_in(LIBSSH2_SESSION *s, const char *user, const char *intent, const char *key)
{
    if (strcmp(intent, "password") == 0)
        return libssh2_userauth_password(s, user, ask("Password: ", 10));
    if (strcmp(intent, "keyboard-interactive") == 0)
        return libssh2_userauth_keyboard_interactive(s, user, answer_prompts);
    if (libssh2_userauth_publickey_fromfile(s, user, NULL, key, NULL) == 0 &&
        libssh2_userauth_authenticated(s))
        return 0;
    return strcmp(intent, "terminal") == 0
               ? libssh2_userauth_password(s, user, ask("Password: ", 10))
               : -1;
}

static void start(LIBSSH2_CHANNEL *channel, const char *intent, const char *command)
{
    const char *kind = strcmp(intent, "subsystem") == 0 ? "subsystem"
                       : command == NULL                ? "shell"
                                                        : "exec";

    if (strcmp(intent, "terminal") == 0)
        check(libssh2_channel_request_pty(channel, "xterm") == 0, "the terminal");
    check(libssh2_channel_process_startup(channel, kind, (unsigned)strlen(kind), command,
                                          command == NULL ? 0 : (unsigned)strlen(command)) == 0,
          "starting the command");
}

/* What there is of one stream. False: nothing. */
static bool forward(LIBSSH2_CHANNEL *channel, int stream, int fd)
{
    char block[CHUNK];
    ssize_t n = libssh2_channel_read_ex(channel, stream, block, sizeof block);

    check(n >= 0 || n == LIBSSH2_ERROR_EAGAIN, "reading");
    for (ssize_t done = 0, wrote; done < n; done += wrote) {
        wrote = write(fd, block + done, (size_t)(n - done));
        check(wrote > 0, "writing");
    }
    return n > 0;
}

struct input {
    char block[CHUNK];
    size_t sent, len;
    bool ended;
};

/* False: the window is closed, or there is nothing to send. */
static bool feed(LIBSSH2_CHANNEL *channel, struct input *in, bool readable)
{
    ssize_t n;

    if (in->sent == in->len && readable) {
        n = read(STDIN_FILENO, in->block, sizeof in->block);
        in->sent = 0;
        in->len = n > 0 ? (size_t)n : 0;
        in->ended = n <= 0;
        if (in->ended)
            (void)libssh2_channel_send_eof(channel);
    }
    n = in->sent < in->len
            ? libssh2_channel_write(channel, in->block + in->sent, in->len - in->sent)
            : 0;
    in->sent += n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* Until EOF and CLOSE have come. */
static void run(LIBSSH2_SESSION *s, LIBSSH2_CHANNEL *channel, int fd)
{
    static struct input in;
    struct pollfd polled[] = {{.fd = fd, .events = POLLIN}, {.events = POLLIN}};

    libssh2_session_set_blocking(s, 0);
    for (;;) {
        bool more = forward(channel, 0, STDOUT_FILENO);

        more = forward(channel, SSH_EXTENDED_DATA_STDERR, STDERR_FILENO) || more;
        if (!more && libssh2_channel_eof(channel) &&
            libssh2_channel_wait_closed(channel) != LIBSSH2_ERROR_EAGAIN)
            break;
        more = feed(channel, &in, polled[1].revents != 0) || more;
        polled[0].events = POLLIN;
        if ((libssh2_session_block_directions(s) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0)
            polled[0].events |= POLLOUT;
        polled[1].fd = in.ended || in.sent < in.len ? -1 : STDIN_FILENO;
        polled[1].revents = 0;
        (void)poll(polled, 2, more ? 0 : 60000);
    }
    libssh2_session_set_blocking(s, 1);
}

int main(int argc, char **argv)
{
    LIBSSH2_SESSION *s;
    LIBSSH2_CHANNEL *channel;
    int fd, status;
    char *signal = NULL;

    check(argc >= 7 && libssh2_init(0) == 0, "the command line");
    fd = connect_to(argv[1], argv[2]);
    s = libssh2_session_init();
    check(libssh2_session_handshake(s, fd) == 0, "the key exchange");
    check(is_known(s, argv[1], argv[2], argv[4]), "the check of the host key");
    check(log_in(s, argv[3], argv[5], argv[6]) == 0, "the login");
    if (strcmp(argv[5], "remote-forward") == 0)
        check(libssh2_channel_forward_listen_ex(s, "127.0.0.1", 7777, NULL, 1) != NULL,
              "forwarding");
    channel = libssh2_channel_open_session(s);
    check(channel != NULL, "opening a channel");
    start(channel, argv[5], argc > 7 ? argv[7] : NULL);
    run(s, channel, fd);
    (void)libssh2_channel_close(channel);
    status = libssh2_channel_get_exit_status(channel);
    (void)libssh2_channel_get_exit_signal(channel, &signal, NULL, NULL, NULL, NULL, NULL);
    (void)libssh2_session_disconnect(s, "");
    return signal != NULL ? FAILED : status;
}
