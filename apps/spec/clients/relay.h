/* The standard streams of a client written in C, and its channel. */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A library's channel. No function waits for the server. */
struct relayed {
    ssize_t (*read)(void *channel, bool errors, char *block,
                    size_t len); /* 0 or less: nothing now */
    ssize_t (*write)(void *channel, const char *block,
                     size_t len); /* as much as the window allows */
    void (*write_eof)(void *channel);
    bool (*has_ended)(void *channel); /* called after all has been read */
};

/* Passes on what arrives at either end until the channel has ended. fd is the connection's. */
void relay(const struct relayed *library, void *channel, int fd);

#endif
