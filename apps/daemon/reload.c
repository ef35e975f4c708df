#include "apps/daemon/reload.h"

#include "apps/daemon/events.h"
#include "apps/daemon/log_output.h"
#include "apps/daemon/notify.h"
#include "apps/daemon/signals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Problems, a sentence per line */
struct problems {
    const struct setup *next;
    char text[SETUP_SENTENCE_MAX * 16];
};

static void on_problem(void *context, const char *value, const char *sentence)
{
    struct problems *problems = context;
    const struct errbuf p = {problems->text, sizeof problems->text};
    char place[SETUP_SENTENCE_MAX / 2];

    (void)config_place(problems->next->options->config.config, value, place, sizeof place);
    (void)errbuf_add(&p, "%s%s%s", place, place[0] != 0 ? ": " : "", sentence);
}

static void log_failure(char *sentences)
{
    char *rest = NULL;

    for (char *s = strtok_r(sentences, "\n", &rest); s != NULL; s = strtok_r(NULL, "\n", &rest)) {
        struct log_line l;

        log_begin(&l, LOG_ERROR, "reload_failed");
        log_text(&l, "reason", s);
        log_end(&l);
    }
}

static void log_success(const struct setup *s)
{
    struct log_line l;

    log_begin(&l, LOG_INFO, "reloaded");
    if (s->options->config.file != NULL)
        log_text(&l, "file", s->options->config.file);
    log_u64(&l, "hostkeys", s->host_keys.count);
    log_end(&l);
}

/* A setup that frees itself when the server has released it. NULL: out of memory. */
static struct setup *new_setup(const struct setup *now)
{
    struct setup *next = calloc(1, sizeof *next);

    if (next == NULL)
        return NULL;
    next->program = now->program;
    next->server = now->server;
    next->workers = now->workers;
    next->sockets = now->sockets;
    next->own = calloc(1, now->program->options_size);
    next->options = next->own;
    if (next->own != NULL)
        return next;
    free(next);
    return NULL;
}

/* False: there are problems. */
static bool read_all(struct setup *next, const struct setup *now, struct problems *problems)
{
    const struct errbuf p = errbuf_in(problems->text, sizeof problems->text);
    const struct server_program *program = now->program;
    const struct setup_report report = {
        .context = problems, .problem = on_problem, .all = true, .before = now};

    return options_reread(program->line, next->own, now->options, program->argc, program->argv,
                          &p) != 0 &&
           setup_read(next, &report);
}

static bool apply(struct setup *next, struct problems *problems)
{
    const struct nacre_server_config config = setup_config(next);

    if (!nacre_server_reconfigure(next->server, &config, problems->text, sizeof problems->text))
        return false;
    log_threshold(next->options->level);
    signals_set_drain(next->options->drain_ms);
    if (next->program->reloaded != NULL)
        next->program->reloaded(next->options);
    return true;
}

/* It may have been renamed. */
static void reopen_log(void)
{
    char text[SETUP_SENTENCE_MAX];
    const struct errbuf p = errbuf_in(text, sizeof text);

    if (!log_reopen(&p))
        log_trouble("log", text);
}

void reload(const struct setup *now)
{
    struct setup *next = new_setup(now);
    struct problems problems = {.next = next, .text = "out of memory"};

    notify_say(NOTIFY_RELOADING, 0);
    reopen_log();
    if (next != NULL && read_all(next, now, &problems) && apply(next, &problems)) {
        log_success(next);
        notify_say(NOTIFY_READY, 0);
        return;
    }
    log_failure(problems.text);
    if (next != NULL)
        setup_released(next);
    notify_say(NOTIFY_RELOAD_FAILED, 0);
}
