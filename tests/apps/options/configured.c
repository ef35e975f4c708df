/* Options from a command line and a configuration file together, and -T, which prints them. */
#include "apps/options/config.h"
#include "apps/serve/options.h"
#include "tests/support/scratch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 256 };

static struct serve_options options, again; /* the first time, and when they are read again */
static char *arguments[ARGUMENTS_MAX];
static int argument_count, status, first;
static char printed[64 * 1024]; /* on standard output and standard error */

static void set_up(void)
{
    options = (struct serve_options){.exec = false};
    argument_count = 0;
}

static void tear_down(void)
{
    server_options_clear(&options.server);
    for (int i = 0; i < argument_count; i++)
        free(arguments[i]);
}

static void add_argument(const char *text)
{
    ck_assert_int_lt(argument_count, ARGUMENTS_MAX - 1);
    arguments[argument_count] = strdup(text);
    ck_assert_ptr_nonnull(arguments[argument_count]);
    arguments[++argument_count] = NULL;
}

static void read_options(void)
{
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    size_t n;

    ck_assert_ptr_nonnull(file);
    (void)fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    first = options_read(&serve_command_line, &options, argument_count, arguments, &status);
    (void)fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    rewind(file);
    n = fread(printed, 1, sizeof printed - 1, file);
    printed[n] = 0;
    (void)fclose(file);
}

/* Arguments, separated by spaces, and the text of a file for -f, or NULL. */
static void read_both(const char *line, const char *text)
{
    char copy[1024];

    tear_down();
    set_up();
    (void)snprintf(copy, sizeof copy, "%s", line);
    add_argument("nacre-serve");
    if (text != NULL) {
        add_argument("-f");
        add_argument(scratch_write("a.conf", text, 0600));
    }
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        add_argument(word);
    read_options();
}

START_TEST(the_command_line_wins_over_the_file_and_the_file_over_defaults)
{
    read_both("--max-sessions 5 -- sh", "MaxSessions 6\nMaxAuthTries 7\n");
    ck_assert_int_ne(first, 0);
    ck_assert_uint_eq(options.server.limits.channels_max, 5);
    ck_assert_uint_eq(options.server.limits.limits.auth_tries, 7);
    ck_assert_uint_eq(options.server.limits.login_grace_ms, 120000);
}
END_TEST

START_TEST(the_first_value_wins_and_those_of_repeatable_keywords_add_up)
{
    read_both("-- sh", "MaxSessions 6\nMaxSessions 7\nHostKey a\nHostKey b\nExec no\nExec yes\n");
    ck_assert_uint_eq(options.server.limits.channels_max, 6);
    ck_assert_uint_eq(options.server.host_keys.count, 2);
    ck_assert_str_eq(options.server.host_keys.items[1], "b");
    ck_assert(!options.exec);
}
END_TEST

START_TEST(on_the_command_line_a_repeatable_option_replaces_all_of_the_file)
{
    read_both("-k c -- sh", "HostKey a\nHostKey b\n");
    ck_assert_uint_eq(options.server.host_keys.count, 1);
    ck_assert_str_eq(options.server.host_keys.items[0], "c");
}
END_TEST

START_TEST(forwarding_has_the_keywords_and_values_of_sshd)
{
    const struct forward_config *f = &options.forward;

    read_both("-- sh", "AllowTcpForwarding remote\nAllowStreamLocalForwarding all\n"
                       "PermitOpen a:1 [::1]:*\nPermitListen none\n"
                       "GatewayPorts clientspecified\nAllowAgentForwarding yes\n");
    ck_assert_int_ne(first, 0);
    ck_assert_uint_eq(f->permit.tcp, PERMIT_REMOTE);
    ck_assert_uint_eq(f->permit.streamlocal, PERMIT_BOTH);
    ck_assert_str_eq(f->permit.open, "a:1,[::1]:*");
    ck_assert_str_eq(f->permit.listen, "none");
    ck_assert_uint_eq(f->gateway_ports, NACRE_GATEWAY_CLIENT);
    ck_assert(f->agent);
    read_both("-- sh", NULL);
    ck_assert(f->permit.tcp == PERMIT_NONE && f->permit.streamlocal == PERMIT_NONE && !f->agent);
    ck_assert_uint_eq(f->gateway_ports, NACRE_GATEWAY_NO);
}
END_TEST

