/* What a channel of nacre-echo can run: the echo session as its shell, and a few commands. */
#ifndef NACRE_APPS_ECHO_COMMANDS_H
#define NACRE_APPS_ECHO_COMMANDS_H

#include "apps/options/options.h"
#include "connection/channel.h"

struct echo_session;

/* Members as in struct nacre_channel_app; those that a command does not need are NULL. */
struct echo_command {
    const char *name;     /* the first word of an exec command; NULL: the shell */
    const char *argument; /* "N": one more word follows; or NULL */
    const char *about;    /* what it does, as a phrase */
    bool (*start)(struct nacre_channel *ch, struct echo_session *s, const char *argument);
    size_t (*data)(struct nacre_channel *ch, struct echo_session *s, const uint8_t *data,
                   size_t len);
    void (*writable)(struct nacre_channel *ch, struct echo_session *s);
    void (*eof)(struct nacre_channel *ch, struct echo_session *s);
};

/* The state of a channel. */
struct echo_session {
    const struct echo_command *command; /* NULL until shell or exec */
    bool got_eof;

    /* echo */
    uint8_t *pending; /* an answer that the channel has not accepted yet, or NULL */
    size_t pending_len, pending_sent;
    size_t chunk_left; /* bytes to come of the chunk that is being answered */
    char quote;
    bool sent_last_words;

    uint64_t left; /* chargen: bytes to send */
    char *signal;  /* signal: its name */
};

extern const struct echo_command echo_shell;

/* Run a command line, "chargen 100". False: there is no such command. */
bool echo_run(struct nacre_channel *ch, struct echo_session *s, const char *line);

void echo_session_clear(struct echo_session *s);

/* The i-th command, for --help and the manual page. */
bool echo_command(size_t i, struct option_word *word);

#endif
