/* Known answers for tests: files of `name = hex` lines.
 *
 * Our own lie in vectors/, each with its source in its first line; larger sets that belong to
 * others lie outside of the tree and are used when they are there. Empty lines and lines that begin
 * with # are skipped. A name may come again: `nth` counts its appearances from 0. Reading problems
 * end the test with a message, so results need no check. For test programs only: needs Check. */
#ifndef NACRE_TESTS_VECTORS_H
#define NACRE_TESTS_VECTORS_H

#include "crypto/bytes.h"

struct vectors; /* one file in memory, and what was decoded from it */

/* Open vectors/`name`. */
struct vectors *vectors_open(const char *name);

/* Open `name` in the folder of the larger sets: $NACRE_VECTORS, or ../shared/vectors. NULL when it
 * is not there: the test then passes without it. */
struct vectors *vectors_open_shared(const char *name);

/* The path of `name` in that folder, written to `path` (`size` bytes). False when it is too long
 * or there is no such file. */
bool vectors_shared_path(char *path, size_t size, const char *name);

/* How many lines have this name. */
size_t vectors_count(const struct vectors *v, const char *name);

/* The bytes of the nth line with this name; it must be there. They live until vectors_close. */
struct bytes vectors_nth(struct vectors *v, const char *name, size_t nth);

/* The same for names that appear once. */
struct bytes vectors_get(struct vectors *v, const char *name);

/* The nth line's value as it is written, for values that are not hex. */
const char *vectors_text(const struct vectors *v, const char *name, size_t nth);

/* Decode hex: writes at most `size` bytes to `out`, returns how many, or SIZE_MAX if malformed. */
size_t unhex(uint8_t *out, size_t size, const char *hex);

/* Say how many cases of a larger set ran: one line on standard output. */
void vectors_report(const char *set, size_t cases);

void vectors_close(struct vectors *v);

#endif