START_TEST(a_list_that_is_given_twice_is_the_last_one)
{
    read_both("--per-source-penalties authfail:9 --per-source-penalties noauth:8 -- sh", NULL);
    ck_assert_uint_eq(options.server.limits.admission.penalty_authfail_ms, 5000);
    ck_assert_uint_eq(options.server.limits.admission.penalty_noauth_ms, 8000);
}
END_TEST

START_TEST(every_wrong_value_of_a_file_is_reported)
{
    read_both("-- sh", "MaxSessions x\nExec maybe\nLogLevel loud\nMaxStartups 0\n");
    ck_assert_int_eq(first, 0);
    ck_assert_int_eq(status, 1);
    assert_says(printed, "a.conf:1: MaxSessions: 'x' is not a number from 1 to 1000000\n");
    assert_says(printed, "a.conf:2: Exec: 'maybe' is neither yes nor no\n");
    assert_says(printed, "a.conf:3: LogLevel: 'loud' is not error, warn, info, debug or trace\n");
    assert_says(printed, "a.conf:4: MaxStartups: '0' is not N, or BEGIN:RATE:FULL");
}
END_TEST

START_TEST(with_t_problems_wait_for_those_of_the_program)
{
    read_both("-t -- sh", "MaxSessions x\n");
    ck_assert_int_ne(first, 0);
    ck_assert_str_eq(printed, "");
    assert_says(config_problems(options.server.config.config), "a.conf:1: MaxSessions: ");
}
END_TEST

START_TEST(a_mistake_on_the_command_line_has_status_2_with_a_file_too)
{
    read_both("--max-sessions x -- sh", "User u\n");
    ck_assert_int_eq(first, 0);
    ck_assert_int_eq(status, 2);
    assert_says(printed, "nacre-serve: --max-sessions: 'x' is not a number");
}
END_TEST

START_TEST(verbose_options_count_from_the_level_of_the_file)
{
    read_both("-v -- sh", "LogLevel debug\n");
    ck_assert_int_eq(options.server.level, LOG_TRACE);
    read_both("-q -- sh", "LogLevel debug\n");
    ck_assert_int_eq(options.server.level, LOG_WARN);
    read_both("-- sh", "LogLevel ERROR\n");
    ck_assert_int_eq(options.server.level, LOG_ERROR);
}
END_TEST

START_TEST(a_value_that_no_file_can_have_is_not_printed)
{
    tear_down();
    set_up();
    add_argument("nacre-serve");
    add_argument("-T");
    add_argument("--banner=a\nb");
    read_options();
    ck_assert_int_eq(status, 1);
    assert_says(printed, "a value contains a line break");
}
END_TEST

/* ---- once more ---- */

/* Read the command line again with another file; the sentences are in `printed`. */
static bool read_again(const char *text)
{
    int found;

    again = (struct serve_options){.exec = false};
    (void)scratch_write("a.conf", text, 0600);
    found = options_reread(&serve_command_line, &again, &options, argument_count, arguments,
                           &(struct errbuf){printed, sizeof printed});
    server_options_clear(&again.server);
    return found != 0;
}

START_TEST(a_file_may_change_but_for_what_is_fixed)
{
    read_both("--max-sessions 5", "Workers 2\nMaxAuthTries 3\nCommand sh -c \"exit 1\"\n");
    ck_assert_int_ne(first, 0);
    ck_assert(read_again("Workers 2\nMaxAuthTries 4\nCommand sh -c 'exit 1'\nMaxSessions 6\n"));
    ck_assert_uint_eq(again.server.limits.channels_max, 5);
    ck_assert_uint_eq(again.server.limits.limits.auth_tries, 4);
    ck_assert_uint_eq(again.server.limits.login_grace_ms, 120000);
    ck_assert(!read_again("Workers 3\nCommand sh -c \"exit 1\"\n"));
    assert_says(printed, "a.conf:1: Workers cannot change while the program runs: restart it\n");
    ck_assert(!read_again("Command sh -c \"exit 1\"\n"));
    ck_assert_str_eq(printed, "Workers cannot change while the program runs: restart it\n");
    ck_assert(!read_again("Workers 2\nCommand sh -c \"exit 2\"\nExec yes\n"));
    assert_says(printed, "a.conf:2: Command cannot change");
    assert_says(printed, "a.conf:3: Exec cannot change");
    ck_assert(!read_again("Workers 2\nCommand sh -c \"exit 1\"\nMaxAuthTries x\n"));
    assert_says(printed, "a.conf:3: MaxAuthTries: 'x' is not a number");
}
END_TEST

