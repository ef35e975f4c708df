#include "apps/echo/echo.h"

#include "apps/daemon/login.h"
#include "apps/echo/repr.h"
#include "apps/session/number.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAGE = 4096,    /* bytes of answer made at a time */
    LINE = 73,       /* chargen: bytes of a line, its end included */
    CHARACTERS = 94, /* ... and from which it goes round */
    PERIOD = LINE * CHARACTERS,
    PIECE = 32 * 1024,    /* bytes of it sent at a time */
    LONGEST_PIECE = 16,   /* of "echo: '", one escape, "'\r\n" */
    NO_SUCH_COMMAND = 127 /* the exit status that shells have for it */
};

struct session;

/* A program that a channel runs. Members as in struct nacre_channel_app. */
struct program {
    const char *name;  /* the first word of an exec command; NULL: the shell */
    bool has_argument; /* one more word */
    bool (*start)(struct nacre_channel *ch, struct session *s, const char *argument);
    size_t (*data)(struct nacre_channel *ch, struct session *s, const uint8_t *data, size_t len);
    void (*writable)(struct nacre_channel *ch, struct session *s);
    void (*eof)(struct nacre_channel *ch, struct session *s);
};

struct session {
    const struct program *program; /* NULL until shell or exec */
    uint8_t *rest;                 /* answer that was made and not accepted yet, or NULL */
    size_t rest_len, rest_sent;
    size_t chunk_left; /* bytes of the chunk being answered that are still to come */
    char quote;
    bool got_eof; /* from the peer */
    bool said_last_words;
    uint64_t left; /* chargen: bytes to go */
    char *signal;  /* signal: the name */
};

static const struct channel_events *tell;

void echo_set_events(const struct channel_events *events)
{
    tell = events;
}

static void end_with_status(struct nacre_channel *ch, uint32_t status)
{
    nacre_channel_exit_status(ch, status);
    nacre_channel_close(ch);
}

/* ---- the shell: each chunk answered as Python prints it ---- */

/* Send what was made before. True when none is left. */
static bool send_rest(struct nacre_channel *ch, struct session *s)
{
    if (s->rest == NULL)
        return true;
    s->rest_sent += nacre_channel_write(ch, s->rest + s->rest_sent, s->rest_len - s->rest_sent);
    if (s->rest_sent < s->rest_len)
        return false;
    free(s->rest);
    s->rest = NULL;
    return true;
}

/* Send; keep what is not accepted. False: some is left, or memory is out (the channel is closed
 * then). */
static bool send_all(struct nacre_channel *ch, struct session *s, const char *text, size_t len)
{
    size_t n = nacre_channel_write(ch, text, len);

    if (n == len)
        return true;
    s->rest = malloc(len - n);
    if (s->rest == NULL) {
        nacre_channel_close(ch);
        return false;
    }
    memcpy(s->rest, text + n, len - n);
    s->rest_len = len - n;
    s->rest_sent = 0;
    return false;
}

static size_t put(char *stage, const char *text)
{
    size_t n = strlen(text);

    memcpy(stage, text, n);
    return n;
}

/* Answer some of the bytes, a stage full at the most. Returns how many were used up. */
static size_t answer_some(struct nacre_channel *ch, struct session *s, const uint8_t *data,
                          size_t len)
{
    char stage[STAGE];
    size_t n = 0, used = 0;

    if (s->chunk_left == 0) {
        s->chunk_left = len;
        s->quote = repr_quote(data, len);
        n = put(stage, "echo: ");
        stage[n++] = s->quote;
    }
    while (s->chunk_left > 0 && used < len && n < STAGE - LONGEST_PIECE) {
        n += repr_byte(stage + n, data[used++], s->quote);
        s->chunk_left--;
    }
    if (s->chunk_left == 0) {
        stage[n++] = s->quote;
        n += put(stage + n, "\r\n");
    }
    (void)send_all(ch, s, stage, n);
    return used;
}

