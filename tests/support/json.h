/* A reader for the JSON files of test vectors. It trusts them and reads them whole.
 *
 * Every function accepts NULL for a value and then returns nothing, so that look-ups can be
 * chained. Numbers are integers. Values live until json_free of their root. For tests only. */
#ifndef NACRE_TESTS_SUPPORT_JSON_H
#define NACRE_TESTS_SUPPORT_JSON_H

#include "crypto/bytes.h"

struct json; /* one value */

/* Read a file of the larger vector sets (see tests/support/vectors.h). NULL when it does not exist;
 * a malformed file ends the test. */
struct json *json_open_shared(const char *name);

/* Parse a text. NULL when it is malformed. */
struct json *json_parse(const char *text);

/* The member of an object with this name, or NULL. */
struct json *json_get(struct json *object, const char *name);

/* The first element of an array or member of an object, and the one after it; NULL at the end. */
struct json *json_first(struct json *container);
struct json *json_next(struct json *element);

/* The text of a string; "" for anything else. */
const char *json_text(const struct json *value);

/* Is there a string member of `object` called `name` with this text? */
bool json_is(struct json *object, const char *name, const char *text);

/* Is there an array member of `object` called `name` that holds this string? */
bool json_has(struct json *object, const char *name, const char *text);

/* The value of a number; 0 for anything else. true is 1. */
int64_t json_number(const struct json *value);

/* The bytes of the string member `name` of `object`, which is in hex and must exist. */
struct bytes json_hex(struct json *object, const char *name);

/* The lines of a text as values; every one must be one. Returns how many have that string member.
 * *last, which is freed first, becomes the last of them. */
unsigned json_lines(const char *text, const char *name, const char *member, struct json **last);

void json_free(struct json *root);

#endif
