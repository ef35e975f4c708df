/* Standard input on its way to the peer: at most one piece of it is here, until the channel has
 * accepted it. */
#ifndef NACRE_APPS_CLIENT_INPUT_H
#define NACRE_APPS_CLIENT_INPUT_H

#include "apps/client/escape.h"

enum { INPUT_MAX = 32 * 1024 /* bytes of one read */ };

struct input {
    uint8_t bytes[2 * INPUT_MAX]; /* what escape_filter may make of a piece */
    size_t at, len;               /* of what is still to be sent */
    bool ended;                   /* nothing more can be read */
    bool escapes;                 /* a person types: ~. and the like are commands */
    struct escape escape;
};

/* May more be read now? */
bool input_wants_more(const struct input *in);

/* Read a piece: call it when the descriptor is readable. Returns the set of escape_order that
 * the person typed. */
unsigned input_read(struct input *in, int fd);

#endif
