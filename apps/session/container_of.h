/* From a member of a struct to the struct: how a callback finds its owner. */
#ifndef NACRE_APPS_SESSION_CONTAINER_OF_H
#define NACRE_APPS_SESSION_CONTAINER_OF_H

#include <stddef.h>
#include <stdint.h>

/* The struct of this type that contains *pointer as its member. */
/* clang-format off */
#define container_of(pointer, type, member) \
    ((type *)(void *)((char *)(uintptr_t)(pointer) - offsetof(type, member)))
/* clang-format on */

#endif
