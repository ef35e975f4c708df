#include "apps/echo/commands.h"

#include "apps/session/number.h"
#include "apps/session/repr.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAGE = 4096,       /* bytes of an answer that are made at a time */
    LONGEST_PIECE = 16, /* bytes of "echo: '", one escape and "'\r\n" */
    LINE = 73,          /* chargen: bytes of a line, its newline included */
    CHARACTERS = 94,    /* ... and the characters that it cycles through */
    PERIOD = LINE * CHARACTERS,
    PIECE = 32 * 1024, /* ... and the bytes that it sends at a time */
    SIGNAL_MAX = 64    /* characters of a name */
};

static void end_with_status(struct nacre_channel *ch, uint32_t status)
{
    nacre_channel_exit_status(ch, status);
    nacre_channel_close(ch);
}

/* ---- echo: each chunk of bytes, as Python prints it ---- */

/* Send what is pending. True: nothing is left. */
static bool send_pending(struct nacre_channel *ch, struct echo_session *s)
{
    if (s->pending == NULL)
        return true;
    s->pending_sent +=
        nacre_channel_write(ch, s->pending + s->pending_sent, s->pending_len - s->pending_sent);
    if (s->pending_sent < s->pending_len)
        return false;
    free(s->pending);
    s->pending = NULL;
    return true;
}

/* Send, and keep what the channel does not accept. False: some is pending, or memory is out and the
 * channel is closed. */
static bool send_all(struct nacre_channel *ch, struct echo_session *s, const char *text, size_t len)
{
    size_t n = nacre_channel_write(ch, text, len);

    if (n == len)
        return true;
    s->pending = malloc(len - n);
    if (s->pending == NULL) {
        nacre_channel_close(ch);
        return false;
    }
    memcpy(s->pending, text + n, len - n);
    s->pending_len = len - n;
    s->pending_sent = 0;
    return false;
}

static size_t put(char *stage, const char *text)
{
    size_t n = strlen(text);

    memcpy(stage, text, n);
    return n;
}

/* Answer some of the bytes, one stage at most. Returns how many were consumed. */
static size_t answer_some(struct nacre_channel *ch, struct echo_session *s, const uint8_t *data,
                          size_t len)
{
    char stage[STAGE];
    size_t n = 0, used = 0;

    if (s->chunk_left == 0) {
        s->chunk_left = len;
        s->quote = nacre_repr_quote(data, len);
        n = put(stage, "echo: ");
        stage[n++] = s->quote;
    }
    while (s->chunk_left > 0 && used < len && n < STAGE - LONGEST_PIECE) {
        n += nacre_repr_byte(stage + n, data[used++], s->quote);
        s->chunk_left--;
    }
    if (s->chunk_left == 0) {
        stage[n++] = s->quote;
        n += put(stage + n, "\r\n");
    }
    (void)send_all(ch, s, stage, n);
    return used;
}

static size_t echo_data(struct nacre_channel *ch, struct echo_session *s, const uint8_t *data,
                        size_t len)
{
    size_t used = 0;

    while (used < len && send_pending(ch, s))
        used += answer_some(ch, s, data + used, len - used);
    return used;
}

/* Send what is pending; after EOF, the last words too, and then close. */
static void echo_continue(struct nacre_channel *ch, struct echo_session *s)
{
    static const char last_words[] = "eof received\r\n";

    if (!send_pending(ch, s) || !s->got_eof)
        return;
    if (!s->sent_last_words) {
        s->sent_last_words = true;
        if (!send_all(ch, s, last_words, sizeof last_words - 1))
            return;
    }
    end_with_status(ch, 0);
}

/* ---- cat, discard ---- */

static size_t cat_data(struct nacre_channel *ch, struct echo_session *s, const uint8_t *data,
                       size_t len)
{
    (void)s;
    return nacre_channel_write(ch, data, len);
}

static size_t discard_data(struct nacre_channel *ch, struct echo_session *s, const uint8_t *data,
                           size_t len)
{
    (void)ch;
    (void)s;
    (void)data;
    return len;
}