static size_t shell_data(struct nacre_channel *ch, struct session *s, const uint8_t *data,
                         size_t len)
{
    size_t used = 0;

    while (used < len && send_rest(ch, s))
        used += answer_some(ch, s, data + used, len - used);
    return used;
}

/* What is left to say; after EOF the last words, then the end. */
static void shell_go_on(struct nacre_channel *ch, struct session *s)
{
    static const char last_words[] = "eof received\r\n";

    if (!send_rest(ch, s) || !s->got_eof)
        return;
    if (!s->said_last_words) {
        s->said_last_words = true;
        if (!send_all(ch, s, last_words, sizeof last_words - 1))
            return;
    }
    end_with_status(ch, 0);
}

/* ---- exec commands ---- */

static size_t cat_data(struct nacre_channel *ch, struct session *s, const uint8_t *data, size_t len)
{
    (void)s;
    return nacre_channel_write(ch, data, len);
}

static size_t discard_data(struct nacre_channel *ch, struct session *s, const uint8_t *data,
                           size_t len)
{
    (void)ch;
    (void)s;
    (void)data;
    return len;
}

static void exit_at_eof(struct nacre_channel *ch, struct session *s)
{
    (void)s;
    end_with_status(ch, 0);
}

/* Printable bytes in lines of 72, as RFC 864's generator sends them. What comes depends on how much
 * is left: the byte with PERIOD * n - i bytes left, itself included, is text[i]. */
static char text[PERIOD + PIECE];
static pthread_once_t text_once = PTHREAD_ONCE_INIT;

static void make_text(void)
{
    for (size_t i = 0; i < sizeof text; i++) {
        size_t left = PERIOD - i % PERIOD;

        text[i] = left % LINE == 0 ? '\n' : (char)('!' + left % CHARACTERS);
    }
}

static void chargen_writable(struct nacre_channel *ch, struct session *s)
{
    size_t n, sent;

    (void)pthread_once(&text_once, make_text);
    while (s->left > 0) {
        n = s->left < PIECE ? (size_t)s->left : PIECE;
        sent = nacre_channel_write(ch, text + (PERIOD - s->left % PERIOD) % PERIOD, n);
        s->left -= sent;
        if (sent < n)
            return;
    }
    end_with_status(ch, 0);
}

static bool chargen_start(struct nacre_channel *ch, struct session *s, const char *argument)
{
    if (!number_whole(argument, 0, UINT64_MAX, &s->left))
        return false;
    chargen_writable(ch, s); /* nothing is accepted before the answer; writable follows */
    return true;
}

static bool exit_start(struct nacre_channel *ch, struct session *s, const char *argument)
{
    uint64_t status;

    (void)s;
    if (!number_whole(argument, 0, UINT32_MAX, &status))
        return false;
    end_with_status(ch, (uint32_t)status);
    return true;
}

static bool signal_start(struct nacre_channel *ch, struct session *s, const char *argument)
{
    for (const char *c = argument; *c != 0; c++)
        if (*c < '!' || *c > '~')
            return false;
    if (argument[0] == 0 || strlen(argument) > 64)
        return false;
    s->signal = strdup(argument);
    if (s->signal == NULL)
        return false;
    nacre_channel_exit_signal(ch, s->signal, false);
    nacre_channel_close(ch);
    return true;
}

static const struct program shell = {
    .data = shell_data, .writable = shell_go_on, .eof = shell_go_on};

static const struct program commands[] = {
    {.name = "echo", .data = shell_data, .writable = shell_go_on, .eof = shell_go_on},
    {.name = "cat", .data = cat_data, .eof = exit_at_eof},
    {.name = "discard", .data = discard_data, .eof = exit_at_eof},
    {.name = "chargen",
     .has_argument = true,
     .start = chargen_start,
     .data = discard_data,
     .writable = chargen_writable},
    {.name = "exit", .has_argument = true, .start = exit_start},
    {.name = "signal", .has_argument = true, .start = signal_start},
};

