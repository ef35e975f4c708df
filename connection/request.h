/* The known channel requests: how each is read, which side may send it. RFC 4254 sections 6 and 8.
 */
#ifndef NACRE_CONNECTION_REQUEST_H
#define NACRE_CONNECTION_REQUEST_H

#include "connection/channel.h"
#include "transport/pool.h"
#include "transport/wire.h"

/* A request that was read. It owns copies of its texts until request_clear. */
struct parsed_request {
    struct nacre_request request;
    char type[64 + 1];
    char *text, *value; /* allocated, or NULL */
    size_t text_size, value_size;
};

enum request_status {
    REQUEST_READY,
    REQUEST_REFUSED, /* CHANNEL_FAILURE: malformed, not from this side, or a NUL in a text */
    REQUEST_NO_MEMORY,
};

/* Read what follows want_reply. from: the sender's role. */
enum request_status request_read(struct parsed_request *p, struct pool *pool, enum nacre_role from,
                                 struct bytes type, bool want_reply, struct reader *r);
void request_clear(struct parsed_request *p, struct pool *pool);

#endif
