/* The socket through which a program reaches the agent of its client. */
#include "apps/serve/agent.h"
#include "apps/daemon/log.h"
#include "apps/serve/forward.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool listens;
static char path[AGENT_PATH_MAX];
static char one;

#define PEER ((struct nacre_peer *)(void *)&one)
#define LISTENER ((struct nacre_forward_listener *)(void *)&one)

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
struct nacre_forward_listener *__wrap_forward_agent(struct nacre_peer *peer, const char *at);
void __wrap_nacre_forward_close(struct nacre_forward_listener *listener);
void __wrap_log_end(struct log_line *l);
char *__real_mkdtemp(char *name);
char *__wrap_mkdtemp(char *name);

static bool makes;

struct nacre_forward_listener *__wrap_forward_agent(struct nacre_peer *peer, const char *at)
{
    ck_assert_ptr_eq(peer, PEER);
    (void)snprintf(path, sizeof path, "%s", at);
    note("listen;");
    return listens ? LISTENER : NULL;
}

void __wrap_nacre_forward_close(struct nacre_forward_listener *listener)
{
    ck_assert_ptr_eq(listener, LISTENER);
    note("close;");
}

void __wrap_log_end(struct log_line *l)
{
    l->text[l->len] = 0;
    note("%s;", strstr(l->text, "level="));
}

char *__wrap_mkdtemp(char *name)
{
    if (makes)
        return __real_mkdtemp(name);
    name[0] = 0;
    return NULL;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

START_TEST(the_socket_is_in_a_folder_of_its_own)
{
    struct agent_socket a = {.listener = NULL};
    struct stat status;

    makes = listens = true;
    ck_assert(agent_listen(&a, PEER));
    ck_assert_int_eq(strncmp(a.folder, "/tmp/nacre-", 11), 0);
    ck_assert_uint_eq(strlen(a.folder), 17);
    ck_assert_int_eq(stat(a.folder, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0700);
    ck_assert_int_eq(strncmp(a.path, a.folder, 17), 0);
    ck_assert_str_eq(a.path + 17, "/agent");
    ck_assert_str_eq(a.path, path);
    ck_assert(!agent_listen(&a, PEER)); /* one is enough */
    expect_notes("listen;");
    agent_close(&a);
    ck_assert_int_ne(stat(a.folder, &status), 0);
    agent_close(&a);
    expect_notes("close;");
}
END_TEST

START_TEST(a_socket_that_cannot_be_made_leaves_no_folder)
{
    struct agent_socket a = {.listener = NULL};
    struct stat status;

    makes = true;
    listens = false;
    ck_assert(!agent_listen(&a, PEER));
    ck_assert_int_ne(stat(a.folder, &status), 0);
    expect_notes("listen;");
    makes = false;
    ck_assert(!agent_listen(&a, PEER));
    ck_assert_int_eq(strncmp(noted, "level=warn event=start ", 23), 0);
    ck_assert_ptr_null(strstr(noted, "listen;"));
    agent_close(&a);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, the_socket_is_in_a_folder_of_its_own);
    add_test(suite, a_socket_that_cannot_be_made_leaves_no_folder);
}
