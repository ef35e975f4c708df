/* A real session with one channel, which a script on the other end calls 7. */
#ifndef NACRE_TESTS_SUPPORT_CHANNEL_SCRIPT_H
#define NACRE_TESTS_SUPPORT_CHANNEL_SCRIPT_H

#include "connection/parts.h"
#include "tests/support/recorder.h"
#include "tests/support/scripted_session.h"
#include "tests/support/suite.h"

#define BAD "disconnect 2;" /* what every breach of the protocol is answered with */

extern const uint8_t zeros[64 * 1024];

/* A server without a channel yet. */
void server_start(void);

/* A server with a channel, 7 to the script, that has a program. Returns the server's number. */
uint32_t server_open(uint32_t window, uint32_t max_packet);

/* A client with a channel. */
struct nacre_channel *client_open(void);

void stop(void);

/* The script sends. */
void send_data(uint32_t id, size_t len);
void send_eof(uint32_t id);
void send_close(uint32_t id);
void send_adjust(uint32_t id, uint32_t bytes);

/* The owner looks, as it does when it is woken. */
void look(void);

/* The application writes up to 4000 bytes. */
size_t write_one(struct nacre_channel *ch);

bool ends_with(const char *text, const char *end);

/* Fill the output: the application writes as much as is accepted. */
void fill(struct nacre_channel *ch);

#endif
