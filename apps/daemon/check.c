#include "apps/daemon/check.h"

#include "apps/daemon/setup.h"

#include <stdio.h>
#include <string.h>

/* Problems that have been printed */
struct check {
    struct setup setup;
    bool good;
};

static void on_problem(void *context, const char *value, const char *sentence)
{
    struct check *check = context;
    char place[SETUP_SENTENCE_MAX];

    check->good = false;
    (void)config_place(check->setup.options->config.config, value, place, sizeof place);
    (void)fprintf(stderr, "%s: %s\n", place[0] != 0 ? place : check->setup.program->name, sentence);
}

/* A file for all users is read as if somebody logged in: who may write to it, and every line. */
static void check_authorized_keys(struct check *check)
{
    const char *pattern = check->setup.options->authorized_keys;
    const struct nacre_key_login nobody = {
        .version = NACRE_VERSION_NUMBER, .user = "nobody", .key = (const uint8_t *)""};
    char sentences[SETUP_SENTENCE_MAX * 8] = "";
    struct nacre_authorized_keys *keys;

    if (pattern == NULL || strstr(pattern, "%u") != NULL)
        return;
    keys = nacre_authorized_keys_open(pattern);
    if (keys == NULL)
        return;
    (void)nacre_authorized_keys_check(keys, &nobody, NULL, sentences, sizeof sentences);
    nacre_authorized_keys_close(keys);
    for (char *line = strtok(sentences, "\n"); line != NULL; line = strtok(NULL, "\n"))
        on_problem(check, pattern, line);
}

static void check_addresses(struct check *check)
{
    const struct option_list *listen = &check->setup.options->listen;
    char errbuf[SETUP_SENTENCE_MAX];

    for (size_t i = 0; i < listen->count; i++)
        if (!nacre_server_check_address(listen->items[i], errbuf, sizeof errbuf))
            on_problem(check, listen->items[i], errbuf);
}

/* What only the library knows. Without a host key there are other problems, or a key will be made.
 */
static void check_server(struct check *check)
{
    const struct nacre_server_config config = setup_config(&check->setup);
    char errbuf[SETUP_SENTENCE_MAX];

    if (config.host_keys[0] != NULL && check->good &&
        !nacre_server_check(&config, errbuf, sizeof errbuf))
        on_problem(check, NULL, errbuf);
}

bool check_program(const struct server_program *program, const struct server_options *o)
{
    struct check check = {.setup = {.program = program, .options = o, .workers = server_workers(o)},
                          .good = true};
    const struct setup_report report = {
        .context = &check, .problem = on_problem, .all = true, .only_try = true};
    const char *problems = config_problems(o->config.config);

    check.good = problems[0] == 0;
    (void)fputs(problems, stderr);
    check_addresses(&check);
    (void)setup_read(&check.setup, &report);
    check_authorized_keys(&check);
    check_server(&check);
    setup_clear(&check.setup);
    return check.good;
}