static void exit_at_eof(struct nacre_channel *ch, struct echo_session *s)
{
    (void)s;
    end_with_status(ch, 0);
}

/* ---- chargen: printable bytes in lines of 72, as RFC 864 suggests ---- */

/* What is sent depends on how much is left: with PERIOD * n - i bytes left, the next one is
 * text[i]. */
static char text[PERIOD + PIECE];
static pthread_once_t text_once = PTHREAD_ONCE_INIT;

static void make_text(void)
{
    for (size_t i = 0; i < sizeof text; i++) {
        size_t left = PERIOD - i % PERIOD;

        text[i] = left % LINE == 0 ? '\n' : (char)('!' + left % CHARACTERS);
    }
}

static void chargen_writable(struct nacre_channel *ch, struct echo_session *s)
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

static bool chargen_start(struct nacre_channel *ch, struct echo_session *s, const char *argument)
{
    if (!number_whole(argument, 0, UINT64_MAX, &s->left))
        return false;
    chargen_writable(ch, s); /* nothing is accepted before the reply; writable follows */
    return true;
}

/* ---- exit, signal ---- */

static bool exit_start(struct nacre_channel *ch, struct echo_session *s, const char *argument)
{
    uint64_t status;

    (void)s;
    if (!number_whole(argument, 0, UINT32_MAX, &status))
        return false;
    end_with_status(ch, (uint32_t)status);
    return true;
}

static bool signal_start(struct nacre_channel *ch, struct echo_session *s, const char *argument)
{
    for (const char *c = argument; *c != 0; c++)
        if (*c < '!' || *c > '~')
            return false;
    if (argument[0] == 0 || strlen(argument) > SIGNAL_MAX)
        return false;
    s->signal = strdup(argument);
    if (s->signal == NULL)
        return false;
    nacre_channel_exit_signal(ch, s->signal, false);
    nacre_channel_close(ch);
    return true;
}

/* ---- the table ---- */

const struct echo_command echo_shell = {
    .data = echo_data, .writable = echo_continue, .eof = echo_continue};

static const struct echo_command commands[] = {
    {.name = "echo",
     .about = "does the same as a shell",
     .data = echo_data,
     .writable = echo_continue,
     .eof = echo_continue},
    {.name = "cat",
     .about = "sends the bytes back as they are",
     .data = cat_data,
     .eof = exit_at_eof},
    {.name = "discard", .about = "sends nothing back", .data = discard_data, .eof = exit_at_eof},
    {.name = "chargen",
     .argument = "N",
     .about = "sends N bytes",
     .start = chargen_start,
     .data = discard_data,
     .writable = chargen_writable},
    {.name = "exit", .argument = "N", .about = "ends with exit status N", .start = exit_start},
    {.name = "signal",
     .argument = "NAME",
     .about = "ends as if killed by signal NAME",
     .start = signal_start},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* The row of a line, and the argument after its one space. NULL: there is no such command. */
static const struct echo_command *find(const char *line, const char **argument)
{
    size_t word = strcspn(line, " ");

    *argument = line[word] == 0 ? NULL : line + word + 1;
    for (size_t i = 0; i < COMMANDS; i++)
        if (strlen(commands[i].name) == word && memcmp(commands[i].name, line, word) == 0)
            return (commands[i].argument != NULL) == (*argument != NULL) ? &commands[i] : NULL;
    return NULL;
}

bool echo_run(struct nacre_channel *ch, struct echo_session *s, const char *line)
{
    const char *argument;
    const struct echo_command *command = find(line, &argument);

    if (command == NULL || (command->start != NULL && !command->start(ch, s, argument)))
        return false;
    s->command = command;
    return true;
}

void echo_session_clear(struct echo_session *s)
{
    free(s->pending);
    free(s->signal);
}

bool echo_command(size_t i, struct option_word *word)
{
    if (i >= COMMANDS)
        return false;
    *word = (struct option_word){commands[i].name, commands[i].argument, commands[i].about};
    return true;
}
