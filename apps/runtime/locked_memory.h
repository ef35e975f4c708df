/* Memory that never goes to a swap device, and into no core file, for keys: the sessions', and with
 * them all that libcrypto allocates. How much there is the system decides (RLIMIT_MEMLOCK, ulimit
 * -l); when it is used up, ordinary memory takes its place. */
#ifndef NACRE_APPS_RUNTIME_LOCKED_MEMORY_H
#define NACRE_APPS_RUNTIME_LOCKED_MEMORY_H

#include "transport/api.h"

/* Start it, before anything else of this library or of libcrypto is used; once in a process.
 *
 * used_up  called once, on the thread that asks for more than there is, with a sentence; or NULL
 * return   false, with errno, when nothing can be locked, or libcrypto is in use already */
NACRE_API bool nacre_locked_memory_start(void (*used_up)(const char *sentence));

/* For nacre_server_config.secrets and nacre_endpoint_config.secrets, from any thread; private keys
 * that are read from files are in it. Until it is started, and when it is used up: malloc's. */
NACRE_API const struct nacre_memory *nacre_locked_memory(void);

/* Bytes that are locked now. */
NACRE_API size_t nacre_locked_memory_size(void);

#endif
