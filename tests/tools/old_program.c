/* A program for old_program: a client and a server in memory, a server on a socket, and the keys of
 * a file. Each struct that it fills in ends where a page ends, and the next page cannot be read.
 * With -DNEWER it uses what the planted version has. */
#include <nacre/authorized_keys.h>
#include <nacre/client.h>
#include <nacre/file_login.h>
#include <nacre/key.h>
#include <nacre/offload.h>
#include <nacre/server.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *at_the_end(const void *from, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0)
        exit(3);
    return memcpy(pages + page - size, from, size);
}

#define GUARDED(type, ...)                                                                         \
    ((struct type *)at_the_end(&(struct type){__VA_ARGS__}, sizeof(struct type)))
#ifdef NEWER
#define ALSO(...) , __VA_ARGS__
#define FILL_PADDING(type, s, last)
#else
#define ALSO(...)
/* What comes after the last member is nothing to the program. */
#define FILL_PADDING(type, s, last)                                                                \
    memset((uint8_t *)&(s)->last + sizeof(s)->last, 0xff,                                          \
           sizeof(struct type) - offsetof(struct type, last) - sizeof(s)->last)
#endif

static char received[64];
static struct nacre_session *ends[2];

static void password(void *context, struct nacre_decision *decision, const char *user,
                     const char *given)
{
    (void)context;
    nacre_decide(decision, strcmp(user, "alice") == 0 && nacre_password_equals(given, "secret"));
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked)
{
    (void)ch;
    return asked->kind == NACRE_REQUEST_SHELL ? NACRE_GRANT : NACRE_REFUSE;
}

static size_t echo(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    return nacre_channel_write(ch, bytes, len);
}

static size_t keep(struct nacre_channel *ch, const uint8_t *bytes, size_t len)
{
    (void)ch;
    strncat(received, (const char *)bytes, len);
    return len;
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    (void)ch;
    printf("closed: %s\n", nacre_cause_text(why->cause));
}

static enum nacre_answer any_key(void *context, const char *algorithm, const uint8_t *key,
                                 size_t len)
{
    (void)context, (void)algorithm, (void)key, (void)len;
    return NACRE_GRANT;
}

static void phase(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "connection") == 0)
        puts("observed");
}

