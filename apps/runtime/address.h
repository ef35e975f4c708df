/* HOST:PORT as a person writes it. From any thread; the text is not kept. */
#ifndef NACRE_APPS_RUNTIME_ADDRESS_H
#define NACRE_APPS_RUNTIME_ADDRESS_H

#include "transport/api.h"

/* Is it an address as `listen` of a server and nacre_client_connect accept it: HOST:PORT,
 * [HOST]:PORT for IPv6, or :PORT? Whether such a host exists is not looked up, so true promises
 * only the form. */
NACRE_API bool nacre_address_is_good(const char *address);

#endif
