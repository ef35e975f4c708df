/* The options of nacre-serve's own. */
#include "apps/serve/options.h"
#include "tests/support/suite.h"

#include <string.h>

static struct serve_options o;
static char errbuf[OPTION_SENTENCE_MAX];

static const struct option_row *find(const char *name)
{
    for (const struct option_row *row = serve_command_line.uses[0].group->rows; row->name != NULL;
         row++)
        if (strcmp(row->name, name) == 0)
            return row;
    ck_abort_msg("no option %s", name);
    return NULL;
}

static bool set(const char *name, const char *value)
{
    errbuf[0] = 0;
    return option_set(find(name), &o, value, &(struct errbuf){errbuf, sizeof errbuf});
}

static void begin(void)
{
    o = (struct serve_options){.folder = NULL};
}

START_TEST(a_subsystem_has_a_name_and_a_command)
{
    static const char *const bad[] = {"", "sftp", "sftp=", "=x", "a b=x"};

    ck_assert(set("subsystem", "sftp=/bin/sftp a=b"));
    ck_assert(set("subsystem", "x=y"));
    ck_assert_uint_eq(o.subsystems.count, 2);
    ck_assert_str_eq(o.subsystems.items[0], "sftp=/bin/sftp a=b");
    ck_assert_str_eq(o.subsystems.items[1], "x=y");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!set("subsystem", bad[i]), "%s", bad[i]);
    ck_assert_str_eq(errbuf, "--subsystem: 'a b=x' is not NAME=COMMAND");
    while (o.subsystems.count < OPTION_LIST_MAX)
        ck_assert(set("subsystem", "x=y"));
    ck_assert(!set("subsystem", "x=y"));
}
END_TEST

START_TEST(a_variable_may_be_empty)
{
    static const char *const bad[] = {"", "A", "=x", "a b=x"};

    ck_assert(set("env", "A="));
    ck_assert(set("env", "B=c d"));
    ck_assert_uint_eq(o.environment.count, 2);
    ck_assert_str_eq(o.environment.items[1], "B=c d");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!set("env", bad[i]), "%s", bad[i]);
    while (o.environment.count < OPTION_LIST_MAX)
        ck_assert(set("env", "A="));
    ck_assert(!set("env", "A="));
}
END_TEST

START_TEST(names_that_no_client_may_set_are_not_accepted)
{
    ck_assert(set("accept-env", "APP_*"));
    ck_assert(set("accept-env", "LD_*")); /* as a pattern it may mean others */
    ck_assert(set("accept-env", "PAT?"));
    ck_assert_uint_eq(o.accepted.count, 3);
    ck_assert(!set("accept-env", ""));
    ck_assert(!set("accept-env", "PATH"));
    ck_assert_str_eq(errbuf,
                     "--accept-env: PATH: no client may set this variable, because it changes how "
                     "programs are found, loaded or started");
    ck_assert_uint_eq(o.accepted.count, 3);
    while (o.accepted.count < OPTION_LIST_MAX)
        ck_assert(set("accept-env", "APP"));
    ck_assert(!set("accept-env", "APP"));
}
END_TEST

START_TEST(directions_are_as_in_sshd)
{
    static const struct {
        const char *text;
        uint32_t directions;
    } rows[] = {{"no", PERMIT_NONE},  {"local", PERMIT_LOCAL}, {"Remote", PERMIT_REMOTE},
                {"yes", PERMIT_BOTH}, {"ALL", PERMIT_BOTH},    {"NO", PERMIT_NONE}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_msg(set("allow-tcp-forwarding", rows[i].text), "%s", rows[i].text);
        ck_assert_uint_eq(o.forward.permit.tcp, rows[i].directions);
        ck_assert_uint_eq(o.forward.permit.streamlocal, 0);
    }
    ck_assert(set("allow-streamlocal-forwarding", "remote"));
    ck_assert_uint_eq(o.forward.permit.streamlocal, PERMIT_REMOTE);
    ck_assert_uint_eq(o.forward.permit.tcp, PERMIT_NONE);
    ck_assert(!set("allow-tcp-forwarding", "both"));
    ck_assert(!set("allow-tcp-forwarding", ""));
}
END_TEST

