/* The bare core in your own poll loop: socat TCP-LISTEN:2022,fork EXEC:./own_loop */
#include <err.h>
#include <errno.h>
#include <nacre/key_file.h>
#include <nacre/session.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void login(void *context, struct nacre_decision *d, const char *user, const char *given)
{
    nacre_decide(d, nacre_password_equals(given, "open sesame"));
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    return asked->kind == NACRE_REQUEST_SHELL ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t data(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    return nacre_channel_write(ch, bytes, len);
}

int main(void)
{
    char errbuf[512];
    const struct nacre_key *key = nacre_key_read("host_key", errbuf, sizeof errbuf);
    const struct nacre_auth_policy auth = {.password = login};
    struct nacre_channel_app app = {.request = request, .data = data, .eof = nacre_channel_close};
    const struct nacre_endpoint_config config = {.version = NACRE_VERSION_NUMBER,
                                                 .host_keys = &key,
                                                 .host_key_count = 1,
                                                 .auth = &auth,
                                                 .session = &app};
    struct nacre_endpoint *e = key ? nacre_endpoint_new(&config, errbuf, sizeof errbuf) : NULL;
    struct nacre_session *s = e ? nacre_session_new(e, NULL, now()) : NULL;
    struct pollfd fd = {.fd = 0};

    if (s == NULL || send(fd.fd, "", 0, MSG_NOSIGNAL) != 0)
        errx(1, "%s", s ? "descriptor 0 is not a connection" : e ? "out of memory" : errbuf);
    for (size_t room, len; nacre_session_ended(s) == NULL; nacre_session_tick(s, now())) {
        uint8_t *in = nacre_session_input(s, &room); /* no room: the client does not read */
        ssize_t n = room > 0 ? recv(fd.fd, in, room, MSG_DONTWAIT) : 0;
        if (room > 0 && (n == 0 || (n < 0 && errno != EAGAIN)))
            nacre_session_lost(s);
        nacre_session_received(s, n > 0 ? (size_t)n : 0, now());
        const uint8_t *out = nacre_session_output(s, &len);
        n = send(fd.fd, out, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        nacre_session_sent(s, n > 0 ? (size_t)n : 0, now());
        (void)nacre_session_output(s, &len);
        fd.events = len == 0 ? POLLIN : room > 0 ? POLLIN | POLLOUT : POLLOUT;
        poll(&fd, 1, 1000); /* or until nacre_session_deadline; a second is often enough */
    }
}
