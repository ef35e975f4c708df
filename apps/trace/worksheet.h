/* The worksheet of a key exchange: what is hashed to H, and the keys that follow. */
#ifndef NACRE_APPS_TRACE_WORKSHEET_H
#define NACRE_APPS_TRACE_WORKSHEET_H

#include "apps/trace/exchange.h"

#include <stdio.h>

/* Print it: lines "name = hex", with explanations in lines that begin with #. What is missing in
 * the trace is such a line too. */
void worksheet_print(FILE *out, const struct exchange *x);

/* "connection 1, key exchange 1: curve25519-sha256 with SHA-256" */
void worksheet_print_title(FILE *out, const struct exchange *x);

/* H, computed when all its fields are there, otherwise as the trace has it; its length, or 0. */
size_t worksheet_hash(const struct exchange *x, uint8_t *h);

/* Print bytes as hex, with a space after the length field of a string or mpint. */
void worksheet_print_hex(FILE *out, struct bytes b, bool has_length);

#endif