/* "chargen 100": the row, and the argument after one space; NULL when there is no such command. */
static const struct program *find_command(const char *line, const char **argument)
{
    size_t word = strcspn(line, " ");

    *argument = line[word] == 0 ? NULL : line + word + 1;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strlen(commands[i].name) == word && memcmp(commands[i].name, line, word) == 0)
            return commands[i].has_argument == (*argument != NULL) ? &commands[i] : NULL;
    return NULL;
}

static bool run(struct nacre_channel *ch, struct session *s, const char *line)
{
    const char *argument;
    const struct program *program = find_command(line, &argument);

    if (program == NULL || (program->start != NULL && !program->start(ch, s, argument)))
        return false;
    s->program = program;
    return true;
}

/* ---- the channel ---- */

static enum nacre_answer on_open(struct nacre_channel *ch)
{
    struct session *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NACRE_REFUSE;
    nacre_channel_set_data(ch, s);
    tell->opened(ch);
    return NACRE_GRANT;
}

static bool wants_program(const struct nacre_request *request)
{
    return request->kind == NACRE_REQUEST_SHELL || request->kind == NACRE_REQUEST_EXEC ||
           request->kind == NACRE_REQUEST_SUBSYSTEM;
}

static bool grant(struct nacre_channel *ch, struct session *s, const struct nacre_request *request)
{
    const struct nacre_key_grant *allowed = login_grant(nacre_channel_context(ch));

    if (allowed->command != NULL && wants_program(request))
        return run(ch, s, allowed->command); /* whatever the client asks for: sshd(8) */
    switch (request->kind) {
    case NACRE_REQUEST_SHELL:
        s->program = &shell;
        return true;
    case NACRE_REQUEST_EXEC:
        return run(ch, s, request->text);
    case NACRE_REQUEST_PTY:
        return allowed->pty;
    case NACRE_REQUEST_ENV:
    case NACRE_REQUEST_WINDOW_CHANGE:
    case NACRE_REQUEST_SIGNAL:
        return true;
    default:
        return false;
    }
}

static enum nacre_answer on_request(struct nacre_channel *ch, const struct nacre_request *request)
{
    struct session *s = nacre_channel_data(ch);
    bool had_program = s->program != NULL;
    bool granted = grant(ch, s, request);

    tell->requested(ch, request, granted);
    if (!granted && !request->want_reply && wants_program(request))
        end_with_status(ch, NO_SUCH_COMMAND); /* or a client that cannot hear no waits for ever */
    if (granted && s->got_eof && !had_program && s->program != NULL && s->program->eof != NULL)
        s->program->eof(ch, s); /* the peer had said all before it asked for a program */
    return granted ? NACRE_GRANT : NACRE_REFUSE;
}

/* What comes before the program has begun waits for it. */
static size_t on_data(struct nacre_channel *ch, const uint8_t *data, size_t len)
{
    struct session *s = nacre_channel_data(ch);

    return s->program == NULL || s->program->data == NULL ? 0 : s->program->data(ch, s, data, len);
}

static void on_writable(struct nacre_channel *ch)
{
    struct session *s = nacre_channel_data(ch);

    if (s->program != NULL && s->program->writable != NULL)
        s->program->writable(ch, s);
}

static void on_eof(struct nacre_channel *ch)
{
    struct session *s = nacre_channel_data(ch);

    tell->eof(ch);
    s->got_eof = true;
    if (s->program != NULL && s->program->eof != NULL)
        s->program->eof(ch, s);
}

static void on_close(struct nacre_channel *ch)
{
    tell->close(ch);
}

static void on_closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct session *s = nacre_channel_data(ch);

    tell->closed(ch, why);
    if (s != NULL) {
        free(s->rest);
        free(s->signal);
        free(s);
    }
}

const struct nacre_channel_app echo_app = {
    .open = on_open,
    .data = on_data,
    .writable = on_writable,
    .request = on_request,
    .eof = on_eof,
    .close = on_close,
    .closed = on_closed,
};
