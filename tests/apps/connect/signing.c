/* Clients with keys of an agent that takes its time. */
#include "apps/files/agent.h"
#include "tests/support/client_story.h"

#include "transport/key_pair.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

/* What the agent does when it is asked to sign. */
enum manner { SILENT, REFUSES, TRICKLES, CLOSES };

static enum manner manner;
static int listener;
static pthread_t thread;
static struct nacre_key *user_key;
static atomic_uint asked;

static void put(int fd, const void *data, size_t len)
{
    (void)send(fd, data, len, MSG_NOSIGNAL);
}

static void send_keys(int fd)
{
    uint8_t reply[1024];
    struct writer w = write_to(reply, sizeof reply);
    uint8_t *begin = write_string_begin(&w);

    write_u8(&w, 12);
    write_u32(&w, 1);
    write_string(&w, private_key_blob(user_key));
    write_text(&w, "comment");
    write_string_end(&w, begin);
    put(fd, reply, written(&w));
}

static void send_signature(int fd, struct bytes request)
{
    struct reader r = read_from(bytes_from(request, 5));
    uint8_t reply[1024], blob[512];
    struct writer w = write_to(reply, sizeof reply), b = write_to(blob, sizeof blob);
    uint8_t *begin = write_string_begin(&w);

    (void)read_string(&r);
    if (!key_sign(user_key, &signature_ed25519, read_string(&r), &b))
        return;
    write_u8(&w, 14);
    write_string(&w, written_bytes(&b));
    write_string_end(&w, begin);
    for (size_t i = 0; i < written(&w); i++) {
        put(fd, reply + i, 1);
        if (i < 4)
            usleep(2000); /* the client reads these one by one */
    }
}

/* Returns whether the connection stays open. */
static bool reply(int fd, struct bytes request)
{
    if (request.at[4] == 11) {
        send_keys(fd);
        return false;
    }
    asked++;
    if (manner == REFUSES)
        put(fd, "\0\0\0\1\5", 5);
    if (manner == TRICKLES)
        send_signature(fd, request);
    return manner == SILENT;
}

static void *run_agent(void *unused)
{
    int fds[8], count = 0, fd;

    while (count < 8 && (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        uint8_t request[4096];
        ssize_t n = recv(fd, request, sizeof request, 0);

        if (n > 4 && reply(fd, (struct bytes){request, (size_t)n}))
            fds[count++] = fd;
        else
            close(fd);
    }
    while (count > 0)
        close(fds[--count]);
    return unused;
}

static struct nacre_agent *start_agent(enum manner how)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char errbuf[512];
    struct nacre_agent *agent;

    manner = how;
    asked = 0;
    user_key = nacre_key_make(scratch_path("user_key"), errbuf, sizeof errbuf);
    ck_assert_msg(user_key != NULL, "%s", errbuf);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", scratch_path("agent"));
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_agent, NULL), 0);
    agent = nacre_agent_open(scratch_path("agent"), errbuf, sizeof errbuf);
    ck_assert_msg(agent != NULL, "%s", errbuf);
    return agent;
}

static void end_agent(struct nacre_agent *agent)
{
    nacre_agent_free(agent);
    (void)shutdown(listener, SHUT_RDWR);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close(listener);
    nacre_key_free(user_key);
}

static void check_password(void *peer, struct nacre_decision *decision, const char *user,
                           const char *given)
{
    (void)peer;
    (void)user;
    nacre_decide(decision, nacre_password_equals(given, "secret"));
}

static void check_key(void *peer, struct nacre_decision *decision, const char *user,
                      const struct nacre_key_offer *offer)
{
    (void)peer;
    (void)user;
    nacre_decide(decision, offer->key_len > 0);
}

static const struct nacre_auth_policy keys_or_passwords = {.password = check_password,
                                                           .publickey = check_key};

/* A server, an agent and a configuration that uses it, without a password. */
struct scene {
    struct served server;
    struct nacre_agent *agent;
    struct nacre_client_config config;
    struct story story;
};

