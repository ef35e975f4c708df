/* A mutex that is held for some dozens of instructions, never across a call that may wait: who
 * finds it taken looks again a few times before it asks the kernel (glibc's adaptive kind). */
#ifndef NACRE_APPS_RUNTIME_SHORT_LOCK_H
#define NACRE_APPS_RUNTIME_SHORT_LOCK_H

#include <pthread.h>

#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#define SHORT_LOCK PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#else
#define SHORT_LOCK PTHREAD_MUTEX_INITIALIZER
#endif

#endif
