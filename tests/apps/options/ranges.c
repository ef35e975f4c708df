/* Every number that an option of any program takes: the least and the greatest value, and the
 * values beside them, which are refused. The figures are those of the manual pages. */
#include "apps/echo/options.h"
#include "apps/load/options.h"
#include "apps/serve/options.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>

#define NONE NULL /* 0 is the least value, or stands for no limit */

/* clang-format off */
static const struct {
    const struct command_line *line;
    const char *option, *below, *least, *most, *above;
} ranges[] = {
    {&echo_command_line, "backlog", "0", "1", "65535", "65536"},
    {&echo_command_line, "workers", NONE, "0", "1024", "1025"},
    {&echo_command_line, "max-connections", "0", "1", "10000000", "10000001"},
    {&echo_command_line, "per-source-max-startups", "0", "1", "1000000", "1000001"},
    {&echo_command_line, "handshake-time", NONE, "1", "86400", "86401"},
    {&echo_command_line, "handshake-time", NONE, "1s", "24h", "1d1s"},
    {&echo_command_line, "login-grace-time", "0", "1", "86400", "86401"},
    {&echo_command_line, "max-auth-tries", "0", "1", "100", "101"},
    {&echo_command_line, "auth-delay", NONE, "1", "60000", "60001"},
    {&echo_command_line, "auth-delay", NONE, "1s", "60s", "61s"},
    {&echo_command_line, "max-sessions", "0", "1", "1000000", "1000001"},
    {&echo_command_line, "max-window", "0", "1", "1024", "1025"},
    {&echo_command_line, "max-window", "1048575", "1024k", "1G", "1048577k"},
    {&echo_command_line, "max-memory", "262143", "262144", "1048576G", "1125899906842625"},
    {&echo_command_line, "per-user-max-memory", "262143", "256k", "1024T", "1125899906842625"},
    {&echo_command_line, "idle-timeout", NONE, "0", "31536000", "31536001"},
    {&echo_command_line, "idle-timeout", NONE, "1s", "365d", "365d1s"},
    {&echo_command_line, "drain", NONE, "0", "86400", "86401"},
    {&echo_command_line, "drain", NONE, "1s", "24h", "1d1s"},
    {&echo_command_line, "keepalive-count", "0", "1", "1000", "1001"},
    {&serve_command_line, "per-user-max-sessions", "0", "1", "1000000", "1000001"},
    {&load_command_line, "count", "0", "1", "100000000", "100000001"},
    {&load_command_line, "at-once", "0", "1", "1000000", "1000001"},
    {&load_command_line, "bytes", "0", "1", "1024T", "1125899906842625"},
    {&load_command_line, "hold", "0", "1", "1000000", "1000001"},
    {&load_command_line, "timeout", "0", "1", "1000000", "1000001"},
};
/* clang-format on */

static void *options; /* of any program, zeroed before each value */

static const struct option_row *find(const struct command_line *line, const char *name)
{
    for (const struct option_use *use = line->uses; use->group != NULL; use++)
        for (const struct option_row *row = use->group->rows; row->name != NULL; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    ck_abort_msg("%s has no option %s", line->name, name);
    return NULL;
}

/* A group's struct is part of the program's; here it is at the beginning. */
static bool accepts(const struct option_row *row, const char *value)
{
    char errbuf[OPTION_SENTENCE_MAX] = "";

    memset(options, 0, sizeof(struct load_options) + sizeof(struct serve_options));
    return option_set(row, options, value, &(struct errbuf){errbuf, sizeof errbuf});
}

START_TEST(a_number_is_taken_up_to_its_limits_and_not_beyond)
{
    options = malloc(sizeof(struct load_options) + sizeof(struct serve_options));
    ck_assert_ptr_nonnull(options);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const struct option_row *row = find(ranges[i].line, ranges[i].option);

        if (ranges[i].below != NONE)
            ck_assert_msg(!accepts(row, ranges[i].below), "--%s %s", row->name, ranges[i].below);
        ck_assert_msg(accepts(row, ranges[i].least), "--%s %s", row->name, ranges[i].least);
        ck_assert_msg(accepts(row, ranges[i].most), "--%s %s", row->name, ranges[i].most);
        ck_assert_msg(!accepts(row, ranges[i].above), "--%s %s", row->name, ranges[i].above);
    }
    free(options);
}
END_TEST

static bool is_listed(const char *name)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (strcmp(ranges[i].option, name) == 0)
            return true;
    return false;
}

START_TEST(no_number_is_missing_here)
{
    const struct command_line *const lines[] = {&echo_command_line, &serve_command_line,
                                                &load_command_line};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        for (const struct option_use *use = lines[i]->uses; use->group != NULL; use++)
            for (const struct option_row *row = use->group->rows; row->name != NULL; row++)
                if (row->take == option_u32 || row->take == option_u64)
                    ck_assert_msg(is_listed(row->name), "--%s of %s", row->name, lines[i]->name);
}
END_TEST

/* How often an option may be repeated. */
START_TEST(a_list_is_full_after_its_last_place)
{
    const struct {
        const struct command_line *line;
        const char *option, *value;
        unsigned most;
    } lists[] = {
        {&echo_command_line, "listen", ":0", 16},
        {&echo_command_line, "host-key", "file", 16},
        {&load_command_line, "identity", "file", 32},
    };
    char errbuf[OPTION_SENTENCE_MAX] = "";

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const struct option_row *row = find(lists[i].line, lists[i].option);
        struct errbuf p = {errbuf, sizeof errbuf};

        options = calloc(1, sizeof(struct load_options) + sizeof(struct serve_options));
        ck_assert_ptr_nonnull(options);
        for (unsigned n = 0; n < lists[i].most; n++)
            ck_assert(option_set(row, options, lists[i].value, &p));
        ck_assert_msg(!option_set(row, options, lists[i].value, &p), "--%s", row->name);
        free(options);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_number_is_taken_up_to_its_limits_and_not_beyond);
    add_test(suite, no_number_is_missing_here);
    add_test(suite, a_list_is_full_after_its_last_place);
}
