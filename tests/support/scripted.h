/* One real session, server or client, against a script: the library's own transport with nothing
 * above it, so that a test can send any message at any time under real keys. */
#ifndef NACRE_TESTS_SUPPORT_SCRIPTED_H
#define NACRE_TESTS_SUPPORT_SCRIPTED_H

#include "tests/support/pair.h"
#include "crypto/random.h"
#include "transport/key_pair.h"
#include "transport/parts.h"

enum {
    SCRIPTED_LOG_MAX = 64 * 1024,
    SCRIPTED_CHANNELS = 128,           /* channel numbers of the script that are counted */
    SCRIPTED_MESSAGE_MAX = 264 * 1024, /* bytes of a message in either direction */
};

struct scripted {
    struct pair
        pair; /* one end of it runs; its configurations may be changed before scripted_start */
    struct end *real;

    struct transport_config config;
    struct transport t;
    struct pool pool;
    struct random_seeded seed;
    struct random_source random;
    bool reads;   /* the script receives what the session sends; true at first */
    size_t chunk; /* bytes delivered at a time, in both directions; 0: all */

    /* The session's messages after NEWKEYS, without EXT_INFO and hostkeys-00: "success 7;data 7
     * 5;disconnect 2;". Channel messages have their recipient channel. */
    char log[SCRIPTED_LOG_MAX];
    uint8_t last[SCRIPTED_MESSAGE_MAX]; /* the last of these messages */
    size_t last_len;
    struct {
        uint64_t data, extended, adjusted; /* bytes */
        size_t largest;                    /* bytes in one message */
        uint32_t id;                       /* the session's number, from its confirmation */
    } got[SCRIPTED_CHANNELS];
};

/* Prepare a session of that role, and a script in the other role. */
void scripted_init(struct scripted *s, enum nacre_role real);

/* Run until the first USERAUTH_REQUEST can be sent. Clears the log. */
void scripted_start(struct scripted *s);

/* The same, and log in. Clears the log. */
void scripted_login(struct scripted *s);

/* Free everything; checks that the session released all its memory. */
void scripted_clear(struct scripted *s);

/* Send a message. Each letter of `fields` is a field: b byte, ? boolean, u uint32 (both int or
 * uint32_t), s string from text, S string and x raw bytes from a pointer and a size_t. Delivers
 * nothing yet. */
void scripted_send(struct scripted *s, uint8_t number, const char *fields, ...);

/* Encode a message as bytes, number first; send such bytes. */
size_t scripted_encode(uint8_t *out, size_t room, uint8_t number, const char *fields, ...);
void scripted_send_bytes(struct scripted *s, const uint8_t *message, size_t len);

/* Deliver bytes until none are left. */
void scripted_run(struct scripted *s);

/* Run, compare the log, and clear it. */
#define scripted_expect(s, expected)                                                               \
    do {                                                                                           \
        scripted_run(s);                                                                           \
        ck_assert_str_eq((s)->log, expected);                                                      \
        (s)->log[0] = 0;                                                                           \
    } while (0)

/* The same for the log of the session's applications. */
#define scripted_told(s, expected)                                                                 \
    do {                                                                                           \
        ck_assert_str_eq((s)->real->log, expected);                                                \
        (s)->real->log[0] = 0;                                                                     \
    } while (0)

/* Open a session channel with the script's number, window and maximum packet size. Returns the
 * server's number. */
uint32_t scripted_open(struct scripted *s, uint32_t id, uint32_t window, uint32_t max_packet);

/* The session, a client, opens a channel, and the script confirms it. */
struct nacre_channel *scripted_opened(struct scripted *s, uint32_t id, uint32_t window,
                                      uint32_t max_packet);

#endif
