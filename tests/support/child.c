#include "tests/support/child.h"

#include <check.h>
#include <sys/wait.h>
#include <unistd.h>

char child_said[4096];

int in_child(int (*step)(void))
{
    int status, pair[2];
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    ck_assert_int_eq(pipe(pair), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)dup2(pair[1], STDERR_FILENO);
        _exit(step());
    }
    (void)close(pair[1]);
    while ((n = read(pair[0], child_said + len, sizeof child_said - 1 - len)) > 0)
        len += (size_t)n;
    child_said[len] = '\0';
    (void)close(pair[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

void succeeds_in_child(int (*step)(void))
{
    int status = in_child(step);

    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x: %s", (unsigned)status,
                  child_said);
}
