/* The server's questions to the person. The terminal is not there: each question takes the next
 * answer of a list. */
#include "apps/client/ask.h"
#include "apps/client/caught.h"
#include "apps/client/client.h"
#include "apps/terminal/prompt.h"
#include "tests/support/notes.h"
#include "tests/support/printed.h"
#include "tests/support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct client_options options;
static struct client client;
static const char *const *answers; /* NULL ends them; "long" is too long */
static int ending;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__wrap_nacre_client_context(const struct nacre_client *connection);
struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection);
void __wrap_nacre_session_respond(struct nacre_session *session, const char *const *responses,
                                  size_t count);
bool __wrap_prompt_ask(const char *question, bool echo, char *text, size_t size, bool *too_long);
int __wrap_caught_end(void);

void *__wrap_nacre_client_context(const struct nacre_client *connection)
{
    (void)connection;
    return &client;
}

struct nacre_session *__wrap_nacre_client_session(const struct nacre_client *connection)
{
    (void)connection;
    return NULL;
}

void __wrap_nacre_session_respond(struct nacre_session *session, const char *const *responses,
                                  size_t count)
{
    ck_assert_ptr_null(session);
    if (responses == NULL) {
        ck_assert_uint_eq(count, 0);
        note("nothing;");
        return;
    }
    note("respond");
    for (size_t i = 0; i < count; i++)
        note(" %s", responses[i]);
    note(";");
}

bool __wrap_prompt_ask(const char *question, bool echo, char *text, size_t size, bool *too_long)
{
    const char *answer = *answers;

    note("%s%s|", echo ? "echo " : "", question);
    ck_assert_uint_eq(size, NACRE_PASSWORD_MAX + 1);
    if (answer == NULL)
        return false;
    answers++;
    *too_long = strcmp(answer, "long") == 0;
    (void)snprintf(text, size, "%s", answer);
    return true;
}

int __wrap_caught_end(void)
{
    return ending;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void begin(void)
{
    options = (struct client_options){.user = "al", .host_name = "host"};
    client = (struct client){.options = &options};
    ending = 0;
    noted[0] = 0;
}

/* What was asked and sent, and what was printed. */
static void expect(const struct nacre_ask *ask, const char *const *given, const char *calls,
                   const char *printed)
{
    answers = given;
    printed_begin(STDERR_FILENO);
    ask_person(NULL, ask);
    expect_printed(printed);
    expect_notes(calls);
}

#define ANSWERS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct nacre_prompt new_password[] = {{.text = "It is old\n"}};
static const struct nacre_prompt prompts[] = {{.text = "One\r: ", .echo = true}, {.text = "Two: "}};
static const struct nacre_ask for_password = {.kind = NACRE_ASK_PASSWORD, .count = 1};
static const struct nacre_ask for_new = {
    .kind = NACRE_ASK_NEW_PASSWORD, .prompts = new_password, .count = 1};
static const struct nacre_ask for_answers = {.kind = NACRE_ASK_INTERACTIVE,
                                             .name = "Name",
                                             .instruction = "Do\rthis\n",
                                             .prompts = prompts,
                                             .count = 2};

START_TEST(a_password_is_asked_for_as_ssh_does)
{
    begin();
    expect(&for_password, ANSWERS("a"), "al@host's password: |respond a;", "");
    expect(&for_password, ANSWERS("b"), "al@host's password: |respond b;",
           "Permission denied, please try again.\n");
    ck_assert_uint_eq(client.questions, 2);
}
END_TEST

START_TEST(without_an_answer_nothing_is_sent)
{
    static const char *const none[] = {NULL};

    begin();
    expect(&for_password, none, "al@host's password: |nothing;", "");
    begin();
    expect(&for_password, ANSWERS("long"),
           "al@host's password: |say an answer may have 1024 bytes;nothing;", "");
    begin();
    ending = 15;
    expect(&for_password, ANSWERS("a"), "nothing;", "");
    expect(&for_answers, ANSWERS("a", "b"), "nothing;", "Name\nDothis\n");
}
END_TEST

#define NEW "Enter al@host's new password: |"
#define AGAIN "Retype al@host's new password: |"

START_TEST(a_new_password_is_typed_twice)
{
    static const char *const none[] = {NULL};

    begin();
    expect(&for_new, ANSWERS("n", "n"), NEW AGAIN "respond n;", "It is old\n");
    expect(&for_new, ANSWERS("n", "m", "o", "o"), NEW AGAIN NEW AGAIN "respond o;",
           "It is old\nThe passwords differ; try again.\n");
    expect(&for_new, none, NEW "nothing;", "It is old\n");
    expect(&for_new, ANSWERS("n"), NEW AGAIN "nothing;", "It is old\n");
}
END_TEST

START_TEST(each_prompt_of_the_server_names_who_is_asked)
{
    begin();
    expect(&for_answers, ANSWERS("1", "2"), "echo (al@host) One: |(al@host) Two: |respond 1 2;",
           "Name\nDothis\n");
    expect(&for_answers, ANSWERS("1"), "echo (al@host) One: |(al@host) Two: |nothing;",
           "Name\nDothis\n");
}
END_TEST

START_TEST(a_prompt_without_end_is_cut)
{
    static char text[1100], expected[1100];
    const struct nacre_prompt prompt[] = {{.text = text}};
    const struct nacre_ask ask = {.kind = NACRE_ASK_INTERACTIVE,
                                  .name = "",
                                  .instruction = "",
                                  .prompts = prompt,
                                  .count = 1};

    memset(text, 'x', sizeof text - 1);
    (void)snprintf(expected, sizeof expected, "(al@host) %.1023s|respond 1;", text);
    begin();
    expect(&ask, ANSWERS("1"), expected, "");
}
END_TEST

START_TEST(a_text_of_the_server_ends_with_a_line_end)
{
    printed_begin(STDERR_FILENO);
    ask_show("");
    ask_show("\r");
    ask_show("one\rtwo");
    ask_show("three\r\n");
    expect_printed("onetwo\nthree\n");
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, a_password_is_asked_for_as_ssh_does);
    add_test(suite, without_an_answer_nothing_is_sent);
    add_test(suite, a_new_password_is_typed_twice);
    add_test(suite, each_prompt_of_the_server_names_who_is_asked);
    add_test(suite, a_prompt_without_end_is_cut);
    add_test(suite, a_text_of_the_server_ends_with_a_line_end);
}
