/* The names of messages, for reports, and as outcomes. */
#ifndef NACRE_APPS_SPEC_NAMES_H
#define NACRE_APPS_SPEC_NAMES_H

#include <stdint.h>

/* "KEXINIT"; NULL: not assigned. */
const char *message_name(uint8_t number);

/* "request-failure": a reply as an outcome. */
const char *message_outcome(uint8_t number);

#endif
