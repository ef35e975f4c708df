#include "apps/trace/commands.h"

/* clang-format off */
const struct trace_command trace_commands[] = {
    {.name = "json", .files = 1, .run = json_run, .argument = "TRACE",
     .about = "print the trace as JSON in its normal form: members in a fixed order, no spaces"},
    {0},
};
/* clang-format on */
