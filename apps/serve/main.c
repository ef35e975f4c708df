/* nacre-serve: any program over SSH, a process a session. */
#include "apps/daemon/program.h"
#include "apps/serve/serve.h"
#include "apps/daemon/events.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SWITCH_EXEC };

static const char *const switches[] = {[SWITCH_EXEC] = "exec", NULL};

static const struct program_face face = {
    .name = "nacre-serve",
    .synopsis = "[--exec] -- COMMAND [ARG]...",
    .about = "An SSH server that runs COMMAND for each session, on a terminal if the client wants "
             "one.\n",
    .options = "     --exec                  run COMMAND also for a client that wants to run one "
               "of its own;\n"
               "                             COMMAND finds that in SSH_ORIGINAL_COMMAND\n",
    .notes = "COMMAND runs as the user who runs nacre-serve, whoever logs in.\n",
    .switches = switches,
    .has_command = true,
    .descriptors_each = 4, /* a terminal, or three pipes, beside the socket */
};

/* The folders of PATH, one after the other. False: it is in none of them. */
static bool search(const char *name, char path[PATH_MAX])
{
    const char *folder = getenv("PATH");

    for (folder = folder != NULL ? folder : "/usr/local/bin:/usr/bin:/bin"; *folder != 0;) {
        size_t len = strcspn(folder, ":");
        int n = snprintf(path, PATH_MAX, "%.*s/%s", len > 0 ? (int)len : 1, len > 0 ? folder : ".",
                         name);

        if (n < PATH_MAX && access(path, X_OK) == 0)
            return true;
        folder += len + (folder[len] == ':');
    }
    return false;
}

/* Before anybody logs in: is there such a program? */
static bool find_command(char **command, char path[PATH_MAX])
{
    bool found =
        strchr(command[0], '/') != NULL ? access(command[0], X_OK) == 0 : search(command[0], path);

    if (!found) {
        (void)fprintf(stderr, "nacre-serve: %s: there is no such program, or it may not be run\n",
                      command[0]);
        return false;
    }
    if (strchr(command[0], '/') == NULL)
        command[0] = path;
    return true;
}

/* Descriptors 0, 1 and 2 are there, so that none of a session's own takes their place. */
static void fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

int main(int argc, char **argv)
{
    static char path[PATH_MAX];
    struct program_options options;
    int status = 0;

    fill_standard_descriptors();
    if (program_read_options(argc, argv, &face, &options, &status)) {
        const struct serve_config config = {options.command, options.switches[SWITCH_EXEC],
                                            &channel_log};

        status = 1;
        if (find_command(options.command, path)) {
            serve_configure(&config);
            status = program_serve(&options, &serve_app, serve_over);
        }
    }
    program_clear_options(&options);
    return status;
}
