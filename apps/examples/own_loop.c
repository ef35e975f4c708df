/* The bare core, which does no I/O, in a poll loop of your own: one connection, on descriptor 0
 * (from inetd or socat). Says what is asked for.      own_loop HOST_KEY_FILE <>SOCKET */
#include <nacre/key_file.h>
#include <nacre/session.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void login(void *context, struct nacre_decision *d, const char *user, const char *password)
{
    nacre_decide(d, nacre_password_is(password, "open sesame"));
}

static enum nacre_answer say(struct nacre_channel *ch, const struct nacre_request *asked)
{
    fprintf(stderr, "%s %s\n", asked->type, asked->text);
    nacre_channel_close(ch);
    return NACRE_GRANT;
}

static const struct nacre_channel_app *lookup(void *context, const char *type)
{
    static const struct nacre_channel_app app = {.request = say};
    return strcmp(type, "session") == 0 ? &app : NULL;
}

int main(int argc, char **argv)
{
    const struct nacre_key *key = nacre_key_read(argc > 1 ? argv[1] : "host_key", NULL, 0);
    const struct nacre_auth_policy auth = {.password = login};
    const struct nacre_endpoint_config config = {
        .host_keys = &key, .host_key_count = key != NULL, .auth = &auth, .lookup = lookup};
    struct nacre_session *s = nacre_session_new(nacre_endpoint_new(&config), NULL, now());

    for (size_t len = 1; len > 0 || !nacre_session_ended(s, NULL);) {
        struct pollfd fd = {.fd = 0, .events = len > 0 ? POLLIN | POLLOUT : POLLIN};
        ssize_t n = poll(&fd, 1, 100); /* nacre_session_deadline says how long it may be */
        uint8_t *in = nacre_session_input(s, &len);
        const uint8_t *out;

        n = len > 0 ? recv(0, in, len, MSG_DONTWAIT) : -1;
        nacre_session_received(s, n > 0 ? (size_t)n : 0, now());
        if (n == 0)
            nacre_session_lost(s);
        nacre_session_tick(s, now());
        out = nacre_session_output(s, &len);
        n = send(0, out, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        nacre_session_sent(s, n > 0 ? (size_t)n : 0, now());
        (void)nacre_session_output(s, &len);
    }
}
