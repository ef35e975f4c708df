/* A client's channels: a session joined to standard input and output, and forwarding in both
 * directions. */
#include "tests/interop/calling.h"

#include "apps/runtime/stream.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct nacre_loop *loop_of(const struct nacre_channel *ch)
{
    return nacre_client_loop(nacre_channel_context(ch));
}

/* ---- the session ---- */

static unsigned owed; /* replies; the last one is for the program */
static struct nacre_channel *program;

static bool ask_for_program(struct nacre_channel *ch)
{
    if (options.subsystem != NULL)
        return nacre_channel_subsystem(ch, options.subsystem) == NACRE_SEND_DONE;
    if (options.command != NULL)
        return nacre_channel_exec(ch, options.command) == NACRE_SEND_DONE;
    return nacre_channel_shell(ch) == NACRE_SEND_DONE;
}

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    bool good = true;

    if (options.columns != 0) {
        good = nacre_channel_pty(ch, "vt220", options.columns, options.rows) == NACRE_SEND_DONE;
        owed++;
    }
    for (size_t i = 0; i < options.environment_count; i++) {
        char name[64];
        const char *value = strchr(options.environment[i], '=') + 1;

        (void)snprintf(name, sizeof name, "%.*s", (int)(value - options.environment[i] - 1),
                       options.environment[i]);
        good = good && nacre_channel_env(ch, name, value) == NACRE_SEND_DONE;
        owed++;
    }
    good = good && ask_for_program(ch);
    owed++;
    if (!good)
        say("no room for the requests");
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    const struct nacre_stream_config joined = {
        .input = dup(0), .output = dup(1), .error = -1, .drained = nacre_channel_eof};

    if (--owed != 0) { /* a break is sent after them */
        say(granted ? "granted" : "refused");
    } else if (!granted) {
        say("the program was refused");
        nacre_channel_close(ch);
    } else {
        (void)nacre_stream_join(ch, loop_of(ch), &joined);
        nacre_channel_resume(ch);
        return;
    }
    (void)close(joined.input);
    (void)close(joined.output);
}

/* Data before the program was granted; after that the stream reads it. */
static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)ch;
    (void)data;
    (void)len;
    return 0;
}

static size_t on_errors(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    ssize_t n = write(2, data, len);

    (void)ch;
    return n < 0 ? len : (size_t)n;
}

/* ---- two sessions more ---- */

static struct nacre_channel *more[2];

/* Programs that do not end at EOF, and a shell. */
static enum nacre_answer more_open(struct nacre_channel *ch)
{
    enum nacre_sending sending =
        ch == more[0] ? nacre_channel_exec(ch, "chargen 100000000000") : nacre_channel_shell(ch);

    return sending == NACRE_SEND_DONE ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t more_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    if (ch == more[0])
        return 0;
    say("the shell says %.*s", (int)len, (const char *)data);
    return len;
}

static void more_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    say("%s is closed: %s", ch == more[0] ? "chargen" : "the shell", nacre_cause_text(why->cause));
    more[ch == more[1]] = NULL;
}

static void open_more(struct nacre_client *client)
{
    static const struct nacre_channel_app app = {
        .open = more_open, .data = more_data, .closed = more_closed};

    for (int i = 0; i < 2; i++)
        more[i] = nacre_session_open_channel(nacre_client_session(client), "session", &app, NULL,
                                             NULL, 0);
}

static void use_more(void)
{
    if (more[0] != NULL)
        nacre_channel_close(more[0]);
    if (more[1] != NULL)
        (void)nacre_channel_write(more[1], "alive", 5);
}

/* ---- in the middle ---- */

void on_poke(void)
{
    static const uint8_t half_a_second[4] = {0, 0, 1, 244};

    use_more();
    if (program != NULL && options.signal != NULL)
        (void)nacre_channel_signal(program, options.signal);
    if (program != NULL && options.new_columns != 0)
        (void)nacre_channel_window_change(program, options.new_columns, options.new_rows);
    if (program != NULL && options.sends_break)
        (void)nacre_channel_request(program, "break", true, half_a_second, sizeof half_a_second);
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    (void)ch;
    if (request->kind == NACRE_REQUEST_EXIT_STATUS)
        status = (int)request->exit_status;
    else if (request->kind == NACRE_REQUEST_EXIT_SIGNAL)
        say("exit-signal %s", request->text);
    else
        say("request %s", request->type);
    return NACRE_GRANT;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    if (why->cause == NACRE_OPEN_REFUSED)
        say("refused %u: %s", why->code, why->text);
    program = NULL;
    nacre_client_close(nacre_channel_context(ch), "done");
}

/* ---- sockets ---- */

