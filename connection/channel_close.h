/* EOF, CLOSE and the end of a channel. RFC 4254 section 5.3. */
#ifndef NACRE_CONNECTION_CHANNEL_CLOSE_H
#define NACRE_CONNECTION_CHANNEL_CLOSE_H

#include "connection/parts.h"

int on_channel_eof(struct nacre_channel *ch, struct reader *r);
int on_channel_close(struct nacre_channel *ch, struct reader *r);

void channel_close_send_eof(struct nacre_channel *ch);
void channel_close_send_close(struct nacre_channel *ch);

/* Both sides have closed, and the application knows; or we refused to open it. */
bool channel_close_is_complete(const struct nacre_channel *ch);

/* Why such a channel is closed. */
struct nacre_end channel_close_reason(const struct nacre_channel *ch);

/* Call closed, then remove the channel. */
void channel_close_finish(struct nacre_channel *ch, const struct nacre_end *why);

#endif