static void begin(struct scene *s, enum manner how)
{
    *s = (struct scene){.config = config_for(), .story = {.accept = true}};
    serve_config(&s->server, (struct nacre_server_config){.version = NACRE_VERSION_NUMBER,
                                                          .auth = &keys_or_passwords});
    s->agent = start_agent(how);
    s->config.keys = nacre_agent_keys(s->agent, &s->config.key_count);
    s->config.password = NULL;
}

static void finish(struct scene *s)
{
    end_agent(s->agent);
    end_server(&s->server);
}

START_TEST(a_signature_that_trickles_in_logs_in)
{
    struct scene s;

    begin(&s, TRICKLES);
    live(&s.config, address(&s.server), &s.story);
    assert_told(&s.story);
    ck_assert_uint_eq(asked, 1);
    finish(&s);
}
END_TEST

START_TEST(an_agent_that_does_not_sign_leaves_the_password)
{
    struct scene s;

    begin(&s, _i == 0 ? REFUSES : CLOSES);
    s.config.password = "secret";
    live(&s.config, address(&s.server), &s.story);
    assert_told(&s.story);
    ck_assert_uint_eq(asked, 1);
    finish(&s);
}
END_TEST

/* The descriptor of the agent's socket in that epoll, or -1: only one that is connected there has
 * that address. */
static int watched_agent(int epoll)
{
    char path[64], line[256];
    int found = -1, fd;
    FILE *f;

    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll);
    f = fopen(path, "re");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f) != NULL) {
        struct sockaddr_un peer = {.sun_family = AF_UNSPEC};
        socklen_t len = sizeof peer;

        if (sscanf(line, "tfd: %d", &fd) == 1 &&
            getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sun_family == AF_UNIX &&
            strcmp(peer.sun_path, scratch_path("agent")) == 0)
            found = fd;
    }
    (void)fclose(f);
    return found;
}

/* A child process that another thread forks has a copy of every descriptor until it runs exec:
 * events on the socket must not reach a signature that is gone. */
START_TEST(a_copy_of_the_agents_socket_causes_no_events_after_the_end)
{
    struct nacre_clients *clients;
    struct scene s;
    int epoll, fd, copy;

    begin(&s, SILENT);
    clients = clients_with(&s.config);
    join(clients, address(&s.server), &s.story);
    while (asked == 0)
        (void)nacre_clients_run_once(clients, 10);
    epoll = nacre_clients_fd(clients);
    fd = watched_agent(epoll);
    ck_assert_int_ge(fd, 0);
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    nacre_clients_stop(clients);
    nacre_clients_run(clients);
    ck_assert_uint_eq(s.story.ended, 1);
    ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
    ck_assert_int_eq(dup3(copy, fd, O_CLOEXEC), fd); /* what it may still be watched as */
    ck_assert_int_lt(watched_agent(epoll), 0);
    (void)close(fd);
    (void)close(copy);
    nacre_clients_free(clients);
    finish(&s);
}
END_TEST

/* The loop runs on while the agent says nothing, and the client can be stopped and freed. */
START_TEST(a_silent_agent_does_not_stop_the_loop)
{
    struct nacre_clients *clients;
    struct scene s;

    begin(&s, SILENT);
    clients = clients_with(&s.config);
    join(clients, address(&s.server), &s.story);
    while (asked == 0)
        (void)nacre_clients_run_once(clients, 10);
    (void)nacre_clients_run_once(clients, 10);
    ck_assert_uint_eq(s.story.ended, 0);
    if (_i == 0) {
        nacre_clients_stop(clients);
        nacre_clients_run(clients);
        ck_assert_int_eq(s.story.why.cause, NACRE_SHUTTING_DOWN);
    }
    nacre_clients_free(clients);
    ck_assert_uint_eq(s.story.ended, 1);
    ck_assert_uint_eq(s.story.ready, 0);
    finish(&s);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, a_signature_that_trickles_in_logs_in);
    add_loop(suite, an_agent_that_does_not_sign_leaves_the_password, 0, 2);
    add_test(suite, a_copy_of_the_agents_socket_causes_no_events_after_the_end);
    add_loop(suite, a_silent_agent_does_not_stop_the_loop, 0, 2);
}
