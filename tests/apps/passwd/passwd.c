/* What nacre-passwd does with each answer and each line: the terminal and the file are the test's.
 */
#include "apps/passwd/passwd.h"
#include "apps/files/password_edit.h"
#include "apps/terminal/prompt.h"
#include "auth/policy.h"
#include "tests/support/child.h"
#include "tests/support/notes.h"
#include "tests/support/scratch.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPACE = NACRE_PASSWORD_MAX + 1 };

struct answer {
    const char *text; /* NULL: end of input */
    bool too_long;
};

static bool terminal;
static struct answer answers[2]; /* or lines of standard input */
static size_t asked;
static enum nacre_password_edit result;

static bool answer(char *text, size_t size, bool *too_long)
{
    const struct answer *given = &answers[asked++];

    ck_assert_uint_eq(size, SPACE);
    *too_long = given->too_long;
    (void)snprintf(text, size, "%s", given->text != NULL ? given->text : "");
    return given->text != NULL;
}

static void forget(void *secret, size_t len)
{
    note("forget %zu '%s';", len, (const char *)secret);
    memset(secret, 0, len);
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
OWN(int, isatty, int fd)
{
    return fd == STDIN_FILENO && terminal;
}

OWN(bool, prompt_ask, const char *question, bool echo, char *text, size_t size, bool *too_long)
{
    note("%s%s;", question, echo ? "(visible)" : "");
    return answer(text, size, too_long);
}

OWN(bool, prompt_read_line, int fd, char *line, size_t size, bool *too_long)
{
    note("read %d;", fd);
    return answer(line, size, too_long);
}

OWN(enum nacre_password_edit, nacre_password_file_edit, const char *path, const char *user,
    const char *password, char *errbuf, size_t size)
{
    note("edit %s %s %s;", path, user, password != NULL ? password : "-");
    (void)snprintf(errbuf, size, "%s", result == NACRE_PASSWORD_FAILED ? "it failed" : "");
    return result;
}

OWN(void, explicit_bzero, void *secret, size_t len)
{
    forget(secret, len);
}

/* The same, with _FORTIFY_SOURCE */
OWN(void, __explicit_bzero_chk, void *secret, size_t len, size_t object)
{
    (void)object;
    forget(secret, len);
}

OWN(int, setrlimit64, __rlimit_resource_t resource, const struct rlimit *limit)
{
    note("limit %s %u;", resource == RLIMIT_CORE ? "core" : "other",
         (unsigned)(limit->rlim_cur + limit->rlim_max));
    return 0;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static char name[] = "nacre-passwd", file[] = "file", user[] = "alice", bad[] = "a:b",
            flag[] = "-d", help[] = "--help";
static char **arguments;
static int count;

/* Its status, what it prints and the calls */
static int run(void)
{
    int status;

    asked = 0;
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return 99;
    status = passwd_run(count, arguments);
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s", noted);
    return status;
}

static void expect(int status, char **given, const char *said)
{
    arguments = given;
    for (count = 0; given[count] != NULL;)
        count++;
    ck_assert_int_eq(WEXITSTATUS(in_child(run)), status);
    ck_assert_str_eq(child_said, said);
}

static char *sets[] = {name, file, user, NULL};
static char *deletes[] = {name, flag, file, user, NULL};

#define CORE "limit core 0;"
#define ASK "New password for alice: ;"
#define AGAIN "Retype the password: ;"
#define BOTH "forget 1025 'secret';forget 1025 'secret';"

START_TEST(a_password_is_asked_for_twice_and_forgotten)
{
    static const struct {
        struct answer answers[2];
        int status;
        const char *said;
    } rows[] = {
        {{{"secret", false}, {"secret", false}},
         0,
         "alice was added to file\n" CORE ASK AGAIN "forget 1025 'secret';edit file alice secret;"
         "forget 1025 'secret';"},
        {{{NULL, false}, {NULL, false}},
         1,
         "nacre-passwd: no password given; nothing was changed\n" CORE ASK "forget 1025 '';"},
        {{{"secret", true}, {"secret", false}},
         1,
         "nacre-passwd: the password is longer than 1024 bytes or contains a NUL; nothing was "
         "changed\n" CORE ASK "forget 1025 'secret';"},
        {{{"", false}, {"", false}},
         1,
         "nacre-passwd: the password is empty; nothing was changed\n" CORE ASK "forget 1025 '';"},
        {{{"secret", false}, {NULL, false}},
         1,
         "nacre-passwd: the password was not retyped; nothing was changed\n" CORE ASK AGAIN
         "forget 1025 '';forget 1025 'secret';"},
        {{{"secret", false}, {"secreT", false}},
         1,
         "nacre-passwd: the passwords differ; nothing was changed\n" CORE ASK AGAIN
         "forget 1025 'secreT';forget 1025 'secret';"},
        {{{"secret", false}, {"secret", true}}, /* cut to the same text */
         1,
         "nacre-passwd: the passwords differ; nothing was changed\n" CORE ASK AGAIN BOTH},
    };

    terminal = true;
    result = NACRE_PASSWORD_ADDED;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(answers, rows[i].answers, sizeof answers);
        expect(rows[i].status, sets, rows[i].said);
    }
}
END_TEST

START_TEST(without_a_terminal_it_is_the_first_line)
{
    static const struct {
        struct answer line;
        const char *password, *problem;
    } rows[] = {
        {{"secret", false}, "secret", NULL},
        {{"secret\r", false}, "secret", NULL},
        {{"\r", false}, "", NULL},
        {{"s\rt\r\r", false}, "s\rt\r", NULL},
        {{"", false}, "", NULL},
        {{NULL, false}, "", "no password on standard input; nothing was changed"},
        {{"secret", true},
         "secret",
         "the password is longer than 1024 bytes or contains a NUL; nothing was changed"},
    };
    char said[512];

    result = NACRE_PASSWORD_CHANGED;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *password = rows[i].password;

        answers[0] = rows[i].line;
        if (rows[i].problem == NULL)
            (void)snprintf(said, sizeof said,
                           "alice was changed in file\n" CORE "read 0;edit file alice %s;"
                           "forget 1025 '%s';",
                           password, password);
        else
            (void)snprintf(said, sizeof said, "nacre-passwd: %s\n" CORE "read 0;forget 1025 '%s';",
                           rows[i].problem, password);
        expect(rows[i].problem != NULL, sets, said);
    }
}
END_TEST