START_TEST(what_is_fixed_may_be_written_in_another_way)
{
    read_both("-l :1 -- sh", "Exec no\nListenAddress :2\nHostKey a\n");
    ck_assert(read_again("Workers 1\nNoSandbox No\nListenAddress :3\nHostKey b\nCommand x\n"));
    read_both("-- sh", "ListenAddress :2\nListenAddress :3\n");
    ck_assert(read_again("listenaddress :2\nLISTENADDRESS \":3\"\nWorkers 1\nWorkers 2\n"));
    ck_assert(!read_again("ListenAddress :3\nListenAddress :2\n"));
    ck_assert(!read_again("ListenAddress :2\n"));
    ck_assert(!read_again("ListenAddress :2\nListenAddress :3\nListenAddress :4\n"));
}
END_TEST

/* ---- -T ---- */

/* Values of options whose rows do not say what is valid */
static const struct {
    const char *option, *values[4];
} samples[] = {
    {"listen", {"[::]:22", "[::]:0,ipv6only", ":2022", "unix:/run/a b,mode=600"}},
    {"host-key", {"a key", "\"", "back\\slash", "#x"}},
    {"metrics", {"9100", "[::1]:0", "unix:/run/a b", "0.0.0.0:1"}},
    {"rekey-limit", {"1G", "64k,1h", "2M,3600", "1.5G"}},
    {"require", {"publickey", "password", "publickey,password", "keyboard-interactive"}},
    {"log-level", {"error", "warn", "debug", "trace"}},
    {"max-startups", {"3", "1:2:3", "10:30:60", "7:100:7"}},
    {"per-source-net-block-size", {"1:1", "32:128", "24:64", "8:9"}},
    {"per-source-penalties", {"no", "authfail:9", "noauth:1m,max:1h", "min:1"}},
    {"rate-limits", {"no", "opens:1/2", "rekeys:3/4,proofs:5/6", "requests:7/8"}},
    {"keepalive", {"0", "30", "1m,5", "7s"}},
    {"kex", {"curve25519-sha256", "+diffie-hellman-*", "-ecdh-*", "^ecdh-sha2-nistp256"}},
    {"host-key-algorithms", {"ssh-ed25519", "-rsa-*", "rsa-sha2-256,ssh-ed25519", "ecdsa-*"}},
    {"pubkey-algorithms", {"ssh-ed25519", "-rsa-*", "rsa-sha2-256,ssh-ed25519", "ecdsa-*"}},
    {"ciphers", {"aes256-ctr", "-aes*", "aes*", "^aes128-ctr"}},
    {"macs", {"hmac-sha2-256", "-hmac-sha1*", "hmac-sha2-*", "^hmac-sha2-512"}},
    {"log-format", {"logfmt", "json", "json", "logfmt"}},
    {"allow-tcp-forwarding", {"no", "local", "remote", "yes"}},
    {"allow-streamlocal-forwarding", {"no", "local", "remote", "yes"}},
    {"permit-open", {"any", "none", "a:1,[::1]:*", "*:22"}},
    {"permit-listen", {"any", "none", "8080,localhost:*", "*"}},
    {"gateway-ports", {"no", "yes", "clientspecified", "no"}},
    {"subsystem", {"sftp=/usr/lib/openssh/sftp-server", "a=b", "netconf=sh -c 'x y'", "e==="}},
    {"env", {"A=b", "EMPTY=", "TWO=two words", "E=="}},
    {"accept-env", {"A", "APP_*", "X?", "*"}},
    {"trace-format", {"text", "json", "text", "json"}},
};

