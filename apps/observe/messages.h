/* The messages of SSH: what each is called, where it is specified, and which fields it has. One
 * table, from which traces are printed; messages_*.c have its rows.
 *
 * RFC 4250 to 4254, 4256, 4335, 4419, 5656, 8308, 8709 and 8731; OpenSSH's PROTOCOL and the drafts
 * that the rows name. */
#ifndef NACRE_APPS_OBSERVE_MESSAGES_H
#define NACRE_APPS_OBSERVE_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a field is encoded: RFC 4251 section 5. */
enum field_type {
    FIELD_END, /* of a list of rows */
    FIELD_BYTE,
    FIELD_BOOLEAN,
    FIELD_UINT32,
    FIELD_STRING,
    FIELD_NAME_LIST,
    FIELD_MPINT,
    FIELD_BYTES, /* byte[size] */
    FIELD_REST,  /* whatever is left */

    /* No field of its own; always the last row of its list. */
    FIELD_REPEAT, /* `parts`, as often as the uint32 before this row says */
    FIELD_EACH,   /* `parts`, again and again to the end */
    FIELD_CHOICE, /* the rows that the field with FIELD_KEY chooses */
};

enum {
    FIELD_SECRET = 1,   /* never shown unless secrets are */
    FIELD_DATA = 2,     /* of an application: only its beginning is shown */
    FIELD_BINARY = 4,   /* shown in hex even when it happens to be text */
    FIELD_KEY = 8,      /* its value chooses the rows of a FIELD_CHOICE */
    FIELD_OPTIONAL = 16 /* some peers end the message before it */
};

/* A name for a number, "SSH_DISCONNECT_PROTOCOL_ERROR". */
struct field_code {
    uint32_t value;
    const char *name; /* NULL: the end of the list */
};

struct field_row {
    const char *name; /* as in the RFC; "[i]" at its end stands for the number of the repetition */
    enum field_type type;
    uint8_t flags;
    uint16_t size;                      /* of FIELD_BYTES */
    const struct field_row *parts;      /* what is inside a string, or what is repeated */
    const struct field_choice *choices; /* of FIELD_CHOICE */
    const struct field_code *codes;     /* of numbers, or NULL */
};

/* What a value of the key field means: "pty-req", "password". */
struct field_choice {
    const char *value;              /* NULL, in the last row: any other */
    const char *section;            /* "RFC 4254 6.2", or NULL */
    const struct field_row *fields; /* NULL: none */
};

/* Which of several messages with the same number: what the key exchange, the login or a global
 * request made of it. */
enum message_when {
    WHEN_ALWAYS,
    WHEN_DH,
    WHEN_GEX,
    WHEN_ECDH,
    WHEN_CURVE25519,
    WHEN_MLKEM768,
    WHEN_SNTRUP761,
    WHEN_PUBLICKEY,
    WHEN_PASSWORD,
    WHEN_INTERACTIVE,
    WHEN_PORT,   /* a reply to tcpip-forward with port 0 */
    WHEN_PROOFS, /* a reply to hostkeys-prove-00@openssh.com */
};

struct message_row {
    uint8_t number;
    enum message_when when;
    const char *name;    /* "SSH_MSG_KEXINIT" */
    const char *section; /* "RFC 4253 7.1" */
    const struct field_row *fields;
    bool secret_rest; /* what cannot be read may be a secret */
};

/* The i-th row; NULL past the last. */
const struct message_row *message_at(size_t i);

/* The row of a message, the first that is for `kex`, `auth`, `reply` or always. NULL: none. */
const struct message_row *message_find(uint8_t number, enum message_when kex,
                                       enum message_when auth, enum message_when reply);

/* The name of a number, or NULL. */
const char *field_code_name(const struct field_code *codes, uint32_t value);

/* "uint32", "byte": as RFC 4251 writes it; FIELD_BYTES is "byte[n]", FIELD_REST "bytes". */
const char *field_type_name(enum field_type type);

/* What the rows of several files use. Lists of messages end with a row without a name. */
extern const struct message_row messages_transport[], messages_kex[], messages_auth[],
    messages_connection[];
extern const struct field_choice field_channel_requests[];
extern const struct field_row field_public_key[]; /* inside a public key */
extern const struct field_row field_signature[];  /* inside a signature */

#endif