/* Connect to, or listen on, HOST:PORT or PATH. */
static int open_socket(const char *where, bool listens)
{
    const char *colon = strrchr(where, ':');
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in place = {.sin_family = AF_INET};
    struct sockaddr *to = colon != NULL ? (struct sockaddr *)&place : (struct sockaddr *)&path;
    socklen_t len = colon != NULL ? sizeof place : sizeof path;
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(path.sun_path, sizeof path.sun_path, "%s", where);
    if (colon != NULL)
        place.sin_port = htons((uint16_t)atoi(colon + 1));
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listens ? bind(fd, to, len) == 0 && listen(fd, 16) == 0 : connect(fd, to, len) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* Split PORT:HOST:PORT or PATH:PATH; the first part becomes HOST:PORT or PATH. */
static void split(const char *text, char first[NACRE_HOST_MAX + 16], char second[NACRE_HOST_MAX])
{
    const char *colon = strchr(text, ':');
    bool port = text[0] != '/';

    (void)snprintf(first, NACRE_HOST_MAX + 16, "%s%.*s", port ? "localhost:" : "",
                   (int)(colon - text), text);
    (void)snprintf(second, NACRE_HOST_MAX, "%s", colon + 1);
}

/* ---- -L: what connects to us goes to the server ---- */

struct local {
    struct nacre_client *client;
    int fd;
    char target[NACRE_HOST_MAX];
};

static struct local locals[LIST_MAX];
static size_t local_count;

static enum nacre_answer local_open(struct nacre_channel *ch)
{
    int *fd = nacre_channel_app_data(ch);

    (void)nacre_stream_join(
        ch, loop_of(ch), &(struct nacre_stream_config){.input = *fd, .output = *fd, .error = -1});
    *fd = -1;
    return NACRE_GRANT;
}

static void local_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    int *fd = nacre_channel_app_data(ch);

    if (why->cause == NACRE_OPEN_REFUSED)
        say("refused %u: %s", why->code, why->text);
    if (*fd >= 0)
        (void)close(*fd);
    free(fd);
}

size_t listening(int fds[LIST_MAX])
{
    for (size_t i = 0; i < local_count; i++)
        fds[i] = locals[i].fd;
    return local_count;
}

void on_listening(size_t i)
{
    static const struct nacre_channel_app app = {.open = local_open, .closed = local_closed};
    const struct local *l = &locals[i];
    const char *colon = strrchr(l->target, ':');
    const char *type = colon != NULL ? "direct-tcpip" : "direct-streamlocal@openssh.com";
    struct nacre_target target = {.originator = "127.0.0.1", .originator_port = 9};
    uint8_t data[NACRE_TARGET_MAX];
    int *fd = malloc(sizeof *fd);

    (void)snprintf(target.host, sizeof target.host, "%.*s",
                   (int)(colon != NULL ? (size_t)(colon - l->target) : strlen(l->target)),
                   l->target);
    target.port = colon != NULL ? (uint32_t)atoi(colon + 1) : 0;
    *fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
    if (nacre_session_open_channel(nacre_client_session(l->client), type, &app, fd, data,
                                   nacre_target_write(&target, type, data)) == NULL)
        say("no channel can be opened");
}

/* ---- -R: what connects to the server comes to us ---- */

static enum nacre_answer remote_open(struct nacre_channel *ch)
{
    struct nacre_target asked;
    char there[NACRE_HOST_MAX + 16], here[NACRE_HOST_MAX];
    int fd;

    if (!nacre_channel_target(ch, &asked))
        return NACRE_REFUSE;
    say("forwarded %s:%u", asked.host, asked.port);
    split(options.remote[0], there, here);
    fd = open_socket(here, false);
    if (fd < 0) {
        nacre_channel_refuse_open(ch, NACRE_REASON_CONNECT_FAILED, "nobody is there");
        return NACRE_REFUSE;
    }
    return nacre_stream_join(
               ch, loop_of(ch),
               &(struct nacre_stream_config){.input = fd, .output = fd, .error = -1}) != NULL
               ? NACRE_GRANT
               : NACRE_REFUSE;
}

const struct nacre_channel_app *look_up(void *context, const char *type)
{
    static const struct nacre_channel_app app = {.open = remote_open};

    (void)context;
    return options.remote_count > 0 && strncmp(type, "forwarded-", 10) == 0 ? &app : NULL;
}

static void ask_to_forward(struct nacre_client *client, bool cancel)
{
    struct nacre_session *session = nacre_client_session(client);
    char there[NACRE_HOST_MAX + 16], here[NACRE_HOST_MAX];
    char *colon;

    split(options.remote[0], there, here);
    colon = strrchr(there, ':');
    if (colon == NULL) {
        (void)nacre_session_forward_socket(session, there, cancel);
        return;
    }
    *colon = 0;
    (void)nacre_session_forward(session, there, (uint32_t)atoi(colon + 1), cancel);
}

void on_global_replied(void *context, bool granted, const uint8_t *data, size_t len)
{
    static bool has_cancelled;
    unsigned port = 0;

    for (size_t i = 0; i < len; i++)
        port = port << 8 | data[i];
    say("forwarding %s %u", granted ? "granted" : "refused", port);
    if (options.cancels && !has_cancelled)
        ask_to_forward(context, true);
    has_cancelled = true;
}

/* ---- all of it ---- */

void open_all(struct nacre_client *client)
{
    static const struct nacre_channel_app app = {.open = on_open,
                                                 .replied = on_replied,
                                                 .data = on_data,
                                                 .extended_data = on_errors,
                                                 .request = on_request,
                                                 .closed = on_closed};
    char first[NACRE_HOST_MAX + 16];

    for (; local_count < options.local_count; local_count++) {
        struct local *l = &locals[local_count];

        l->client = client;
        split(options.local[local_count], first, l->target);
        l->fd = open_socket(first, true);
        if (l->fd < 0)
            say("%s: cannot listen there", first);
    }
    if (options.remote_count > 0)
        ask_to_forward(client, false);
    if (!options.no_session)
        program = nacre_session_open_channel(nacre_client_session(client), "session", &app, NULL,
                                             NULL, 0);
    if (options.two_more)
        open_more(client);
    say("logged in");
}
