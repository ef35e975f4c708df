/* A real session against a script, with one channel that has number 7 at the script. */
#ifndef NACRE_TESTS_SUPPORT_CHANNEL_SCRIPT_H
#define NACRE_TESTS_SUPPORT_CHANNEL_SCRIPT_H

#include "connection/parts.h"
#include "tests/support/recorder.h"
#include "tests/support/scripted_session.h"
#include "tests/support/suite.h"

#define BAD "disconnect 2;" /* the answer to every protocol error */

extern const uint8_t zeros[64 * 1024];

/* Start a server that has no channel yet. */
void server_start(void);

/* Start a server whose channel has a program. Returns the server's number for the channel. */
uint32_t server_open(uint32_t window, uint32_t max_packet);

/* Start a client with a channel. */
struct nacre_channel *client_open(void);

void stop(void);

/* The script sends these. */
void send_data(uint32_t id, size_t len);
void send_eof(uint32_t id);
void send_close(uint32_t id);
void send_adjust(uint32_t id, uint32_t bytes);

/* The owner ticks the session, as it does after a wake. */
void look(void);

/* Write up to 4000 bytes on the channel. */
size_t write_one(struct nacre_channel *ch);

bool ends_with(const char *text, const char *end);

/* Write on the channel until nothing more is accepted. */
void fill(struct nacre_channel *ch);

#endif
