/* Escape sequences: what a person types for nacre-client itself, while everything else goes to the
 * server. As in ssh, a tilde at the beginning of a line starts one. */
#ifndef NACRE_APPS_CLIENT_ESCAPE_H
#define NACRE_APPS_CLIENT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Orders, as bits of a set. */
enum escape_order {
    ESCAPE_CLOSE = 1,   /* ~. */
    ESCAPE_HELP = 2,    /* ~? */
    ESCAPE_SUSPEND = 4, /* ~^Z */
    ESCAPE_REKEY = 8,   /* ~R */
};

struct escape {
    bool inside_line; /* the next character is not the first of a line */
    bool pending;     /* a tilde was typed that may start a sequence */
};

/* Take the sequences out of what was typed. out, of 2 * len bytes: what is for the server, *out_len
 * of them. Returns the orders; what follows ~. is dropped. */
unsigned escape_filter(struct escape *e, const uint8_t *typed, size_t len, uint8_t *out,
                       size_t *out_len);

/* What ~? prints, with line ends for a terminal in raw mode. */
extern const char escape_help[];

#endif
