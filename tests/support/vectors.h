/* Known answers for tests: files of `name = hex` lines.
 *
 * Those in vectors/ name their source in the first line. Larger sets of other projects are outside
 * the tree and are used if they are there. Empty lines and lines that begin with # are skipped. A
 * name may occur more than once: `nth` counts from 0. A file that cannot be read ends the test with
 * a message, so callers need not check. For test programs only: it needs Check. */
#ifndef NACRE_TESTS_SUPPORT_VECTORS_H
#define NACRE_TESTS_SUPPORT_VECTORS_H

#include "crypto/bytes.h"

struct vectors; /* one file in memory, and what was decoded from it */

/* Open vectors/`name`. */
struct vectors *vectors_open(const char *name);

/* Open `name` in the folder of the larger sets: $NACRE_VECTORS, or ../shared/vectors. NULL when it
 * does not exist: the test then passes without it. */
struct vectors *vectors_open_shared(const char *name);

/* The path of `name` in that folder, written to `path` (`size` bytes). False when it is too long
 * or there is no such file. */
bool vectors_shared_path(char *path, size_t size, const char *name);

/* The number of lines with this name. */
size_t vectors_count(const struct vectors *v, const char *name);

/* The bytes of the nth line with this name, which must exist. Valid until vectors_close. */
struct bytes vectors_nth(struct vectors *v, const char *name, size_t nth);

/* The same for a name that occurs once. */
struct bytes vectors_get(struct vectors *v, const char *name);

/* The nth line's value as text, for values that are not hex. */
const char *vectors_text(const struct vectors *v, const char *name, size_t nth);

/* Decode hex: writes at most `size` bytes to `out`, returns how many, or SIZE_MAX if malformed. */
size_t unhex(uint8_t *out, size_t size, const char *hex);

/* Report how many cases of a larger set ran, in one line on standard output. */
void vectors_report(const char *set, size_t cases);

void vectors_close(struct vectors *v);

#endif
