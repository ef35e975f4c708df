/* A peer whose every byte a test decides. What it needs of RFC 4253 sections 7 and 8 (with
 * curve25519-sha256, ssh-ed25519 and chacha20-poly1305@openssh.com) is written here once more,
 * apart from transport/; only packets, fields and signatures are made by the library. */
#ifndef NACRE_TESTS_SCRIPT_PEER_H
#define NACRE_TESTS_SCRIPT_PEER_H

#include "tests/support/loop_transport.h"

struct end;

enum { SCRIPT_KEXINIT_MAX = 40000 };

/* KEXINIT, field by field. NULL: what a peer without extensions would say. */
struct script_kexinit {
    const char *kex, *host_key, *cipher[2], *mac[2], *compression[2], *languages[2]; /* by role */
    uint8_t follows;
    uint32_t reserved;
    size_t more; /* bytes after the last field */
};

struct script {
    enum nacre_role role;
    struct end *session; /* across from it, instead of a transport alone: then `e` is NULL below */
    const char *version; /* its identification; "SSH-2.0-script" at first */
    bool strict;         /* numbers start anew after NEWKEYS */
    struct pool pool;
    struct random_seeded seed;
    struct random_source random;
    struct nacre_key host_key;
    struct direction sending, receiving;
    struct buffer in, out;
    char peer_version[256]; /* the real end's identification; empty before it came */
    uint8_t kexinit[2][SCRIPT_KEXINIT_MAX]; /* as sent, by role */
    size_t kexinit_len[2];
    uint8_t ephemeral[32], shares[2][32];
    uint8_t secret[64]; /* K, encoded */
    size_t secret_len;
    uint8_t hash[32], session_id[32];
    bool has_session_id;
};

/* strict  its KEXINIT will hold the marker */
void script_init(struct script *s, enum nacre_role role, bool strict);
void script_clear(struct script *s);

/* Both at once: a real end of that role, started, and a script across from it with its
 * identification queued. */
void script_meet(struct script *s, struct loop_end *e, enum nacre_role real, bool strict);
void script_part(struct script *s, struct loop_end *e);

/* script_meet and script_connect; with `login` the real end is in PHASE_CONNECTION afterwards. */
void script_meet_connected(struct script *s, struct loop_end *e, enum nacre_role real, bool login);

/* Bytes go both ways between the script and the real end until nothing moves. */
void script_pump(struct script *s, struct loop_end *e);

/* Queue for sending: bytes as they stand; a message; a message of a number and a string; the
 * identification. */
void script_raw(struct script *s, struct bytes bytes);
void script_send(struct script *s, struct bytes payload);
void script_text(struct script *s, uint8_t number, const char *text);
void script_version(struct script *s);

/* The next message that came, in place until the next call; empty when there is none. */
struct bytes script_next(struct script *s);

/* One with that number must come next. */
struct bytes script_expect(struct script *s, struct loop_end *e, uint8_t number);

/* The messages of a key exchange. Those that take read what script_next gave. */
void script_kexinit(struct script *s, const struct script_kexinit *k);
void script_take_kexinit(struct script *s, struct bytes payload);
void script_init_share(struct script *s);                       /* client: KEX_ECDH_INIT */
void script_take_init(struct script *s, struct bytes payload);  /* server */
void script_reply(struct script *s);                            /* server: KEX_ECDH_REPLY */
void script_take_reply(struct script *s, struct bytes payload); /* client: checks the signature */
void script_newkeys(struct script *s);      /* NEWKEYS, and new keys for what follows */
void script_take_newkeys(struct script *s); /* new keys for what comes */

/* All of an exchange, with that KEXINIT or NULL; until both ends have new keys. */
void script_exchange(struct script *s, struct loop_end *e, const struct script_kexinit *k);

/* Exchange, EXT_INFO if there is any, and the service: the real end is in
 * PHASE_AUTH afterwards. */
void script_connect(struct script *s, struct loop_end *e, const struct script_kexinit *k);

/* Nothing came and the session goes on. */
void script_expect_silence(struct script *s, struct loop_end *e);

/* The real end must have ended: with a DISCONNECT of that reason as its last message. */
void script_expect_disconnect(struct script *s, struct loop_end *e, uint32_t reason);

#endif
