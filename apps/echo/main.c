/* nacre-echo: the echo session of "Twisted Conch in 60 Seconds" as a server. */
#include "apps/daemon/events.h"
#include "apps/daemon/program.h"
#include "apps/echo/echo.h"
#include "apps/echo/options.h"

int main(int argc, char **argv)
{
    const struct server_program program = {.name = echo_command_line.name,
                                           .app = &echo_app,
                                           .line = &echo_command_line,
                                           .argc = argc,
                                           .argv = argv,
                                           .options_size = sizeof(struct server_options)};
    struct server_options options = {.level = LOG_INFO};
    int status = 0, first;

    server_program_start();
    first = options_read(&echo_command_line, &options, argc, argv, &status);
    if (first != 0 && first < argc)
        status = options_misused(&echo_command_line, "'%s' is not an option", argv[first]);
    else if (first != 0) {
        echo_set_events(&channel_log);
        status = program_serve(&program, &options);
    }
    server_options_clear(&options);
    return status;
}
