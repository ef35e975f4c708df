/* Which key exchanges nacre-trace hash prints, and its status. What it prints of one:
 * tests/apps/trace/worksheet.c and against.c */
#include "apps/trace/commands.h"
#include "tests/support/leftovers.h"
#include "tests/support/printed.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"
#include "tests/support/trace_exchange.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct trace_options options;
static char path[256], *files[] = {path};

/* A session with two key exchanges. */
static void begin(void)
{
    const struct exchange_session session = {
        .kex = "curve25519-sha256", .cipher = "aes128-gcm@openssh.com", .rekeys = true, .seed = 1};

    options = (struct trace_options){.conn = 0};
    (void)snprintf(path, sizeof path, "%s", exchanges_write(&session));
}

static const char *run(int stream, int status)
{
    printed_begin(stream);
    ck_assert_int_eq(hash_run(&options, files), status);
    return printed_end();
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;

    while ((text = strstr(text, part)) != NULL) {
        n++;
        text++;
    }
    return n;
}

START_TEST(every_exchange_is_printed_unless_one_is_chosen)
{
    const char *printed = run(STDOUT_FILENO, 0);

    ck_assert_uint_eq(count(printed, "key exchange 1:"), 1);
    ck_assert_uint_eq(count(printed, "\n\n# connection 1, key exchange 2:"), 1);
    ck_assert_int_eq(printed[0], '#');
    options.exchange = 2;
    printed = run(STDOUT_FILENO, 0);
    ck_assert_uint_eq(count(printed, "key exchange 1:"), 0);
    ck_assert_ptr_eq(strstr(printed, "# connection 1, key exchange 2:"), printed);
}
END_TEST

START_TEST(without_an_exchange_it_fails)
{
    options.exchange = 3;
    ck_assert_str_eq(run(STDERR_FILENO, 1),
                     "nacre-trace: the trace has no key exchange of that number\n");
    (void)scratch_write("trace.json", "{\"trace\":1}\n", 0600);
    ck_assert_str_eq(run(STDERR_FILENO, 1),
                     "nacre-trace: the trace has no key exchange: no two KEXINITs of a "
                     "connection\n");
    (void)scratch_write("trace.json", "nonsense\n", 0600);
    ck_assert_uint_eq(count(run(STDERR_FILENO, 1), "nacre-trace: "), 1); /* not two sentences */
    options.against = "/nonexistent";
    ck_assert_str_eq(run(STDERR_FILENO, 1),
                     "nacre-trace: cannot open /nonexistent: No such file or directory\n");
}
END_TEST

/* Whichever allocation fails. */
START_TEST(without_memory_it_fails)
{
    int status = 1;

    for (unsigned n = 1; status != 0; n++) {
        const char *said;

        printed_begin(STDERR_FILENO);
        leftovers_refuse(n);
        status = hash_run(&options, files);
        leftovers_refuse(0);
        said = printed_end();
        ck_assert_msg((said[0] == 0) == (status == 0), "%u: %d %s", n, status, said);
    }
}
END_TEST

/* With the worksheet of the first: the second is not compared. */
START_TEST(a_log_is_compared_with_the_first_exchange)
{
    char worksheet[1 << 14], log[256];

    options.exchange = 1;
    (void)snprintf(worksheet, sizeof worksheet, "%s", run(STDOUT_FILENO, 0));
    (void)snprintf(log, sizeof log, "%s", scratch_write("log", worksheet, 0600));
    options.exchange = 0;
    options.against = log;
    ck_assert_uint_eq(count(run(STDOUT_FILENO, 0), "key exchange"), 1);
    options.exchange = 2;
    ck_assert_uint_eq(count(run(STDOUT_FILENO, 1), "key exchange 2"), 1);
}
END_TEST

/* K in bytes, then in hex: of the trace, of the LOG, and of what is made of both. */
START_TEST(no_secret_is_in_memory_that_is_given_back)
{
    struct exchanges t = exchanges_read(path);
    struct bytes k = bytes_from(t.x[0].blobs[HASHED_K], 4);
    char hex[2 * 64 + 1], log[256];

    ck_assert_uint_le(k.len, 64);
    for (size_t i = 0; i < k.len; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", k.at[i]);
    options.exchange = 1;
    (void)snprintf(log, sizeof log, "%s", scratch_write("log", run(STDOUT_FILENO, 0), 0600));
    for (int i = 0; i < 4; i++) {
        int status;

        options.against = i % 2 == 1 ? log : NULL;
        printed_begin(STDOUT_FILENO);
        leftovers_secret(i / 2 == 0 ? (const void *)k.at : hex, i / 2 == 0 ? k.len : 2 * k.len);
        status = hash_run(&options, files);
        leftovers_secret(NULL, 0);
        (void)printed_end();
        ck_assert_int_eq(status, 0);
    }
    exchanges_free(&t);
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    suite_fixture(suite, begin, NULL);
    add_test(suite, every_exchange_is_printed_unless_one_is_chosen);
    add_test(suite, without_an_exchange_it_fails);
    add_test(suite, without_memory_it_fails);
    add_test(suite, a_log_is_compared_with_the_first_exchange);
    add_test(suite, no_secret_is_in_memory_that_is_given_back);
}