static void *allocate(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void release(void *context, void *block, size_t size)
{
    (void)context, (void)size;
    free(block);
}

#ifdef NEWER
static void greeted(struct nacre_channel *ch)
{
    printf("greeted on %s\n", nacre_channel_type(ch));
}

static void planted_listening(void *context, const char *address)
{
    (void)context, (void)address;
    puts("listening again");
}
#endif

static void listening(void *context, const char *address)
{
    (void)context, (void)address;
    puts("listening");
}

/* Move bytes until nothing moves. */
static void run(void)
{
    size_t room, len, moved = 1;

    while (moved > 0) {
        moved = 0;
        for (int i = 0; i < 2; i++) {
            const uint8_t *out = nacre_session_output(ends[i], &len);
            uint8_t *in = nacre_session_input(ends[1 - i], &room);

            len = len < room ? len : room;
            memcpy(in, out, len);
            nacre_session_received(ends[1 - i], len, 1000);
            nacre_session_sent(ends[i], len, 1000);
            nacre_session_tick(ends[i], 1000);
            moved += len;
        }
    }
}

static struct nacre_endpoint *endpoint(const struct nacre_endpoint_config *config)
{
    char errbuf[256];
    struct nacre_endpoint *made = nacre_endpoint_new(config, errbuf, sizeof errbuf);

    if (made == NULL)
        puts(errbuf);
    return made;
}

static int in_memory(const struct nacre_key *const *keys)
{
    const struct nacre_channel_app *serving =
        GUARDED(nacre_channel_app, .request = request, .data = echo ALSO(.greeted = greeted));
    const struct nacre_channel_app *asking = GUARDED(nacre_channel_app, .data = keep);
    struct nacre_endpoint_config *configs[2] = {
        GUARDED(nacre_endpoint_config, .version = NACRE_VERSION_NUMBER, .role = NACRE_SERVER,
                .host_keys = keys, .host_key_count = 1, .session = serving,
                .auth = GUARDED(nacre_auth_policy, .password = password),
                .limits = GUARDED(nacre_limits, .idle_ms = 1000 * 1000),
                .observer = GUARDED(nacre_observer, .phase = phase),
                .memory = GUARDED(nacre_memory, .allocate = allocate, .release = release)),
        GUARDED(nacre_endpoint_config, .version = NACRE_VERSION_NUMBER, .role = NACRE_CLIENT,
                .host_key_accepted = any_key)};
    struct nacre_endpoint *endpoints[2];
    struct nacre_channel *ch;

#ifdef NEWER
    configs[0]->greeting = "a greeting";
    endpoint(configs[0]);
    configs[0]->greeting = NULL;
    configs[0]->limits = GUARDED(nacre_limits, .greetings = 7);
    endpoint(configs[0]);
    configs[0]->limits = NULL;
#endif
    for (int i = 0; i < 2; i++) {
        endpoints[i] = endpoint(configs[i]);
        ends[i] = endpoints[i] != NULL ? nacre_session_new(endpoints[i], NULL, 1000) : NULL;
        if (ends[i] == NULL)
            return 1;
    }
    nacre_session_set_login(ends[1],
                            GUARDED(nacre_client_login, .user = "alice", .password = "secret"));
    run();
    ch = nacre_session_open_channel(ends[1], "session", asking, NULL, NULL, 0);
    run();
    if (ch == NULL || nacre_channel_get_app(ch) != asking ||
        nacre_channel_shell(ch) != NACRE_SEND_DONE)
        return 2;
    run();
    nacre_channel_write(ch, "hello", 5);
    run();
    puts(received);
    nacre_channel_set_app(ch, GUARDED(nacre_channel_app, .closed = on_closed));
    nacre_channel_close(ch);
    run();
    for (int i = 0; i < 2; i++) {
        nacre_session_free(ends[i]);
        nacre_endpoint_free(endpoints[i]);
    }
    return 0;
}

static int on_a_socket(const struct nacre_key *const *keys)
{
    struct nacre_server_config *config =
        GUARDED(nacre_server_config, .version = NACRE_VERSION_NUMBER,
                .listen = (const char *const[]){"127.0.0.1:0", NULL}, .host_keys = keys,
                .auth = GUARDED(nacre_auth_policy, .password = password),
                .events = GUARDED(nacre_server_events,
                                  .listening = listening ALSO(.planted = planted_listening)),
                .admission = GUARDED(nacre_admission, .max_connections = 5),
                .forwarding = GUARDED(nacre_forwarding, .connections_max = 1));
    const struct nacre_client_config *client =
        GUARDED(nacre_client_config, .version = NACRE_VERSION_NUMBER,
                .known_hosts = GUARDED(nacre_known_hosts, .version = NACRE_VERSION_NUMBER,
                                       .file = "/nonexistent/hosts"));
    char errbuf[256] = "";
    struct nacre_server *server;
    struct nacre_clients *clients;

    FILL_PADDING(nacre_server_config, config, kexinit_waits);
    server = nacre_server_new(config, errbuf, sizeof errbuf);
    clients = nacre_clients_new(client, errbuf, sizeof errbuf);
    if (server == NULL || clients == NULL ||
        !nacre_server_reconfigure(server, config, errbuf, sizeof errbuf))
        return puts(errbuf), 1;
    if (nacre_client_connect_with(clients,
                                  GUARDED(nacre_connection_config, .version = NACRE_VERSION_NUMBER,
                                          .user = "alice",
                                          .address = nacre_server_address(server, 0)),
                                  errbuf, sizeof errbuf) == NULL)
        return puts(errbuf), 1;
    nacre_clients_free(clients);
    nacre_server_free(server);
    return 0;
}

static int in_files(void)
{
    struct nacre_authorized_keys *keys = nacre_authorized_keys_open("/nonexistent/keys");
    const struct nacre_known_hosts *hosts =
        GUARDED(nacre_known_hosts, .version = NACRE_VERSION_NUMBER, .file = "/nonexistent/hosts");
    char sentence[512];

    (void)nacre_authorized_keys_check(keys,
                                      GUARDED(nacre_key_login, .version = NACRE_VERSION_NUMBER,
                                              .user = "alice", .key = (const uint8_t *)"key",
                                              .key_len = 3),
                                      NULL, sentence, sizeof sentence);
    nacre_authorized_keys_close(keys);
    return nacre_known_hosts_check(hosts,
                                   GUARDED(nacre_host_key, .host = "host", .port = 22,
                                           .key = (const uint8_t *)"key", .len = 3),
                                   sentence, sizeof sentence) == NACRE_HOST_KNOWN;
}

static int policy_and_key(const struct nacre_key *key)
{
    struct nacre_file_login_config *config =
        GUARDED(nacre_file_login_config, .version = NACRE_VERSION_NUMBER,
                .authorized_keys = "/nonexistent/keys");
    char errbuf[256] = "", text[4096];
    struct nacre_file_login *login;

    FILL_PADDING(nacre_file_login_config, config, on_own_loop);
    login = nacre_file_login_new(config, errbuf, sizeof errbuf);
    if (login == NULL)
        return puts(errbuf), 1;
    nacre_file_login_free(login);
    return !nacre_key_print_private(key,
                                    GUARDED(nacre_key_protection, .version = NACRE_VERSION_NUMBER),
                                    text, sizeof text, errbuf, sizeof errbuf);
}

static void set(void *argument)
{
    *(int *)argument += 1;
}

static int on_a_thread(void)
{
    struct nacre_offload *offload = nacre_offload_new(1);
    struct nacre_mailbox *mailbox = nacre_mailbox_new();
    struct pollfd mail = {.fd = nacre_mailbox_fd(mailbox), .events = POLLIN};
    int done = 0;

    if (!nacre_offload_submit(offload,
                              GUARDED(nacre_job, .version = NACRE_VERSION_NUMBER, .work = set,
                                      .done = set, .argument = &done),
                              mailbox))
        return 1;
    while (done < 2 && poll(&mail, 1, 60 * 1000) > 0)
        nacre_mailbox_run(mailbox);
    nacre_offload_free(offload);
    nacre_mailbox_free(mailbox);
    return done != 2;
}

int main(void)
{
    const struct nacre_key *keys[] = {nacre_key_generate("ed25519", 0, NULL, 0), NULL};
    int failed =
        in_memory(keys) + on_a_socket(keys) + in_files() + policy_and_key(keys[0]) + on_a_thread();

    nacre_key_free((struct nacre_key *)keys[0]);
    return failed;
}
