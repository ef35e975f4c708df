/* A mutex that is held for a few dozen instructions, and never across a call that may wait: a
 * thread that finds it locked spins a few times before it asks the kernel (glibc's adaptive kind).
 */
#ifndef NACRE_APPS_RUNTIME_SHORT_LOCK_H
#define NACRE_APPS_RUNTIME_SHORT_LOCK_H

#include <pthread.h>

#ifdef PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#define SHORT_LOCK PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP
#else
#define SHORT_LOCK PTHREAD_MUTEX_INITIALIZER
#endif

#endif
