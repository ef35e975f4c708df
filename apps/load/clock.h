/* The time, for nacre-load's measurements. */
#ifndef NACRE_APPS_LOAD_CLOCK_H
#define NACRE_APPS_LOAD_CLOCK_H

#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_now_ns(void);

#endif
