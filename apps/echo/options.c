#include "apps/echo/options.h"

#include "apps/daemon/options.h"
#include "apps/echo/commands.h"

static const struct option_use uses[] = {SERVER_OPTION_USES};

static const struct option_words commands = {
    .name = "echo_commands",
    .title = "A client may run these commands instead of a shell:",
    .word = echo_command,
};

const struct command_line echo_command_line = {
    .name = "nacre-echo",
    .about = "An SSH server that answers each chunk of bytes as Python would print it.",
    .words = &commands,
    .uses = uses,
    SERVER_CONFIG,
    .notes = SERVER_NOTES,
};
