#include "apps/client/ask.h"

#include "apps/client/client.h"
#include "apps/client/caught.h"
#include "apps/terminal/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = NACRE_PASSWORD_MAX + 1, QUESTION_MAX = 2048 };

/* Copy without carriage returns. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; *text != 0 && n + 1 < size; text++)
        if (*text != '\r')
            out[n++] = *text;
    out[n] = 0;
}

void ask_show(const char *text)
{
    size_t len = strlen(text);
    char *copy = malloc(len + 1);

    if (copy == NULL)
        return;
    copy_text(copy, len + 1, text);
    len = strlen(copy);
    if (len > 0)
        (void)fprintf(stderr, "%s%s", copy, copy[len - 1] == '\n' ? "" : "\n");
    free(copy);
}

/* False: no answer. */
static bool put_question(const char *question, bool echo, char answer[ANSWER_MAX])
{
    bool too_long = false;

    if (caught_end() != 0 || !prompt_ask(question, echo, answer, ANSWER_MAX, &too_long))
        return false;
    if (too_long)
        client_say("an answer may have %d bytes", NACRE_PASSWORD_MAX);
    return !too_long;
}

/* ---- RFC 4252 section 8 ---- */

static bool ask_password(struct client *c, char answer[ANSWER_MAX])
{
    char question[QUESTION_MAX];

    if (c->questions++ > 0)
        (void)fputs("Permission denied, please try again.\n", stderr);
    (void)snprintf(question, sizeof question, "%s@%s's password: ", c->options->user,
                   c->options->host_name);
    return put_question(question, false, answer);
}

static bool ask_new_password(struct client *c, const char *why, char answer[ANSWER_MAX])
{
    char question[QUESTION_MAX], again[ANSWER_MAX];
    bool same = false;

    ask_show(why);
    do {
        (void)snprintf(question, sizeof question, "Enter %s@%s's new password: ", c->options->user,
                       c->options->host_name);
        if (!put_question(question, false, answer))
            return false;
        (void)snprintf(question, sizeof question, "Retype %s@%s's new password: ", c->options->user,
                       c->options->host_name);
        if (!put_question(question, false, again))
            return false;
        same = strcmp(answer, again) == 0;
        explicit_bzero(again, sizeof again);
        if (!same)
            (void)fputs("The passwords differ; try again.\n", stderr);
    } while (!same);
    return true;
}

/* ---- RFC 4256 section 3.2 ---- */

/* As in ssh, each question names who is asked, so that the server cannot pretend to be another
 * program. */
static bool ask_prompts(const struct client *c, const struct nacre_ask *ask,
                        char answers[][ANSWER_MAX])
{
    char question[QUESTION_MAX], prompt[QUESTION_MAX / 2];

    ask_show(ask->name);
    ask_show(ask->instruction);
    for (size_t i = 0; i < ask->count; i++) {
        copy_text(prompt, sizeof prompt, ask->prompts[i].text);
        (void)snprintf(question, sizeof question, "(%s@%s) %s", c->options->user,
                       c->options->host_name, prompt);
        if (!put_question(question, ask->prompts[i].echo, answers[i]))
            return false;
    }
    return true;
}

static bool ask_all(struct client *c, const struct nacre_ask *ask, char answers[][ANSWER_MAX])
{
    switch (ask->kind) {
    case NACRE_ASK_PASSWORD:
        return ask_password(c, answers[0]);
    case NACRE_ASK_NEW_PASSWORD:
        return ask_new_password(c, ask->prompts[0].text, answers[0]);
    case NACRE_ASK_INTERACTIVE:
        break;
    }
    return ask_prompts(c, ask, answers);
}

void ask_person(struct nacre_client *connection, const struct nacre_ask *ask)
{
    struct client *c = nacre_client_context(connection);
    struct nacre_session *session = nacre_client_session(connection);
    const char *responses[NACRE_CLIENT_PROMPTS_MAX];
    char(*answers)[ANSWER_MAX] = calloc(ask->count + 1, sizeof *answers);

    if (answers == NULL || !ask_all(c, ask, answers)) {
        nacre_session_respond(session, NULL, 0);
    } else {
        for (size_t i = 0; i < ask->count; i++)
            responses[i] = answers[i];
        nacre_session_respond(session, responses, ask->count);
    }
    if (answers != NULL)
        explicit_bzero(answers, (ask->count + 1) * sizeof *answers);
    free(answers);
}