START_TEST(a_user_is_deleted_without_a_password)
{
    result = NACRE_PASSWORD_DELETED;
    expect(0, deletes, "alice was deleted from file\n" CORE "edit file alice -;");
    result = NACRE_PASSWORD_FAILED;
    expect(1, deletes, "nacre-passwd: it failed\n" CORE "edit file alice -;");
}
END_TEST

START_TEST(a_file_and_a_user_are_given)
{
#define TWO "nacre-passwd: give the names of one file and one user (try nacre-passwd --help)\n" CORE
    expect(2, (char *[]){name, NULL}, TWO);
    expect(2, (char *[]){name, file, NULL}, TWO);
    expect(2, (char *[]){name, file, user, user, NULL}, TWO);
    expect(2, (char *[]){name, file, bad, NULL},
           "nacre-passwd: a user name cannot contain ':', which ends it in the file (try "
           "nacre-passwd --help)\n" CORE);
    arguments = (char *[]){name, help, NULL};
    count = 2;
    ck_assert_int_eq(WEXITSTATUS(in_child(run)), 0);
    assert_says(child_said, "usage: nacre-passwd [OPTION]... FILE USER\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_password_is_asked_for_twice_and_forgotten);
    add_test(suite, without_a_terminal_it_is_the_first_line);
    add_test(suite, a_user_is_deleted_without_a_password);
    add_test(suite, a_file_and_a_user_are_given);
}
