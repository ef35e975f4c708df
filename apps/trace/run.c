#include "apps/trace/run.h"

#include "apps/options/start.h"
#include "apps/trace/commands.h"

#include <stdio.h>

/* What could not be written, as to a full disk, makes the output useless. */
static int finish(int status)
{
    bool failed = fflush(stdout) != 0 || ferror(stdout) != 0;

    if (!failed)
        return status;
    (void)fprintf(stderr, "nacre-trace: the output could not be written\n");
    return status == 0 ? 1 : status;
}

int trace_run(int argc, char **argv)
{
    struct trace_options options = {0};
    const struct trace_command *command;
    int status = 0, first;

    program_start();
    first = options_read(&trace_command_line, &options, argc, argv, &status);
    if (first == 0)
        return status;
    if (first == argc)
        return options_misused(&trace_command_line, "give a COMMAND and a TRACE");
    command = trace_command_find(argv[first]);
    if (command == NULL)
        return options_misused(&trace_command_line, "there is no COMMAND '%s'", argv[first]);
    if (argc - first - 1 != command->files)
        return options_misused(&trace_command_line, "%s needs %s", command->name,
                               command->files == 1 ? "one TRACE" : "two TRACEs");
    return finish(command->run(&options, argv + first + 1));
}
