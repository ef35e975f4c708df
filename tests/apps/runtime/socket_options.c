/* The options of every descriptor, read back from the kernel while a server and a client run. */
#include "tests/support/client_story.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FDS = 256, UNSENT = 32 * 1024, BACKLOG = 1024 };

static struct served served;
static unsigned answers;
static bool inherited[FDS]; /* open before the test began */
static struct {
    unsigned descriptors, listening, connected, limited;
} seen;

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;

    ck_assert_int_eq(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static int family(int fd)
{
    return option(fd, SOL_SOCKET, SO_DOMAIN);
}

/* The kernel allows no more than that. */
static unsigned backlog_max(void)
{
    FILE *file = fopen("/proc/sys/net/core/somaxconn", "re");
    unsigned most = 0;

    ck_assert(file != NULL && fscanf(file, "%u", &most) == 1);
    (void)fclose(file);
    return most < BACKLOG ? most : BACKLOG;
}

/* Linux tells the length of the queue in a field that has another meaning once connected. */
static void check_listening(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof info;

    ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
    ck_assert_uint_eq(info.tcpi_sacked, backlog_max());
    ck_assert_int_eq(option(fd, SOL_SOCKET, SO_REUSEADDR), 1);
    ck_assert_int_eq(option(fd, SOL_SOCKET, SO_REUSEPORT), 0);
    if (family(fd) == AF_INET6)
        ck_assert_int_eq(option(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    seen.listening++;
}

static void check_tcp(int fd)
{
    ck_assert_int_ne(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
    ck_assert_int_ne(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    if (option(fd, SOL_SOCKET, SO_ACCEPTCONN)) {
        check_listening(fd);
        return;
    }
    seen.connected++;
    seen.limited += option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT) == UNSENT;
}

/* Call the function for each descriptor. */
static void each_descriptor(void (*act)(int fd))
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;

    ck_assert_ptr_nonnull(folder);
    while ((entry = readdir(folder)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10);

        ck_assert_int_lt(fd, FDS);
        if (entry->d_name[0] != '.' && fd != dirfd(folder))
            act(fd);
    }
    (void)closedir(folder);
}

static void note(int fd)
{
    inherited[fd] = true;
}

static void check(int fd)
{
    struct stat about;

    if (inherited[fd])
        return;
    seen.descriptors++;
    ck_assert_msg(fcntl(fd, F_GETFD) & FD_CLOEXEC, "programs inherit descriptor %d", fd);
    ck_assert_int_eq(fstat(fd, &about), 0);
    if (S_ISSOCK(about.st_mode) && family(fd) != AF_UNIX)
        check_tcp(fd);
}

/* ---- sessions whose answers show that both sides have set their options ---- */

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    ck_assert_int_eq(nacre_channel_exec(ch, "cat"), NACRE_SEND_DONE);
    return NACRE_GRANT;
}

static void on_replied(struct nacre_channel *ch, bool granted)
{
    ck_assert(granted);
    ck_assert_uint_eq(nacre_channel_write(ch, "hello\n", 6), 6);
}

static unsigned wanted;
static bool localhost;
static char where[64];

static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    (void)data;
    if (++answers < wanted) {
        ck_assert_uint_eq(nacre_channel_write(ch, "again\n", 6), 6);
    } else if (answers == wanted) {
        each_descriptor(check);
        nacre_client_close(nacre_channel_context(ch), "done");
    }
    return len;
}

static const struct nacre_channel_app app = {
    .open = on_open, .replied = on_replied, .data = on_data};

static unsigned channels;

static void on_ready(struct nacre_client *client)
{
    for (unsigned i = 0; i < channels; i++)
        ck_assert_ptr_nonnull(nacre_session_open_channel(nacre_client_session(client), "session",
                                                         &app, NULL, NULL, 0));
}

static void look(unsigned workers, unsigned count)
{
    static const char *const both[] = {"127.0.0.1:0", "[::]:0", NULL};
    struct nacre_client_config client = config_for();
    struct story story = {.accept = true};

    each_descriptor(note);
    client.ready = on_ready;
    channels = count;
    wanted = 4 * count;
    serve_config(&served, (struct nacre_server_config){
                              .version = NACRE_VERSION_NUMBER, .listen = both, .workers = workers});
    if (localhost)
        (void)snprintf(where, sizeof where, "localhost%s",
                       strrchr(nacre_server_address(served.server, 0), ':'));
    live(&client, localhost ? where : nacre_server_address(served.server, 0), &story);
    ck_assert_msg(story.why.cause == NACRE_WE_CLOSED, "%s", story.text);
    end_server(&served);
    ck_assert_uint_eq(seen.connected, 2);
    ck_assert_uint_eq(seen.listening, 2 * workers);
    /* A loop and a mailbox for each worker, a spare descriptor, and what wakes up the workers;
     * for the clients a loop, a mailbox and what wakes them up. */
    ck_assert_uint_eq(seen.descriptors, seen.connected + seen.listening + 3 * workers + 1 + 3);
}

START_TEST(sockets_have_their_options_and_programs_inherit_none)
{
    look(1, 1);
    ck_assert_uint_eq(seen.limited, 0); /* a single channel would only be woken up more often */
}
END_TEST

START_TEST(workers_share_their_ports)
{
    look(2, 1);
}
END_TEST

START_TEST(sockets_of_several_channels_have_little_unsent)
{
    look(1, 2);
    ck_assert_uint_eq(seen.limited, 2);
}
END_TEST

/* A host with two addresses. The server listens on the second one. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int (*libc)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    int failure;

    *(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
    if (strcmp(node, "localhost") != 0)
        return libc(node, service, hints, found);
    failure = libc("::1", service, hints, found);
    return failure != 0 ? failure : libc("127.0.0.1", service, hints, &(*found)->ai_next);
}

START_TEST(an_address_that_refuses_leaves_no_descriptor)
{
    localhost = true;
    look(1, 1);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, sockets_have_their_options_and_programs_inherit_none);
    add_test(suite, workers_share_their_ports);
    add_test(suite, sockets_of_several_channels_have_little_unsent);
    add_test(suite, an_address_that_refuses_leaves_no_descriptor);
}
