/* Which functions of nacre read and write each message: "make sections" makes the table from the
 * comments on them. */
#ifndef NACRE_APPS_TRACE_HANDLERS_H
#define NACRE_APPS_TRACE_HANDLERS_H

#include <stddef.h>

struct handler {
    const char *message;  /* "SSH_MSG_KEXINIT" */
    const char *way;      /* "received" or "sent" */
    const char *function; /* "on_kexinit" */
    const char *file;     /* "transport/kex.c" */
};

/* Sorted by message and way; the last one has none. */
extern const struct handler handlers[];

#endif
