/* Is this the server that was meant? Asks the person on first contact, as ssh does. */
#ifndef NACRE_APPS_CLIENT_HOST_KEY_H
#define NACRE_APPS_CLIENT_HOST_KEY_H

#include "apps/client/client.h"

/* For nacre_client_config.host_key. */
enum nacre_answer host_key_accept(struct nacre_client *connection,
                                  const struct nacre_host_key *shown,
                                  enum nacre_host_verdict verdict, const char *sentence);

/* Write the key's type as ssh names it, "ED25519", for a person. */
void host_key_type(char *out, size_t size, const uint8_t *key, size_t len);

#endif
