/* Where a function of apps/ puts the sentence that says what is wrong, where, and what to do. */
#ifndef NACRE_APPS_SESSION_ERRBUF_H
#define NACRE_APPS_SESSION_ERRBUF_H

#include <stdbool.h>
#include <stddef.h>

/* The caller's room: `size` bytes at `text`, the final NUL included; 0 when nobody wants to know.
 */
struct errbuf {
    char *text;
    size_t size;
};

/* A place to say something, with nothing said so far. */
struct errbuf errbuf_in(char *text, size_t size);

/* Say it, as printf does; longer than the room is cut. Always false, for `return errbuf_say(...)`.
 */
bool errbuf_say(const struct errbuf *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
