/* Memory for keys that is never written to a swap device or a core file. It serves sessions, and
 * everything that libcrypto allocates. The system limits it (RLIMIT_MEMLOCK, ulimit -l); when it is
 * used up, ordinary memory takes its place. The memory may be used from any thread. */
#ifndef NACRE_APPS_RUNTIME_LOCKED_MEMORY_H
#define NACRE_APPS_RUNTIME_LOCKED_MEMORY_H

#include "transport/api.h"

/* Start using it: once in a process, before any other use of this library or of libcrypto. In a
 * child after a fork the memory can be used, but is not locked.
 *
 * used_up  called once, with a sentence, on the thread that asks for more than there is, or NULL;
 *          in the middle of an allocation, so it must not call this library. It must stay valid as
 *          long as the process
 * return   false, with errno, when no memory can be locked, or libcrypto is in use already */
NACRE_API bool nacre_locked_memory_start(void (*used_up)(const char *sentence));

/* For nacre_server_config.secrets and nacre_endpoint_config.secrets, from any thread. Never NULL,
 * and it lives as long as the process. Private keys that are read from files are in it too. Before
 * the start, and when it is used up, this is malloc.
 */
NACRE_API const struct nacre_memory *nacre_locked_memory(void);

/* Bytes that are locked now. From any thread. */
NACRE_API size_t nacre_locked_memory_size(void);

#endif
