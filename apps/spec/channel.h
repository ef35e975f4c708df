/* Channels of ours, from RFC 4254 section 5 once more: windows, both directions, and how they end.
 */
#ifndef NACRE_APPS_SPEC_CHANNEL_H
#define NACRE_APPS_SPEC_CHANNEL_H

#include "apps/spec/message.h"

/* What is asked for; members that are not set are usual ones. */
struct opening {
    const char *type; /* "session" */
    bool number_given;
    uint32_t number;     /* our channel number */
    uint32_t window;     /* 0: 1 MiB; the case then adjusts it itself unless it is 0 */
    bool window_zero;    /* a window of 0 */
    uint32_t max_packet; /* 0: 32768 */
    bool max_packet_zero;
    struct bytes rest; /* fields of the type */
};

/* Send CHANNEL_OPEN. */
struct spec_channel *send_open(struct peer *p, struct opening o);

/* Send it and wait for the answer. If it is refused, the case cannot go on: an outcome or a
 * problem.
 */
struct spec_channel *open_channel(struct peer *p, struct opening o);
struct spec_channel *open_session(struct peer *p);

/* Requests without waiting: byte 98, channel, type, want reply, fields as of message(). */
void send_channel_request(struct peer *p, struct spec_channel *ch, const char *type, int want_reply,
                          struct bytes fields);

/* exec, and wait for its success. */
bool run(struct peer *p, struct spec_channel *ch, const char *command);

void send_data(struct peer *p, struct spec_channel *ch, struct bytes data);
void send_adjust(struct peer *p, struct spec_channel *ch, uint32_t bytes);
void send_eof(struct peer *p, struct spec_channel *ch);
void send_close(struct peer *p, struct spec_channel *ch);

/* CLOSE for each channel that the peer has closed and we have not. */
void answer_closes(struct peer *p);

/* All of the data, within the peer's window and its packets, reading meanwhile. */
bool send_all(struct peer *p, struct spec_channel *ch, struct bytes data);

/* Wait until so much was received; for EOF; for CLOSE; for the answer of a CHANNEL_OPEN. */
bool wait_received(struct peer *p, struct spec_channel *ch, size_t len);
bool wait_eof(struct peer *p, struct spec_channel *ch);
bool wait_channel_close(struct peer *p, struct spec_channel *ch);
bool wait_opened(struct peer *p, struct spec_channel *ch);

/* What peer.h's channel_message is set to. */
bool channel_take(struct peer *p, uint8_t number);

/* Skip the case unless the server runs this command of the profile. */
void need_command(struct peer *p, const char *command, const char *what);

#endif
