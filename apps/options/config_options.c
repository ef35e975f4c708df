#include "apps/options/config.h"
#include "apps/options/values.h"

void config_options_clear(struct config_options *options)
{
    config_free(options->config);
    options->config = NULL;
}

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "config", .letter = 'f', .argument = "FILE", .keyword = "",
     OPTION_TEXT(struct config_options, file), .least = 1,
     .help = "read options from FILE, a configuration file as in nacre.conf(5)",
     .more = "An option on the command line takes the place of its keyword in FILE. "
             "FILE, and every file that it includes, must be one that no other user can write to.",
     .default_text = "none"},
    {.name = "test-config", .letter = 't', .keyword = "",
     OPTION_FLAG(struct config_options, test),
     .help = "check the options, the configuration and the files that they name, without listening, and exit",
     .more = "Each problem is one line on standard error, and the exit status is then 1."},
    {.name = "print-config", .letter = 'T', .keyword = "",
     OPTION_FLAG(struct config_options, print),
     .help = "print the configuration that is in effect, as a file for `--config`, and exit",
     .more = "The files that it names are not checked."},
    {0},
};
/* clang-format on */

const struct option_group config_options = {.name = "config_options", .rows = rows};