START_TEST(only_a_place_to_listen_may_lack_its_host)
{
    ck_assert(set("permit-open", "web:80,[::1]:*"));
    ck_assert_str_eq(o.forward.permit.open, "web:80,[::1]:*");
    ck_assert(!set("permit-open", "80"));
    ck_assert(!set("permit-open", ""));
    ck_assert(set("permit-listen", "80,localhost:*"));
    ck_assert_str_eq(o.forward.permit.listen, "80,localhost:*");
    ck_assert(!set("permit-listen", "localhost"));
    ck_assert(set("permit-open", "none"));
    ck_assert(set("permit-listen", "any"));
}
END_TEST

START_TEST(gateway_ports_are_as_in_sshd)
{
    ck_assert(set("gateway-ports", "yes"));
    ck_assert_uint_eq(o.forward.gateway_ports, NACRE_GATEWAY_YES);
    ck_assert(set("gateway-ports", "ClientSpecified"));
    ck_assert_uint_eq(o.forward.gateway_ports, NACRE_GATEWAY_CLIENT);
    ck_assert(set("gateway-ports", "no"));
    ck_assert_uint_eq(o.forward.gateway_ports, NACRE_GATEWAY_NO);
    ck_assert(!set("gateway-ports", "all"));
}
END_TEST

START_TEST(the_number_of_sessions_has_limits)
{
    ck_assert(set("per-user-max-sessions", "1"));
    ck_assert_uint_eq(o.per_user_sessions, 1);
    ck_assert(set("per-user-max-sessions", "1000000"));
    ck_assert(!set("per-user-max-sessions", "0"));
    ck_assert(!set("per-user-max-sessions", "1000001"));
    ck_assert(set("per-user-max-sessions", "none"));
    ck_assert_uint_eq(o.per_user_sessions, UINT32_MAX);
}
END_TEST

START_TEST(flags_and_the_folder_have_members)
{
    ck_assert(!set("cwd", ""));
    ck_assert(set("cwd", "/"));
    ck_assert_str_eq(o.folder, "/");
    ck_assert(set("exec", NULL));
    ck_assert(o.exec && !o.key_environment && !o.forward.agent);
    ck_assert(set("permit-user-environment", NULL));
    ck_assert(o.key_environment && !o.forward.agent);
    ck_assert(set("allow-agent-forwarding", NULL));
    ck_assert(o.forward.agent);
}
END_TEST

START_TEST(some_options_may_be_repeated)
{
    static const char *const names[] = {"subsystem", "env", "accept-env"};
    size_t repeatable = 0;

    for (const struct option_row *row = serve_command_line.uses[0].group->rows; row->name != NULL;
         row++)
        repeatable += row->repeatable;
    ck_assert_uint_eq(repeatable, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert(find(names[i])->repeatable);
}
END_TEST

/* What a program keeps from its start cannot change when it reads its file again. */
START_TEST(all_but_the_quota_hold_until_the_program_ends)
{
    for (const struct option_row *row = serve_command_line.uses[0].group->rows; row->name != NULL;
         row++)
        ck_assert_msg(row->fixed == (strcmp(row->name, "per-user-max-sessions") != 0), "%s",
                      row->name);
    ck_assert(serve_command_line.command->fixed && serve_command_line.runs_command);
}
END_TEST

void add_tests(struct suite *suite)
{
    suite_fixture(suite, begin, NULL);
    add_test(suite, a_subsystem_has_a_name_and_a_command);
    add_test(suite, a_variable_may_be_empty);
    add_test(suite, names_that_no_client_may_set_are_not_accepted);
    add_test(suite, directions_are_as_in_sshd);
    add_test(suite, only_a_place_to_listen_may_lack_its_host);
    add_test(suite, gateway_ports_are_as_in_sshd);
    add_test(suite, the_number_of_sessions_has_limits);
    add_test(suite, flags_and_the_folder_have_members);
    add_test(suite, some_options_may_be_repeated);
    add_test(suite, all_but_the_quota_hold_until_the_program_ends);
}
