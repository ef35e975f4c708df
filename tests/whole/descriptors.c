/* Every descriptor that is opened fails in turn: what needs several says why it cannot be made, and
 * closes those that it has. */
#include "apps/connect/client.h"
#include "apps/files/key_file.h"
#include "apps/files/known_hosts.h"
#include "apps/files/password_edit.h"
#include "apps/runtime/loop.h"
#include "apps/server/server.h"
#include "tests/support/key_texts.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MOST = 64 /* descriptors */ };

static char file[256], errbuf[512];
static const struct nacre_key *keys[2];

static void refuse(void *peer, struct nacre_decision *decision, const char *user,
                   const char *password)
{
    (void)peer;
    (void)user;
    (void)password;
    nacre_decide(decision, false);
}

static bool make_server(void)
{
    static const struct nacre_auth_policy policy = {.password = refuse};
    static const char *const listen[] = {"127.0.0.1:0", "[::1]:0", NULL};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER,
                                               .listen = listen,
                                               .host_keys = keys,
                                               .workers = 2,
                                               .auth = &policy};
    struct nacre_server *server = nacre_server_new(&config, errbuf, sizeof errbuf);

    nacre_server_free(server);
    return server != NULL;
}

static const struct nacre_client_config alice = {.version = NACRE_VERSION_NUMBER, .user = "alice"};

static bool make_clients(void)
{
    struct nacre_clients *clients = nacre_clients_new(&alice, errbuf, sizeof errbuf);

    nacre_clients_free(clients);
    return clients != NULL;
}

static bool make_embedded_loop(void)
{
    struct nacre_loop loop;
    bool good = loop_init(&loop) && loop_fd(&loop) >= 0;

    (void)snprintf(errbuf, sizeof errbuf, "%s", strerror(errno));
    loop_clear(&loop);
    return good;
}

static bool make_key(void)
{
    struct nacre_key *key;
    char public[300];

    (void)snprintf(public, sizeof public, "%s.pub", file);
    (void)unlink(file);
    (void)unlink(public);
    key = nacre_key_make(file, errbuf, sizeof errbuf);
    ck_assert((key != NULL) == (access(file, F_OK) == 0)); /* no partial file is left */
    nacre_key_free(key);
    return key != NULL;
}

static bool set_password(void)
{
    return nacre_password_file_edit(file, "alice", "secret", errbuf, sizeof errbuf) !=
           NACRE_PASSWORD_FAILED;
}

static bool add_known_host(void)
{
    const struct nacre_known_hosts hosts = {.version = NACRE_VERSION_NUMBER, .file = file};
    const struct nacre_host_key shown = {"host", 22, (const uint8_t *)"\0\0\0\1a", 5};

    return nacre_known_hosts_add(&hosts, &shown, false, errbuf, sizeof errbuf) &&
           nacre_known_hosts_check(&hosts, &shown, errbuf, sizeof errbuf) != NACRE_HOST_UNCHECKED;
}

static bool (*const acts[])(void) = {make_server, make_clients, make_embedded_loop,
                                     make_key,    set_password, add_known_host};

static void allow(rlim_t descriptors)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = descriptors;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(what_lacks_a_descriptor_says_so_and_keeps_none)
{
    struct nacre_key *key =
        nacre_key_parse(openssh_ed25519, strlen(openssh_ed25519), NULL, errbuf, sizeof errbuf);
    struct rlimit before;
    bool good = false, was_open[MOST];
    int attempts = 0;

    keys[0] = key;
    (void)snprintf(file, sizeof file, "%s", scratch_path("file"));
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (int fd = 0; fd < MOST; fd++)
        was_open[fd] = is_open(fd);
    for (int most = 0; most < MOST && !good; most++) {
        errbuf[0] = 0;
        allow((rlim_t)most);
        good = acts[_i]();
        allow(before.rlim_cur);
        attempts++;
        ck_assert_msg(good || errbuf[0] != 0, "with %d descriptors: no sentence", most);
        for (int fd = 0; fd < MOST; fd++)
            ck_assert_msg(is_open(fd) == was_open[fd], "with %d descriptors: descriptor %d", most,
                          fd);
    }
    ck_assert_msg(good, "%s", errbuf);
    ck_assert_int_gt(attempts, 1);
    nacre_key_free(key);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_loop(suite, what_lacks_a_descriptor_says_so_and_keeps_none, 0,
             sizeof acts / sizeof acts[0]);
}
