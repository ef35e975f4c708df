/* A loop of your own: what is typed here goes to everybody who is logged in. */
#include <nacre/server.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { LISTENERS_MAX = 100 };

static struct nacre_channel *listeners[LISTENERS_MAX];
static size_t count;

static enum nacre_answer begin(struct nacre_channel *ch) {
    if (count == LISTENERS_MAX || !nacre_channel_set_buffer(ch, 65536))
        return NACRE_REFUSE;
    listeners[count++] = ch;
    return NACRE_GRANT;
}

static void closed(struct nacre_channel *ch, const struct nacre_end *why) {
    for (size_t i = 0; i < count; i++)
        if (listeners[i] == ch)
            listeners[i] = listeners[--count];
}

/* Who does not read misses lines. */
static void tell_everybody(const char *text, size_t len) {
    for (size_t i = 0; i < count; i++)
        (void)nacre_channel_write_all(listeners[i], text, len);
}

int main(void) {
    const struct nacre_channel_app app = {.open = begin, .request = nacre_channel_grant_shell, .closed = closed};
    const struct nacre_server_config config = {
        .version = NACRE_VERSION_NUMBER, .host_key_file = "host_key", .password_file = "users", .session = &app};
    char text[1024];
    struct nacre_server *server = nacre_server_new(&config, text, sizeof text);
    struct pollfd fds[] = {{.fd = 0, .events = POLLIN}, {.fd = server != NULL ? nacre_server_fd(server) : -1, .events = POLLIN}};

    if (server == NULL)
        return puts(text), 1;
    for (bool running = true; running;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents != 0) {
            ssize_t len = read(0, text, sizeof text);

            if (len > 0) {
                tell_everybody(text, (size_t)len);
            } else {
                nacre_server_stop(server);
                fds[0].fd = -1; /* its end was read; the server now ends its sessions */
            }
        }
        if (fds[1].revents != 0)
            running = nacre_server_run_once(server, 0);
    }
    nacre_server_free(server);
}
