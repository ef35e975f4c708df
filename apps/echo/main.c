/* nacre-echo: the echo session of "Twisted Conch in 60 Seconds" as a server. */
#include "apps/echo/echo.h"
#include "apps/daemon/program.h"
#include "apps/daemon/events.h"

static const struct program_face face = {
    .name = "nacre-echo",
    .about = "An SSH server that answers what it is sent, as Python would print it.\n",
    .notes = "Instead of a shell a client may run: echo, cat, discard, chargen N, exit N, signal "
             "NAME.\n",
};

int main(int argc, char **argv)
{
    struct program_options options;
    int status = 0;

    if (program_read_options(argc, argv, &face, &options, &status)) {
        echo_set_events(&channel_log);
        status = program_serve(&options, &echo_app, NULL);
    }
    program_clear_options(&options);
    return status;
}
