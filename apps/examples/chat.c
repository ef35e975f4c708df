/* A chat room: many sessions, one state.   chat [ADDR:PORT]   (password "open sesame") */
#include <nacre/server.h>
#include <stdio.h>

enum { GUESTS_MAX = 100, LINE_MAX = 1000 };
static struct nacre_channel *guests[GUESTS_MAX]; /* one worker is one thread: no lock */

static size_t say(struct nacre_channel *from, const uint8_t *what, size_t len)
{
    const char *name = nacre_session_user(nacre_peer_session(nacre_channel_context(from)));
    int taken = len < LINE_MAX ? (int)len : LINE_MAX; /* the library offers the rest again */
    uint8_t line[LINE_MAX + 100];
    int n = snprintf((char *)line, sizeof line, "%.64s: %.*s", name, taken, (const char *)what);

    for (int i = 0; i < n; i++) /* no C0, DEL or C1 (UTF-8: c2 80 to c2 9f) for others' terminals */
        if ((line[i] < ' ' && line[i] != '\n') || line[i] == 0x7f ||
            (line[i] >> 5 == 4 && (i == 0 || line[i - 1] < 0x80 || line[i - 1] == 0xc2)))
            line[i] = '?';
    for (int i = 0; i < GUESTS_MAX; i++) /* a slow reader misses lines */
        if (guests[i] != NULL && guests[i] != from && nacre_channel_space(guests[i]) >= (size_t)n)
            nacre_channel_write(guests[i], line, (size_t)n);
    return (size_t)taken;
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    for (int i = 0; asked->kind == NACRE_REQUEST_SHELL && i < GUESTS_MAX; i++)
        if (guests[i] == NULL && (guests[i] = ch) != NULL)
            return say(ch, (const uint8_t *)"is here\n", 8) > 0 ? NACRE_GRANT : NACRE_REFUSE;
    return NACRE_REFUSE;
}

static void closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    for (int i = 0; i < GUESTS_MAX; i++)
        if (guests[i] == ch && say(ch, (const uint8_t *)"has gone\n", 9) > 0)
            guests[i] = NULL;
}

static void login(void *peer, struct nacre_decision *decision, const char *user, const char *given)
{
    nacre_decide(decision, nacre_password_equals(given, "open sesame"));
}

int main(int argc, char **argv)
{
    const struct nacre_auth_policy auth = {.password = login};
    const struct nacre_channel_app app = {
        .request = request, .data = say, .eof = nacre_channel_close, .closed = closed};
    const char *const listen[] = {argv[1], NULL};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .listen = listen,
                                               .host_key_file = "host_key",
                                               .auth = &auth,
                                               .session = &app};
    char errbuf[512];
    struct nacre_server *server = nacre_server_new(&config, errbuf, sizeof errbuf);

    fprintf(stderr, "%s\n", server != NULL ? nacre_server_address(server, 0) : errbuf);
    if (server == NULL)
        return 1;
    nacre_server_run(server); /* for ever: nothing calls nacre_server_stop */
}
