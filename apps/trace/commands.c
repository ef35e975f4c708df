#include "apps/trace/commands.h"

#include <string.h>

/* clang-format off */
const struct trace_command trace_commands[] = {
    {.name = "text", .files = 1, .run = text_run, .argument = "TRACE",
     .about = "print the trace as `--trace` prints it when its format is text"},
    {.name = "json", .files = 1, .run = json_run, .argument = "TRACE",
     .about = "print the trace as JSON in its normal form: members in the order of nacre-trace(5), no spaces"},
    {.name = "diff", .files = 2, .run = diff_run, .argument = "TRACE TRACE",
     .about = "print where two handshakes differ, field by field; what is random, such as cookies, shares and signatures, may differ"},
    {.name = "page", .files = 1, .run = page_run, .argument = "TRACE",
     .about = "print an HTML page that shows the sessions: messages, fields, bytes and windows; it contains all that it needs"},
    {.name = "hash", .files = 1, .run = hash_run, .argument = "TRACE",
     .about = "print what each key exchange hashes, field by field, H and the keys A to F; with `--against`, the first field that differs and why"},
    {0},
};
/* clang-format on */

const struct trace_command *trace_command_find(const char *name)
{
    const struct trace_command *command = trace_commands;

    while (command->name != NULL && strcmp(command->name, name) != 0)
        command++;
    return command->name != NULL ? command : NULL;
}