static const char *sample(const struct option_row *row, char out[32])
{
    size_t i = 0;

    if (row->argument == NULL)
        return "yes";
    while (i < sizeof samples / sizeof samples[0] && strcmp(samples[i].option, row->name) != 0)
        i++;
    if (i < sizeof samples / sizeof samples[0])
        return samples[i].values[random() % 4];
    if (row->most > 0)
        (void)snprintf(out, 32, "%" PRIu64,
                       row->least + (uint64_t)random() % (row->most - row->least + 1));
    else
        (void)snprintf(out, 32, "some text %ld", random() % 1000);
    return out;
}

/* Random options, some on the command line and some in the file. */
static void choose(FILE *file)
{
    char value[32], keyword[CONFIG_KEYWORD_MAX], option[256];
    const struct option_row *row;

    for (size_t i = 0; (row = config_next_row(&serve_command_line, i)) != NULL; i++)
        for (long n = random() % 4; n > 0 && row != serve_command_line.command; n--) {
            const char *given = sample(row, value);

            if (random() % 2 == 0) {
                (void)snprintf(option, sizeof option, row->argument != NULL ? "--%s=%s" : "--%s",
                               row->name, given);
                add_argument(option);
            } else if (given[0] == '"' || strchr(given, '\\') != NULL) {
                (void)fprintf(file, "%s '%s'\n", config_keyword(row, keyword),
                              given[0] == '"' ? "\\\"" : "back\\\\slash");
            } else {
                (void)fprintf(file, "%s \"%s\"\n", config_keyword(row, keyword), given);
            }
        }
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void expect_same_list(const struct option_list *a, const struct option_list *b)
{
    ck_assert_uint_eq(a->count, b->count);
    for (size_t i = 0; i < a->count; i++)
        ck_assert_str_eq(a->items[i], b->items[i]);
}

/* Every member that a keyword sets */
static void expect_same(const struct serve_options *one, const struct serve_options *other)
{
    const struct server_options *a = &one->server, *b = &other->server;
    struct limit_options x = a->limits, y = b->limits;

    expect_same_list(&a->listen, &b->listen);
    expect_same_list(&a->host_keys, &b->host_keys);
    ck_assert(same_text(a->passwords, b->passwords));
    ck_assert(same_text(a->authorized_keys, b->authorized_keys));
    ck_assert(same_text(a->require, b->require));
    ck_assert(same_text(a->allow_users, b->allow_users));
    ck_assert(same_text(a->deny_users, b->deny_users));
    ck_assert(same_text(a->banner_file, b->banner_file));
    ck_assert(same_text(a->user, b->user));
    ck_assert(same_text(a->log_file, b->log_file));
    ck_assert(a->log_format == b->log_format && a->log_syslog == b->log_syslog);
    ck_assert(same_text(one->folder, other->folder));
    expect_same_list(&one->subsystems, &other->subsystems);
    expect_same_list(&one->environment, &other->environment);
    expect_same_list(&one->accepted, &other->accepted);
    ck_assert(a->keyboard_interactive == b->keyboard_interactive);
    ck_assert(a->no_sandbox == b->no_sandbox && a->workers == b->workers &&
              a->backlog == b->backlog && a->level == b->level);
    ck_assert(a->rekey_bytes == b->rekey_bytes && a->rekey_ms == b->rekey_ms);
    for (int i = 0; i < NACRE_ALGORITHM_KINDS; i++)
        ck_assert(same_text(a->algorithms.lists[i], b->algorithms.lists[i]));
    ck_assert(a->algorithms.require_strict_kex == b->algorithms.require_strict_kex);
    ck_assert(same_text(x.admission.penalty_exempt, y.admission.penalty_exempt));
    x.admission.penalty_exempt = y.admission.penalty_exempt = NULL;
    ck_assert(same_text(x.admission.proxy_from, y.admission.proxy_from));
    x.admission.proxy_from = y.admission.proxy_from = NULL;
    ck_assert_mem_eq(&x.limits, &y.limits, sizeof x.limits);
    ck_assert_mem_eq(&x.admission, &y.admission, sizeof x.admission);
    ck_assert(x.channels_max == y.channels_max && x.login_grace_ms == y.login_grace_ms);
    ck_assert_uint_eq(x.keepalive_count, y.keepalive_count);
    ck_assert(x.max_memory == y.max_memory && x.per_user_max_memory == y.per_user_max_memory);
    ck_assert(same_text(a->study.trace, b->study.trace));
    ck_assert(a->study.trace_json == b->study.trace_json);
    ck_assert(a->study.trace_data == b->study.trace_data);
    ck_assert(same_text(a->study.capture, b->study.capture));
    ck_assert(one->forward.permit.tcp == other->forward.permit.tcp);
    ck_assert(one->forward.permit.streamlocal == other->forward.permit.streamlocal);
    ck_assert(same_text(one->forward.permit.open, other->forward.permit.open));
    ck_assert(same_text(one->forward.permit.listen, other->forward.permit.listen));
    ck_assert(one->forward.gateway_ports == other->forward.gateway_ports);
    ck_assert(one->forward.agent == other->forward.agent);
    ck_assert(one->exec == other->exec && one->key_environment == other->key_environment);
    ck_assert_uint_eq(one->per_user_sessions, other->per_user_sessions);
}

/* Read the options once more, with -t in place of -T. */
static void read_without_printing(struct serve_options *copy)
{
    for (int i = 1; i < argument_count; i++)
        if (strcmp(arguments[i], "-T") == 0)
            arguments[i][1] = 't';
    server_options_clear(&options.server);
    options = (struct serve_options){.exec = false};
    read_options();
    ck_assert_int_ne(first, 0);
    *copy = options;
    options = (struct serve_options){.exec = false};
}

START_TEST(what_is_printed_is_the_configuration_again)
{
    const char *file = scratch_write("random.conf", "", 0600);
    char before[sizeof printed], name[512];
    char *old[ARGUMENTS_MAX];
    struct serve_options given;
    int old_count;
    FILE *out;

    srandom((unsigned)_i);
    (void)snprintf(name, sizeof name, "%s", file);
    out = fopen(name, "we");
    add_argument("nacre-serve");
    add_argument("-T");
    add_argument("-f");
    add_argument(name);
    choose(out);
    (void)fprintf(out, "Command /bin/sh -c \"exit 3\"\n");
    ck_assert_int_eq(fclose(out), 0);
    read_options();
    ck_assert_msg(status == 0 && first == 0, "%s", printed);
    memcpy(before, printed, sizeof before);
    read_without_printing(&given);
    memcpy(old, arguments, sizeof old); /* the options point into them */
    old_count = argument_count;

    set_up();
    add_argument("nacre-serve");
    add_argument("-T");
    add_argument("-f");
    add_argument(scratch_write("printed.conf", before, 0600));
    read_options();
    ck_assert_str_eq(printed, before);
    assert_says(printed, "Command /bin/sh -c \"exit 3\"\n");
    read_without_printing(&again);
    expect_same(&given, &again);
    server_options_clear(&given.server);
    server_options_clear(&again.server);
    for (int i = 0; i < old_count; i++)
        free(old[i]);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, set_up, tear_down);
    add_test(suite, the_command_line_wins_over_the_file_and_the_file_over_defaults);
    add_test(suite, the_first_value_wins_and_those_of_repeatable_keywords_add_up);
    add_test(suite, on_the_command_line_a_repeatable_option_replaces_all_of_the_file);
    add_test(suite, forwarding_has_the_keywords_and_values_of_sshd);
    add_test(suite, a_list_that_is_given_twice_is_the_last_one);
    add_test(suite, every_wrong_value_of_a_file_is_reported);
    add_test(suite, with_t_problems_wait_for_those_of_the_program);
    add_test(suite, a_mistake_on_the_command_line_has_status_2_with_a_file_too);
    add_test(suite, verbose_options_count_from_the_level_of_the_file);
    add_test(suite, a_value_that_no_file_can_have_is_not_printed);
    add_test(suite, a_file_may_change_but_for_what_is_fixed);
    add_test(suite, what_is_fixed_may_be_written_in_another_way);
    add_loop(suite, what_is_printed_is_the_configuration_again, 0, 50);
}
