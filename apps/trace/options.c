#include "apps/trace/options.h"

#include "apps/options/help.h"
#include "apps/options/values.h"
#include "apps/trace/commands.h"

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "conn", .letter = 'c', .argument = "N",
     OPTION_U64(struct trace_options, conn), .least = 1, .most = UINT64_C(1) << 53,
     .help = "only connection N of the trace"},
    {.name = "whole",
     OPTION_FLAG(struct trace_options, whole),
     .help = "with diff, compare what follows the login too"},
    {.name = "against", .argument = "LOG",
     OPTION_TEXT(struct trace_options, against),
     .help = "with hash, compare with LOG: lines of `name = hex`, the names as in the worksheet"},
    {.name = "exchange", .argument = "N",
     OPTION_U64(struct trace_options, exchange), .least = 1, .most = UINT32_MAX,
     .help = "with hash, only the N-th key exchange of a connection"},
    {0},
};
/* clang-format on */

static const struct option_group group = {.name = "trace_options", .rows = rows};

static const struct option_use uses[] = {{&group, 0}, {&general_options, 0}, {0}};

static bool put_command(size_t i, struct option_word *word)
{
    const struct trace_command *command = &trace_commands[i];

    *word = (struct option_word){command->name, command->argument, command->about};
    return word->name != NULL;
}

static const struct option_words commands = {
    .name = "trace_commands",
    .title = "COMMAND is one of:",
    .word = put_command,
};

const struct command_line trace_command_line = {
    .name = "nacre-trace",
    .usage = "COMMAND TRACE [TRACE]",
    .about =
        "Prints, converts and compares traces that nacre's programs have written with `--trace` "
        "and `--trace-format json`. TRACE is a file; `-` is standard input.",
    .uses = uses,
    .words = &commands,
    .notes = "Exit status: 0 if everything succeeded, 1 if not, 2 for wrong options. For diff: 0 "
             "if the traces "
             "are the same, 1 if they differ, 2 if one cannot be read.",
};
