#include "apps/serve/run.h"

#include "apps/daemon/descriptors.h"
#include "apps/daemon/events.h"
#include "apps/daemon/program.h"
#include "apps/serve/capacity.h"
#include "apps/serve/command.h"
#include "apps/serve/end.h"
#include "apps/serve/options.h"
#include "apps/serve/quota.h"
#include "apps/serve/serve.h"
#include "apps/session/container_of.h"

#include <stdlib.h>

static struct capacity_limits limits; /* as at the start */

static void count_places(const struct server_options *o)
{
    const struct serve_options *options = container_of(o, const struct serve_options, server);

    limits.connections = o->limits.admission.max_connections;
    quota_configure(capacity_sessions(&limits), options->per_user_sessions);
}

static void find_limits(const struct server_options *o)
{
    descriptors_raise();
    limits = (struct capacity_limits){.processes = capacity_processes(),
                                      .workers = server_workers(o),
                                      .descriptors = descriptors_limit()};
}

static int serve(const struct serve_options *options, char **command, int argc, char **argv)
{
    static char path[PATH_MAX];
    bool found = command == NULL || command_find(command, path, options->server.config.config);
    const struct serve_config config = {
        .command = command,
        .exec = options->exec,
        .key_environment = options->key_environment,
        .subsystems = options->subsystems.items,
        .environment = options->environment.items,
        .accepted = options->accepted.items,
        .folder = options->folder,
        .agent_forwarding = options->forward.agent,
        .events = &channel_log,
    };
    const struct server_program program = {
        .forwarding = forward_configure(&options->forward),
        .name = serve_command_line.name,
        .app = &serve_app,
        .descriptors_each = 1 + CAPACITY_DESCRIPTORS_EACH,
        .starts_programs = true,
        .stopped = end_all,
        .line = &serve_command_line,
        .argc = argc,
        .argv = argv,
        .options_size = sizeof *options,
        .reloaded = count_places,
    };

    if (!found && !options->server.config.test)
        return 1;
    serve_configure(&config);
    find_limits(&options->server);
    count_places(&options->server);
    return program_serve(&program, &options->server) == 0 && found ? 0 : 1;
}

int serve_run(int argc, char **argv)
{
    struct serve_options options = {.server.level = LOG_INFO};
    int status = 1, first;
    char **command;

    server_program_start();
    first = options_read(&serve_command_line, &options, argc, argv, &status);
    command = first == argc ? config_command(options.server.config.config) : argv + first;
    if (first != 0 && command == NULL && options.subsystems.count == 0)
        status = options_misused(&serve_command_line, "name the command to serve, after -- or with "
                                                      "Command in a configuration file");
    else if (first != 0 && (command == NULL || (command = command_copy(command)) != NULL))
        status = serve(&options, command, argc, argv);
    if (first != 0)
        free(command);
    server_options_clear(&options.server);
    return status;
}
