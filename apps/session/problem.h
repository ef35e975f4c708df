/* Where a function of apps/ puts the sentence that says what is wrong, where, and what to do. */
#ifndef NACRE_APPS_PROBLEM_H
#define NACRE_APPS_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

/* The caller's room: `size` bytes at `text`, the final NUL included; 0 when nobody wants to know.
 */
struct problem {
    char *text;
    size_t size;
};

/* A place to say something, with nothing said so far. */
struct problem problem_in(char *text, size_t size);

/* Say it, as printf does; longer than the room is cut. Always false, for `return problem_say(...)`.
 */
bool problem_say(const struct problem *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
