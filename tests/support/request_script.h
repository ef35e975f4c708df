/* Channel requests from a script, on the channel that channel_script.h opens. */
#ifndef NACRE_TESTS_SUPPORT_REQUEST_SCRIPT_H
#define NACRE_TESTS_SUPPORT_REQUEST_SCRIPT_H

#include "connection/request.h"
#include "tests/support/channel_script.h"

extern uint32_t channel_id;    /* the session's number for the channel */
extern const char long_name[]; /* 64 bytes, the longest allowed */

/* Start a session with a channel that has no program yet. */
void server_with_window(uint32_t window);
void server_with_channel(void);
struct nacre_channel *client_with_channel(void);

/* A request; `bytes` follow its type and want_reply. */
struct body {
    const char *type;
    uint8_t bytes[96];
    size_t len;
    const char *told;
};

enum { BODIES = 9 };

extern const struct body bodies[BODIES];

void send_body(const struct body *b, int want_reply, size_t len);
void send_request(const char *type, int want_reply);
void send_env(int want_reply);

extern const char prove[];

#endif
