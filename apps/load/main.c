/* nacre-load: drives an SSH server and reports what the server did. */
#include "apps/load/run.h"
#include "apps/options/start.h"

int main(int argc, char **argv)
{
    struct load_options options;
    int status = 0;

    program_start();
    if (load_read_options(argc, argv, &options, &status))
        status = load_run(&options);
    load_clear_options(&options);
    return status;
}
