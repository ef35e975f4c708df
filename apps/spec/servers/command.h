/* The commands of servers written in C, which run them without a shell: cat, discard, "produce N"
 * and "exit N". */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct command {
    bool reads;      /* until EOF */
    bool sends_back; /* what it reads */
    size_t produce;  /* bytes, if it does not read */
    int status;
};

struct command command_of(const char *text);

#endif
