/* What may look on: every message after decryption, every choice and every phase change.
 * Trace, counters, key logs and tests hang here; the library has no other logging. */
#ifndef NACRE_TRANSPORT_OBSERVER_H
#define NACRE_TRANSPORT_OBSERVER_H

#include "transport/limit.h"

enum nacre_direction {
    NACRE_RECEIVED,
    NACRE_SENT,
};

/* The names RFC 4253 section 7.1 negotiated; static text. MAC names are NULL where the cipher
 * authenticates by itself. */
struct nacre_negotiated {
    const char *kex, *host_key;
    const char *cipher_client_to_server, *cipher_server_to_client;
    const char *mac_client_to_server, *mac_server_to_client;
    bool strict; /* strict kex is in force */
};

/* Any member may be NULL. context is the session's. Pointers passed are lent for the call. Must not
 * call back into the session. */
struct nacre_observer {
    /* A message in or out, after decryption and before encryption. seq: its sequence number, RFC
     * 4253 section 6.4. phase: what we waited for then, as nacre_session_phase says it. payload:
     * len bytes, of which the first is the message number; passwords are in there too. */
    void (*message)(void *context, enum nacre_direction direction, uint32_t seq, const char *phase,
                    const uint8_t *payload, size_t len);
    /* The algorithms of a key exchange, the first and each later one. */
    void (*negotiated)(void *context, const struct nacre_negotiated *choice);
    /* There is none in common: the kind ("cipher"), and both name-lists, not NUL-terminated. */
    void (*mismatch)(void *context, const char *kind, const char *client, size_t client_len,
                     const char *server, size_t server_len);
    /* A limit was met: something was refused or slowed down, or the session ends for it. */
    void (*limited)(void *context, enum nacre_limit limit);
    /* We now wait for something else: a short name, static text. */
    void (*phase)(void *context, const char *phase);
    /* Key material, for key logs in tests and studies only: label is 'A' to 'F' of RFC 4253
     * section 7.2, or 'K' for the encoded shared secret. */
    void (*secret)(void *context, char label, const uint8_t *bytes, size_t len);
};

#endif
