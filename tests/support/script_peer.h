/* A peer whose every byte a test decides. It implements RFC 4253 sections 7 and 8
 * (curve25519-sha256, ssh-ed25519 and chacha20-poly1305@openssh.com) independently of transport/;
 * only packets, fields and signatures are the library's. */
#ifndef NACRE_TESTS_SUPPORT_SCRIPT_PEER_H
#define NACRE_TESTS_SUPPORT_SCRIPT_PEER_H

#include "tests/support/loop_transport.h"

struct end;

enum { SCRIPT_KEXINIT_MAX = 40000 };

/* KEXINIT, field by field. NULL: the field of a peer without extensions. */
struct script_kexinit {
    const char *kex, *host_key, *cipher[2], *mac[2], *compression[2], *languages[2]; /* by role */
    uint8_t follows;
    uint32_t reserved;
    size_t more; /* bytes after the last field */
};

struct script {
    enum nacre_role role;
    struct end *session; /* the other end, if it is a session and not only a transport: then `e` is
                            NULL below */
    const char *version; /* its identification; "SSH-2.0-script" at first */
    bool strict;         /* sequence numbers are reset after NEWKEYS */
    struct pool pool;
    struct random_seeded seed;
    struct random_source random;
    struct nacre_key host_key;
    struct direction sending, receiving;
    struct buffer in, out;
    char peer_version[256]; /* the real end's identification; empty until received */
    uint8_t kexinit[2][SCRIPT_KEXINIT_MAX]; /* as sent, by role */
    size_t kexinit_len[2];
    uint8_t ephemeral[32], shares[2][32];
    uint8_t secret[64]; /* K, encoded */
    size_t secret_len;
    uint8_t hash[32], session_id[32];
    bool has_session_id;
};

/* strict  its KEXINIT has the marker of strict key exchange */
void script_init(struct script *s, enum nacre_role role, bool strict);
void script_clear(struct script *s);

/* Start a real end of that role, and a script at the other end that has queued its
 * identification. */
void script_meet(struct script *s, struct loop_end *e, enum nacre_role real, bool strict);
void script_part(struct script *s, struct loop_end *e);

/* script_meet and script_connect; with `login` the real end is then in PHASE_CONNECTION. */
void script_meet_connected(struct script *s, struct loop_end *e, enum nacre_role real, bool login);

/* Deliver bytes in both directions until none are left. */
void script_pump(struct script *s, struct loop_end *e);

/* Queue raw bytes, a message, a message with a number and a string, or the identification. */
void script_raw(struct script *s, struct bytes bytes);
void script_send(struct script *s, struct bytes payload);
void script_text(struct script *s, uint8_t number, const char *text);
void script_version(struct script *s);

/* The next message received, valid until the next call; empty if there is none. */
struct bytes script_next(struct script *s);

/* The next message, which must have that number. */
struct bytes script_expect(struct script *s, struct loop_end *e, uint8_t number);

/* The messages of a key exchange. Functions named take process what script_next returned. */
void script_kexinit(struct script *s, const struct script_kexinit *k);
void script_take_kexinit(struct script *s, struct bytes payload);
void script_init_share(struct script *s);                       /* client: KEX_ECDH_INIT */
void script_take_init(struct script *s, struct bytes payload);  /* server */
void script_reply(struct script *s);                            /* server: KEX_ECDH_REPLY */
void script_take_reply(struct script *s, struct bytes payload); /* client: verifies the signature */
void script_newkeys(struct script *s);      /* NEWKEYS, and new keys for sending */
void script_take_newkeys(struct script *s); /* new keys for receiving */

/* A whole key exchange, with that KEXINIT or NULL. */
void script_exchange(struct script *s, struct loop_end *e, const struct script_kexinit *k);

/* Key exchange, EXT_INFO if there is any, and service request: the real end is then in
 * PHASE_AUTH. */
void script_connect(struct script *s, struct loop_end *e, const struct script_kexinit *k);

/* Nothing was received, and the session continues. */
void script_expect_silence(struct script *s, struct loop_end *e);

/* The real end has ended, and its last message was a DISCONNECT with that reason. */
void script_expect_disconnect(struct script *s, struct loop_end *e, uint32_t reason);

#endif
