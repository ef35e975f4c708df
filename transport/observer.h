/* The observer: it sees every message unencrypted, every packet as it is on the wire, every choice
 * of algorithms and every phase change. Traces, counters, key logs and tests are built on it; the
 * library has no other logging. Everything is called on the session's thread. RFC 4253. */
#ifndef NACRE_TRANSPORT_OBSERVER_H
#define NACRE_TRANSPORT_OBSERVER_H

#include "transport/limit.h"

/* Seen from this end of the connection. */
enum nacre_direction {
    NACRE_RECEIVED,
    NACRE_SENT,
};

/* The names negotiated by RFC 4253 section 7.1; static text. A MAC's name is NULL where the cipher
 * authenticates packets itself. */
struct nacre_negotiated {
    const char *kex, *host_key;
    const char *cipher_client_to_server, *cipher_server_to_client;
    const char *mac_client_to_server, *mac_server_to_client;
    bool strict; /* strict kex is in force */
};

/* Any member may be NULL. context is the session's. Pointers are valid during the call only. These
 * are called in the middle of library functions: they may only call functions that read. */
struct nacre_observer {
    /* A message in or out, unencrypted. seq: its sequence number, RFC 4253 section 6.4. phase: what
     * we waited for at that time, as nacre_session_phase returns it. payload: len bytes, the first
     * of which is the message number; passwords are among them. */
    void (*message)(void *context, enum nacre_direction direction, uint32_t seq, const char *phase,
                    const uint8_t *payload, size_t len);
    /* The algorithms that a key exchange chose, the first one and each later one. */
    void (*negotiated)(void *context, const struct nacre_negotiated *choice);
    /* No algorithm in common: the kind ("cipher client to server"), and both name-lists, not
     * NUL-terminated. */
    void (*mismatch)(void *context, const char *kind, const char *client, size_t client_len,
                     const char *server, size_t server_len);
    /* A limit was reached: something is refused or delayed, or the session ends. */
    void (*limited)(void *context, enum nacre_limit limit);
    /* The session now waits for something else: a short name, static text. */
    void (*phase)(void *context, const char *phase);
    /* Key material, for key logs in tests and study only. label, in the order of the calls:
     * 'x'         the ephemeral private number, if the method has one: for Curve25519, 32 bytes as
     *             generated (not clamped); for Diffie-Hellman, the exponent, most significant byte
     *             first; for NIST curves and hybrids there is no such call
     * 'K'         the shared secret, encoded as it enters the exchange hash
     * 'H'         the exchange hash; the first one is the session identifier
     * 'A' to 'F'  the keys of RFC 4253 section 7.2
     * A server's reply leaves after 'H', and a client has not verified the host key yet. */
    void (*secret)(void *context, char label, const uint8_t *bytes, size_t len);
    /* One packet or identification line as it is on the wire, complete: a received packet before it
     * is decrypted, a sent one once it is encrypted. For one packet, the received bytes come before
     * `message`, the sent ones after it. In one direction the calls are in the order of the wire,
     * and together they are every byte of it. Only the last call may show less than a packet: what
     * was received of one whose length is not acceptable. Sent bytes wait in the session's output,
     * and are dropped if the connection is lost. The first call is made by nacre_session_new, which
     * sends our identification. */
    void (*packet)(void *context, enum nacre_direction direction, const uint8_t *bytes, size_t len);
};

#endif
