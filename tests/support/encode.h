/* A message from its trace: the fields that a JSON trace shows, encoded again. */
#ifndef NACRE_TESTS_SUPPORT_ENCODE_H
#define NACRE_TESTS_SUPPORT_ENCODE_H

#include "tests/support/json.h"
#include "transport/wire.h"

/* Write the message of a JSON object, which shows secrets and all data. False: it has something
 * that no message has, or a field is not what the fields inside it make together. */
bool encode_message(struct json *message, struct writer *w);

#endif
