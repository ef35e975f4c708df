/* nacre-client: logs in to an SSH server and runs a command there. */
#include "apps/client/probe.h"
#include "apps/client/run.h"
#include "apps/options/start.h"

int main(int argc, char **argv)
{
    struct client_options options;
    int status = 0;

    program_start();
    if (client_read_options(argc, argv, &options, &status))
        status = options.probe ? probe_run(&options) : run_session(&options);
    client_clear_options(&options);
    return status;
}
