/* Who is asked for a passphrase: a person on the terminal, or a program. */
#include "apps/client/passphrase.h"
#include "apps/client/caught.h"
#include "apps/terminal/askpass.h"
#include "apps/terminal/prompt.h"
#include "tests/support/notes.h"
#include "tests/support/suite.h"

static int ending;
static bool wanted, answered, cut;
static char answer[8];

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __wrap_caught_end(void);
bool __wrap_askpass_is_wanted(void);
bool __wrap_askpass_ask(const char *question, char *text, size_t size);
bool __wrap_prompt_ask(const char *question, bool echo, char *text, size_t size, bool *too_long);

int __wrap_caught_end(void)
{
    return ending;
}

bool __wrap_askpass_is_wanted(void)
{
    return wanted;
}

bool __wrap_askpass_ask(const char *question, char *text, size_t size)
{
    ck_assert(text == answer && size == sizeof answer);
    note("program %s;", question);
    return answered;
}

bool __wrap_prompt_ask(const char *question, bool echo, char *text, size_t size, bool *too_long)
{
    ck_assert(!echo && text == answer && size == sizeof answer);
    note("person %s;", question);
    if (cut)
        *too_long = true; /* it is left alone otherwise */
    return answered;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

START_TEST(a_person_is_asked_unless_a_program_is_wanted)
{
    static const struct {
        bool wanted, answered, cut;
        int ending;
        bool result;
        const char *calls;
    } rows[] = {
        {false, true, false, 0, true, "person why;"},
        {false, false, false, 0, false, "person why;"},
        {false, true, true, 0, false, "person why;"},
        {true, true, false, 0, true, "program why;"},
        {true, false, false, 0, false, "program why;"},
        {false, true, false, 1, false, ""},
        {true, true, false, 1, false, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wanted = rows[i].wanted;
        answered = rows[i].answered;
        cut = rows[i].cut;
        ending = rows[i].ending;
        ck_assert_int_eq(passphrase_ask("why", answer, sizeof answer), rows[i].result);
        expect_notes(rows[i].calls);
    }
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_person_is_asked_unless_a_program_is_wanted);
}
