/* One real session, server or client, against a peer that says whatever a test wants it to: the
 * library's own transport with nothing but a script on top, so that any message can come at any
 * time under real keys. */
#ifndef NACRE_TESTS_SCRIPTED_H
#define NACRE_TESTS_SCRIPTED_H

#include "tests/support/pair.h"
#include "crypto/random.h"
#include "transport/key_pair.h"
#include "transport/parts.h"

enum {
    SCRIPTED_LOG_MAX = 64 * 1024,
    SCRIPTED_CHANNELS = 128,          /* channel numbers of the script's that are counted */
    SCRIPTED_MESSAGE_MAX = 60 * 1024, /* bytes of a message either way */
};

struct scripted {
    struct pair pair; /* of which one end runs; its configs may be changed before scripted_start */
    struct end *real;

    struct transport_config config;
    struct transport t;
    struct pool pool;
    struct random_seeded seed;
    struct random_source random;
    bool reads;   /* the script takes what the session sends; true at first */
    size_t chunk; /* bytes that go over at a time, both ways; 0: all */

    /* What came from the session, from NEWKEYS on and without EXT_INFO and hostkeys-00: "success
     * 7;data 7 5;disconnect 2;". Channel messages are shown with the recipient channel that they
     * name. */
    char log[SCRIPTED_LOG_MAX];
    uint8_t last[SCRIPTED_MESSAGE_MAX]; /* the last of these messages */
    size_t last_len;
    struct {
        uint64_t data, extended, adjusted; /* bytes */
        size_t largest;                    /* bytes in one message */
        uint32_t id;                       /* the session's number, from its confirmation */
    } got[SCRIPTED_CHANNELS];
};

/* Take the other part than the session's. */
void scripted_init(struct scripted *s, enum nacre_role real);

/* Up to the place where the first USERAUTH_REQUEST is read. Clears the log. */
void scripted_start(struct scripted *s);

/* ... and to the connection protocol. Clears the log. */
void scripted_login(struct scripted *s);

/* Free all; nothing of the session may be left. */
void scripted_clear(struct scripted *s);

/* Send a message whose fields are, a letter each: b byte, ? boolean, u uint32 (both int or
 * uint32_t), s string from text, S string and x raw bytes from a pointer and a size_t. Does not
 * run. */
void scripted_send(struct scripted *s, uint8_t number, const char *fields, ...);

/* The message as bytes, number first; and sending such bytes. */
size_t scripted_encode(uint8_t *out, size_t room, uint8_t number, const char *fields, ...);
void scripted_send_bytes(struct scripted *s, const uint8_t *message, size_t len);

/* Move bytes until nothing moves. */
void scripted_run(struct scripted *s);

/* Run, compare what came since the last time, forget it. */
#define scripted_expect(s, expected)                                                               \
    do {                                                                                           \
        scripted_run(s);                                                                           \
        ck_assert_str_eq((s)->log, expected);                                                      \
        (s)->log[0] = 0;                                                                           \
    } while (0)

/* The same for what the session's applications were told. */
#define scripted_told(s, expected)                                                                 \
    do {                                                                                           \
        ck_assert_str_eq((s)->real->log, expected);                                                \
        (s)->real->log[0] = 0;                                                                     \
    } while (0)

/* Open a session channel: the script's number, window and maximum packet size. Returns the server's
 * number. */
uint32_t scripted_open(struct scripted *s, uint32_t id, uint32_t window, uint32_t max_packet);

/* The session (a client) opens a channel and the script confirms it. */
struct nacre_channel *scripted_opened(struct scripted *s, uint32_t id, uint32_t window,
                                      uint32_t max_packet);

#endif
