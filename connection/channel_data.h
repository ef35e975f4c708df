/* Data, extended data and windows. RFC 4254 sections 5.2 and 6.6. */
#ifndef NACRE_CONNECTION_CHANNEL_DATA_H
#define NACRE_CONNECTION_CHANNEL_DATA_H

#include "connection/parts.h"

int on_channel_data(struct nacre_channel *ch, struct reader *r);
int on_channel_extended_data(struct nacre_channel *ch, struct reader *r);
int on_channel_window_adjust(struct nacre_channel *ch, struct reader *r);

/* WINDOW_ADJUST, once enough was accepted. */
void channel_data_adjust_window(struct nacre_channel *ch);

/* Offer what has not been accepted, then report EOF and CLOSE once it all has been. */
void channel_data_deliver(struct nacre_channel *ch);

/* Bytes that can be written now, in one message. */
size_t channel_data_space(const struct nacre_channel *ch);

/* Send what fits. Returns the number of bytes sent. */
size_t channel_data_write(struct nacre_channel *ch, enum stream stream, struct bytes data);

/* Would so many bytes, at most those of one message, be sent at once? If so, send them all. */
bool channel_data_fits(const struct nacre_channel *ch, size_t len);
void channel_data_send(struct nacre_channel *ch, enum stream stream, struct bytes data);

/* Send what fits into one message of what is buffered, also after EOF was asked for. */
size_t channel_data_send_buffered(struct nacre_channel *ch, enum stream stream, struct bytes data);

/* Call writable when there is space, or when there is for a request of so many bytes. */
void channel_data_await_space(struct nacre_channel *ch);
void channel_data_await_request(struct nacre_channel *ch, size_t size);

/* An application that waits for writable may write now. */
void channel_data_offer_space(struct nacre_channel *ch);

/* True when the channel waits for nothing but space in the output. */
bool channel_data_waits_for_output(const struct nacre_channel *ch);

#endif
