#include "apps/spec/clients/libssh2_channel.h"

#include "apps/spec/clients/relay.h"

#include <string.h>

static ssize_t checked(ssize_t n, const char *what)
{
    check(n >= 0 || n == LIBSSH2_ERROR_EAGAIN, what);
    return n;
}

static ssize_t read_channel(void *channel, bool errors, char *block, size_t len)
{
    int stream = errors ? SSH_EXTENDED_DATA_STDERR : 0;

    return checked(libssh2_channel_read_ex(channel, stream, block, len), "reading");
}

static ssize_t write_channel(void *channel, const char *block, size_t len)
{
    return checked(libssh2_channel_write(channel, block, len), "sending");
}

static void write_eof(void *channel)
{
    (void)checked(libssh2_channel_send_eof(channel), "sending EOF");
}

static bool has_ended(void *channel)
{
    return libssh2_channel_eof(channel) &&
           libssh2_channel_wait_closed(channel) != LIBSSH2_ERROR_EAGAIN;
}

static const struct relayed libssh2 = {read_channel, write_channel, write_eof, has_ended};

static int start(LIBSSH2_CHANNEL *channel, const struct words *words)
{
    const char *command = words->command;
    const char *kind = command == NULL                 ? "shell"
                       : is_intent(words, "subsystem") ? "subsystem"
                                                       : "exec";

    if (is_intent(words, "terminal"))
        check(libssh2_channel_request_pty(channel, "xterm") == 0, "the terminal");
    return libssh2_channel_process_startup(channel, kind, (unsigned)strlen(kind), command,
                                           command == NULL ? 0 : (unsigned)strlen(command));
}

int run_channel(LIBSSH2_SESSION *session, const struct words *words, int fd)
{
    LIBSSH2_CHANNEL *channel = libssh2_channel_open_session(session);
    char *signal = NULL;

    check(channel != NULL, "opening a channel");
    check(start(channel, words) == 0, "starting the command");
    libssh2_session_set_blocking(session, 0);
    relay(&libssh2, channel, fd);
    libssh2_session_set_blocking(session, 1);
    (void)libssh2_channel_close(channel);
    (void)libssh2_channel_get_exit_signal(channel, &signal, NULL, NULL, NULL, NULL, NULL);
    return signal != NULL ? -1 : libssh2_channel_get_exit_status(channel);
}
