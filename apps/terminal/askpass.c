#include "apps/terminal/askpass.h"

#include "apps/terminal/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A variable that is set and not empty; or NULL. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != 0 ? value : NULL;
}

bool askpass_is_wanted(void)
{
    const char *require = variable("SSH_ASKPASS_REQUIRE");

    if (require != NULL && strcmp(require, "never") == 0)
        return false;
    if (require != NULL && (strcmp(require, "force") == 0 || strcmp(require, "prefer") == 0))
        return variable("SSH_ASKPASS") != NULL;
    return variable("SSH_ASKPASS") != NULL &&
           (variable("DISPLAY") != NULL || variable("WAYLAND_DISPLAY") != NULL) &&
           !prompt_is_possible();
}

/* In the child: does not return. */
static void become(const char *program, const char *question, int output)
{
    if (dup2(output, STDOUT_FILENO) >= 0)
        (void)execlp(program, program, question, (char *)NULL);
    _exit(127);
}

/* Read all that it prints, and keep the first line. False: it is too long, or there is none. */
static bool read_answer(int fd, char *text, size_t size)
{
    size_t len = 0, end;
    ssize_t n;

    while (len < size && ((n = read(fd, text + len, size - len)) > 0 || (n < 0 && errno == EINTR)))
        len += n > 0 ? (size_t)n : 0;
    if (len == 0 || len == size)
        return false;
    text[len] = 0;
    end = strcspn(text, "\r\n");
    explicit_bzero(text + end, len - end);
    return true;
}

static bool ended_well(pid_t child)
{
    int status = -1;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool askpass_ask(const char *question, char *text, size_t size)
{
    const char *program = variable("SSH_ASKPASS");
    bool good;
    int ends[2];
    pid_t child;

    text[0] = 0;
    if (program == NULL || pipe2(ends, O_CLOEXEC) != 0)
        return false;
    child = fork();
    if (child == 0)
        become(program, question, ends[1]);
    (void)close(ends[1]);
    good = child > 0 && read_answer(ends[0], text, size);
    (void)close(ends[0]);
    good = child > 0 && ended_well(child) && good;
    if (!good)
        explicit_bzero(text, size);
    return good;
}
