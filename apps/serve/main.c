/* nacre-serve: any program over SSH, one process per session. */
#include "apps/daemon/descriptors.h"
#include "apps/daemon/events.h"
#include "apps/daemon/program.h"
#include "apps/serve/capacity.h"
#include "apps/serve/end.h"
#include "apps/serve/options.h"
#include "apps/serve/quota.h"
#include "apps/serve/serve.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Look for a program in each folder of PATH. False: it is in none of them. */
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

/* Is there such a program? Put its path into command[0]. */
static bool find_command(char **command, char path[PATH_MAX], const struct config *config)
{
    bool has_path = strchr(command[0], '/') != NULL;
    char place[PATH_MAX];

    if (!(has_path ? access(command[0], X_OK) == 0 : search(command[0], path))) {
        (void)config_place(config, command[0], place, sizeof place);
        (void)fprintf(stderr, "%s: %s: no such program, or it is not executable\n",
                      place[0] != 0 ? place : "nacre-serve", command[0]);
        return false;
    }
    if (!has_path)
        command[0] = path;
    return true;
}

static void count_places(const struct serve_options *options)
{
    struct capacity_limits limits = {
        .processes = capacity_processes(),
        .connections = options->server.limits.admission.max_connections,
        .workers = server_workers(&options->server),
    };

    descriptors_raise();
    limits.descriptors = descriptors_limit();
    quota_configure(capacity_sessions(&limits), options->per_user_sessions);
}

static int serve(const struct serve_options *options, char **command)
{
    static char path[PATH_MAX];
    bool found = find_command(command, path, options->server.config.config);
    const struct serve_config config = {command, options->exec, options->key_environment,
                                        &channel_log};
    const struct server_program program = {
        .name = serve_command_line.name,
        .app = &serve_app,
        .descriptors_each = 1 + CAPACITY_DESCRIPTORS_EACH,
        .starts_programs = true,
        .stopped = end_all,
    };

    if (!found && !options->server.config.test)
        return 1;
    serve_configure(&config);
    count_places(options);
    return program_serve(&program, &options->server) == 0 && found ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct serve_options options = {.server.level = LOG_INFO};
    int status = 0, first;
    char **command;

    server_program_start();
    first = options_read(&serve_command_line, &options, argc, argv, &status);
    command = first == argc ? config_command(options.server.config.config) : argv + first;
    if (first != 0 && command == NULL)
        status = options_misused(&serve_command_line, "name the command to serve, after -- or with "
                                                      "Command in a configuration file");
    else if (first != 0)
        status = serve(&options, command);
    server_options_clear(&options.server);
    return status;
}
