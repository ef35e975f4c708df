/* One message as a trace shows it: as a JSON object (schema 1, nacre-trace(5)) or as text. */
#ifndef NACRE_APPS_OBSERVE_PRINT_H
#define NACRE_APPS_OBSERVE_PRINT_H

#include "apps/observe/decode.h"
#include "apps/observe/line.h"

enum {
    PRINT_DATA = 64,    /* bytes of an application's data that are shown unless all are */
    PRINT_HEX = 64,     /* bytes that text shows in hex unless it shows all data; */
    PRINT_HEX_CUT = 32, /* ... of a longer value it shows so many */
    PRINT_NAME_MAX = LINE_NAME_MAX + LINE_NUMBER_MAX, /* characters of a field's name */
    KEXINIT_LISTS = 10,
};

struct print_options {
    bool secrets; /* show them, otherwise only their lengths */
    bool data;    /* show all data */
};

/* What a key exchange chose from one name-list of KEXINIT. */
struct print_choice {
    struct bytes name; /* empty: nothing */
    const char *why;
};

struct print_message {
    uint64_t us, conn;
    enum nacre_direction direction;
    uint32_t seq;
    const char *phase;
    struct bytes payload;                  /* not empty */
    const struct message_context *context; /* before this message */
    const struct print_choice *chosen;     /* KEXINIT_LISTS of them for a KEXINIT; or NULL */
};

/* Fields that have something to say about a whole message. */
struct print_summary {
    size_t cut; /* bytes of data at the end of the payload that are not shown */
    bool malformed, has_secrets;
    const struct message_row *message; /* NULL: there is no row for it */
    const struct field_choice *kind;   /* "pty-req", or NULL */
};

/* Decode the message without printing it. */
struct print_summary print_summarize(const struct print_message *m, const struct print_options *o);

/* The value of a field as it is shown: without the data that is cut. */
struct bytes print_shown(const struct field *f, const struct print_options *o);

/* Put the name of a field, with the number of the repetition in place of i. */
void print_name(struct line *l, const struct field *f);
/* The same into at most PRINT_NAME_MAX characters. Returns its end. */
char *print_copy_name(char *at, const struct field *f);

/* Both set *s.
 *
 * A JSON object without its last brace: the packet may follow. If it does not fit into the line, it
 * has neither fields nor payload, and "truncated":true. */
void print_json(struct line *l, const struct print_message *m, const struct print_options *o,
                struct print_summary *s);

/* The same as text: a line for the message and one for each field. */
void print_text(struct line *l, const struct print_message *m, const struct print_options *o,
                struct print_summary *s);

/* For text: " 00ff (2 bytes)", and of a value of `whole` bytes that is long or cut "...". */
void print_text_hex(struct line *l, struct bytes value, size_t whole,
                    const struct print_options *o);
/* " not shown (8 bytes)" */
void print_text_length(struct line *l, const char *what, size_t len);

/* The payload in hex, with "--" for each byte of a secret, up to where data is cut. */
void print_payload(struct line *l, const struct print_message *m, const struct print_options *o,
                   const struct print_summary *s);

#endif
