#include "apps/spec/clients/libssh_channel.h"

#include "apps/spec/clients/relay.h"

#include <libssh/callbacks.h>
#include <libssh/server.h>

#include <sys/param.h>

static int refuse(ssh_session session, ssh_message request, void *none)
{
    return 1; /* libssh refuses it */
}

void refuse_requests(ssh_session session)
{
    ssh_set_message_callback(session, refuse, NULL);
}

static ssize_t read_channel(void *channel, bool errors, char *block, size_t len)
{
    return ssh_channel_read_nonblocking(channel, block, (uint32_t)len, errors);
}

static ssize_t write_channel(void *channel, const char *block, size_t len)
{
    return ssh_channel_write(channel, block, (uint32_t)MIN(len, ssh_channel_window_size(channel)));
}

static void write_eof(void *channel)
{
    (void)ssh_channel_send_eof(channel);
}

/* After EOF, reading no longer handles messages; this does. */
static bool has_ended(void *channel)
{
    ssh_session session = ssh_channel_get_session(channel);

    (void)ssh_execute_message_callbacks(session);
    check(ssh_is_connected(session), "the connection");
    return ssh_channel_is_closed(channel) && ssh_channel_poll(channel, 0) <= 0 &&
           ssh_channel_poll(channel, 1) <= 0;
}

static const struct relayed libssh = {read_channel, write_channel, write_eof, has_ended};

static int start(ssh_channel channel, const struct words *words)
{
    if (is_intent(words, "terminal"))
        check(ssh_channel_request_pty(channel) == SSH_OK, "the terminal");
    if (is_intent(words, "subsystem"))
        return ssh_channel_request_sftp(channel);
    return words->command == NULL ? ssh_channel_request_shell(channel)
                                  : ssh_channel_request_exec(channel, words->command);
}

int run_channel(ssh_session session, const struct words *words)
{
    ssh_channel channel = ssh_channel_new(session);
    int status;

    check(ssh_channel_open_session(channel) == SSH_OK, "opening a channel");
    check(start(channel, words) == SSH_OK, "starting the command");
    relay(&libssh, channel, ssh_get_fd(session));
    status = ssh_channel_get_exit_status(channel);
    (void)ssh_channel_close(channel); /* libssh leaves it to its user to answer CLOSE */
    return status;
}
