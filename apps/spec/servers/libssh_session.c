#include "apps/spec/servers/libssh_session.h"

#include "apps/spec/servers/command.h"

#include <libssh/callbacks.h>
#include <libssh/server.h>

#include <sys/param.h>

enum { SESSIONS_MAX = 1200, CHUNK = 32768 };

static struct session {
    ssh_channel channel;
    struct ssh_channel_callbacks_struct calls;
    struct command command;
    bool running;
} sessions[SESSIONS_MAX];
static size_t session_count;

static int on_exec(ssh_session session, ssh_channel channel, const char *command, void *data)
{
    struct session *s = data;

    if (s->running)
        return SSH_ERROR;
    s->command = command_of(command);
    s->running = true;
    return SSH_OK;
}

static int on_shell(ssh_session session, ssh_channel channel, void *data)
{
    return on_exec(session, channel, "cat", data);
}

static int on_pty(ssh_session session, ssh_channel channel, const char *term, int width, int height,
                  int pixel_width, int pixel_height, void *data)
{
    return SSH_OK;
}

ssh_channel open_session(ssh_session session, void *none)
{
    struct session *s = &sessions[session_count];

    if (session_count == SESSIONS_MAX)
        return NULL;
    session_count++;
    s->channel = ssh_channel_new(session);
    s->calls = (struct ssh_channel_callbacks_struct){
        .size = sizeof s->calls,
        .userdata = s,
        .channel_exec_request_function = on_exec,
        .channel_shell_request_function = on_shell,
        .channel_pty_request_function = on_pty,
    };
    (void)ssh_set_channel_callbacks(s->channel, &s->calls);
    return s->channel;
}

static void finish(struct session *s)
{
    s->running = false;
    (void)ssh_channel_send_eof(s->channel);
    (void)ssh_channel_request_send_exit_status(s->channel, s->command.status);
    (void)ssh_channel_close(s->channel);
}

static void pump(struct session *s)
{
    char block[CHUNK] = {0};
    struct command *c = &s->command;
    uint32_t room = MIN(ssh_channel_window_size(s->channel), CHUNK);
    int n;

    if (c->reads) {
        n = ssh_channel_read_nonblocking(s->channel, block, c->sends_back ? room : CHUNK, 0);
        if (n > 0 && c->sends_back)
            (void)ssh_channel_write(s->channel, block, (uint32_t)n);
        if (n == SSH_EOF)
            finish(s);
    } else {
        n = ssh_channel_write(s->channel, block, (uint32_t)MIN(c->produce, room));
        c->produce -= n > 0 ? (size_t)n : 0;
        if (c->produce == 0)
            finish(s);
    }
}

void pump_sessions(void)
{
    for (struct session *s = sessions; s < sessions + session_count; s++)
        if (ssh_channel_is_closed(s->channel)) {
            s->running = false;
            (void)ssh_channel_close(s->channel);
        } else if (s->running) {
            pump(s);
        }
}
