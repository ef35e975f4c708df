/* Channel requests and their answers, in order. RFC 4254 sections 5.4 and 6. */
#ifndef NACRE_CONNECTION_CHANNEL_REQUEST_H
#define NACRE_CONNECTION_CHANNEL_REQUEST_H

#include "connection/parts.h"

int on_channel_request(struct nacre_channel *ch, struct reader *r);
int on_channel_success(struct nacre_channel *ch, struct reader *r);
int on_channel_failure(struct nacre_channel *ch, struct reader *r);

/* The application answers its oldest pending request, or the one that it is asked about now. */
void channel_request_answer(struct nacre_channel *ch, bool granted);

/* Send the answers that no longer wait for an earlier one, while there is space. */
void channel_request_send_replies(struct nacre_channel *ch);

/* The channel closes: refuse the requests that the application has not answered. */
void channel_request_refuse_pending(struct nacre_channel *ch);

/* Begin a request of ours, if it can be sent now: the caller writes the `len` bytes that follow
 * want_reply, and ends it. */
enum nacre_sending channel_request_begin(struct nacre_channel *ch, const char *type,
                                         bool want_reply, size_t len, struct writer *w);
void channel_request_end(struct nacre_channel *ch, bool want_reply, const struct writer *w);

/* Send the exit-status or exit-signal that the application wants. */
void channel_request_send_exit(struct nacre_channel *ch);

#endif
