#include "apps/terminal/askpass.h"
#include "tests/support/scratch.h"
#include "tests/support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[64];

static void use(const char *script)
{
    ck_assert_int_eq(setenv("SSH_ASKPASS", scratch_write("askpass", script, 0700), 1), 0);
}

START_TEST(the_first_line_of_the_program_is_the_answer)
{
    memset(text, 'x', sizeof text);
    use("#!/bin/sh\n[ \"$1\" = 'What is it? ' ] || exit 1\necho 'pass phrase'\necho more\n");
    ck_assert(askpass_ask("What is it? ", text, sizeof text));
    ck_assert_str_eq(text, "pass phrase");
    memset(text, 'x', sizeof text);
    use("#!/bin/sh\nprintf 'pass'\n");
    ck_assert(askpass_ask("What is it? ", text, sizeof text));
    ck_assert_str_eq(text, "pass");
    use("#!/bin/sh\nprintf 'x\\r\\n'\n");
    ck_assert(askpass_ask("What is it? ", text, sizeof text));
    ck_assert_str_eq(text, "x");
    use("#!/bin/sh\necho\n");
    ck_assert(askpass_ask("What is it? ", text, sizeof text));
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(a_program_that_fails_has_no_answer)
{
    static const char *const scripts[] = {
        "#!/bin/sh\necho x; exit 1\n",
        "#!/bin/sh\nexit 0\n",
        "#!/bin/sh\necho x; kill -9 $$\n",
        "#!/bin/sh\nprintf '%0100d\\n' 1\n",
    };

    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        use(scripts[i]);
        ck_assert(!askpass_ask("?", text, sizeof text));
        ck_assert_str_eq(text, "");
    }
    ck_assert_int_eq(setenv("SSH_ASKPASS", scratch_path("none"), 1), 0);
    ck_assert(!askpass_ask("?", text, sizeof text));
    ck_assert_int_eq(unsetenv("SSH_ASKPASS"), 0);
    ck_assert(!askpass_ask("?", text, sizeof text));
}
END_TEST

static bool is_wanted(const char *program, const char *display, const char *require)
{
    ck_assert_int_eq(setenv("SSH_ASKPASS", program, 1), 0);
    ck_assert_int_eq(setenv("DISPLAY", display, 1), 0);
    ck_assert_int_eq(setenv("SSH_ASKPASS_REQUIRE", require, 1), 0);
    return askpass_is_wanted();
}

/* The test has no terminal: setsid takes it away. */
START_TEST(it_is_wanted_where_ssh_wants_it)
{
    (void)setsid();
    (void)unsetenv("WAYLAND_DISPLAY");
    ck_assert(is_wanted("program", ":0", ""));
    ck_assert(!is_wanted("", ":0", ""));
    ck_assert(!is_wanted("program", "", ""));
    ck_assert(!is_wanted("program", ":0", "never"));
    ck_assert(is_wanted("program", "", "force"));
    ck_assert(is_wanted("program", "", "prefer"));
    ck_assert(!is_wanted("", "", "force"));
    ck_assert_int_eq(setenv("WAYLAND_DISPLAY", "wayland-0", 1), 0);
    ck_assert(is_wanted("program", "", ""));
}
END_TEST

void add_tests(struct suite *suite)
{
    scratch_folder(suite);
    add_test(suite, the_first_line_of_the_program_is_the_answer);
    add_test(suite, a_program_that_fails_has_no_answer);
    add_test(suite, it_is_wanted_where_ssh_wants_it);
}
