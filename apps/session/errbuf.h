/* The sentence about a failure: what is wrong, where, and what to do about it. */
#ifndef NACRE_APPS_SESSION_ERRBUF_H
#define NACRE_APPS_SESSION_ERRBUF_H

#include <stdbool.h>
#include <stddef.h>

/* The caller's buffer. */
struct errbuf {
    char *text;
    size_t size; /* bytes, NUL included; 0: the caller does not want the sentence */
};

/* A buffer with no sentence in it. */
struct errbuf errbuf_in(char *text, size_t size);

/* Write the sentence as printf does, cut to the buffer. Always false, for `return
 * errbuf_say(...)`. */
bool errbuf_say(const struct errbuf *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Add a sentence on a line of its own after those that are there. The first one may be cut; a later
 * one is dropped unless it fits. False: it was dropped. */
bool errbuf_add(const struct errbuf *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
