/* Values of the log as they are printed, in both of its formats. Only printable ASCII is written,
 * so that a value can forge neither a field nor a line, nor steer a terminal. */
#ifndef NACRE_APPS_DAEMON_LOG_VALUE_H
#define NACRE_APPS_DAEMON_LOG_VALUE_H

#include <stddef.h>
#include <stdint.h>

#define LOG_VALUE_MAX 800 /* bytes of a printed value without quotes; "..." marks a cut */

enum { LOG_PRINTED_MAX = LOG_VALUE_MAX + 2 };

/* Print a value; return its length. In logfmt it is in quotes if it is empty or has characters
 * other than A-Z a-z 0-9 . _ : / @ + , % - [ ], with \" \\ \n \r \t, and \xNN for other bytes; in
 * JSON it is a string, with \u00NN for other bytes. */
size_t log_value_logfmt(char out[LOG_PRINTED_MAX], const uint8_t *value, size_t len);
size_t log_value_json(char out[LOG_PRINTED_MAX], const uint8_t *value, size_t len);

#endif
