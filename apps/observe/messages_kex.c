/* The messages of the key exchange methods: RFC 4253 section 8, RFC 4419, RFC 5656, RFC 8731,
 * RFC 9941 and draft-ietf-sshm-mlkem-hybrid-kex. */
#include "apps/observe/messages.h"

#include "transport/message.h"

enum {
    X25519 = 32, /* bytes of a public key */
    MLKEM768_KEY = 1184,
    MLKEM768_CIPHERTEXT = 1088,
    SNTRUP761_KEY = 1158,
    SNTRUP761_CIPHERTEXT = 1039,
};

/* Numbers of RFC 4419 section 5 */
enum { GEX_REQUEST_OLD = 30, GEX_GROUP = 31, GEX_INIT = 32, GEX_REPLY = 33, GEX_REQUEST = 34 };

/* clang-format off */

#define HOST_KEY {.name = "K_S", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_public_key}
#define SIGNATURE {.name = "signature", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_signature}

static const struct field_row dh_init[] = {{.name = "e", .type = FIELD_MPINT}, {0}};
static const struct field_row dh_reply[] = {HOST_KEY, {.name = "f", .type = FIELD_MPINT}, SIGNATURE, {0}};

static const struct field_row ecdh_init[] = {
    {.name = "Q_C", .type = FIELD_STRING, .flags = FIELD_BINARY},
    {0},
};
static const struct field_row ecdh_reply[] = {
    HOST_KEY,
    {.name = "Q_S", .type = FIELD_STRING, .flags = FIELD_BINARY},
    SIGNATURE,
    {0},
};

/* draft-ietf-sshm-mlkem-hybrid-kex sections 2.1 and 2.3.3 */
static const struct field_row mlkem_init_parts[] = {
    {.name = "C_PK2", .type = FIELD_BYTES, .size = MLKEM768_KEY, .flags = FIELD_BINARY},
    {.name = "C_PK1", .type = FIELD_BYTES, .size = X25519, .flags = FIELD_BINARY},
    {0},
};
static const struct field_row mlkem_reply_parts[] = {
    {.name = "S_CT2", .type = FIELD_BYTES, .size = MLKEM768_CIPHERTEXT, .flags = FIELD_BINARY},
    {.name = "S_PK1", .type = FIELD_BYTES, .size = X25519, .flags = FIELD_BINARY},
    {0},
};
static const struct field_row mlkem_init[] = {
    {.name = "C_INIT", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = mlkem_init_parts},
    {0},
};
static const struct field_row mlkem_reply[] = {
    HOST_KEY,
    {.name = "S_REPLY", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = mlkem_reply_parts},
    SIGNATURE,
    {0},
};

static const struct field_row sntrup_init_parts[] = {
    {.name = "sntrup761 public key", .type = FIELD_BYTES, .size = SNTRUP761_KEY, .flags = FIELD_BINARY},
    {.name = "X25519 public key", .type = FIELD_BYTES, .size = X25519, .flags = FIELD_BINARY},
    {0},
};
static const struct field_row sntrup_reply_parts[] = {
    {.name = "sntrup761 ciphertext", .type = FIELD_BYTES, .size = SNTRUP761_CIPHERTEXT, .flags = FIELD_BINARY},
    {.name = "X25519 public key", .type = FIELD_BYTES, .size = X25519, .flags = FIELD_BINARY},
    {0},
};
static const struct field_row sntrup_init[] = {
    {.name = "Q_C", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = sntrup_init_parts},
    {0},
};
static const struct field_row sntrup_reply[] = {
    HOST_KEY,
    {.name = "Q_S", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = sntrup_reply_parts},
    SIGNATURE,
    {0},
};

static const struct field_row gex_request[] = {
    {.name = "min", .type = FIELD_UINT32},
    {.name = "n", .type = FIELD_UINT32},
    {.name = "max", .type = FIELD_UINT32},
    {0},
};
static const struct field_row gex_request_old[] = {{.name = "n", .type = FIELD_UINT32}, {0}};
static const struct field_row gex_group[] = {{.name = "p", .type = FIELD_MPINT}, {.name = "g", .type = FIELD_MPINT}, {0}};

const struct message_row messages_kex[] = {
    {SSH_MSG_KEX_ECDH_INIT, WHEN_ECDH, "SSH_MSG_KEX_ECDH_INIT", "RFC 5656 4", ecdh_init, false},
    {SSH_MSG_KEX_ECDH_REPLY, WHEN_ECDH, "SSH_MSG_KEX_ECDH_REPLY", "RFC 5656 4", ecdh_reply, false},
    {SSH_MSG_KEX_ECDH_INIT, WHEN_CURVE25519, "SSH_MSG_KEX_ECDH_INIT", "RFC 8731 3", ecdh_init, false},
    {SSH_MSG_KEX_ECDH_REPLY, WHEN_CURVE25519, "SSH_MSG_KEX_ECDH_REPLY", "RFC 8731 3", ecdh_reply, false},
    {SSH_MSG_KEX_ECDH_INIT, WHEN_MLKEM768, "SSH_MSG_KEX_HYBRID_INIT", "draft-ietf-sshm-mlkem-hybrid-kex 2.1", mlkem_init, false},
    {SSH_MSG_KEX_ECDH_REPLY, WHEN_MLKEM768, "SSH_MSG_KEX_HYBRID_REPLY", "draft-ietf-sshm-mlkem-hybrid-kex 2.1", mlkem_reply, false},
    {SSH_MSG_KEX_ECDH_INIT, WHEN_SNTRUP761, "SSH_MSG_KEX_ECDH_INIT", "RFC 9941 3", sntrup_init, false},
    {SSH_MSG_KEX_ECDH_REPLY, WHEN_SNTRUP761, "SSH_MSG_KEX_ECDH_REPLY", "RFC 9941 3", sntrup_reply, false},
    {SSH_MSG_KEX_ECDH_INIT, WHEN_DH, "SSH_MSG_KEXDH_INIT", "RFC 4253 8", dh_init, false},
    {SSH_MSG_KEX_ECDH_REPLY, WHEN_DH, "SSH_MSG_KEXDH_REPLY", "RFC 4253 8", dh_reply, false},
    {GEX_REQUEST, WHEN_GEX, "SSH_MSG_KEX_DH_GEX_REQUEST", "RFC 4419 3", gex_request, false},
    {GEX_REQUEST_OLD, WHEN_GEX, "SSH_MSG_KEX_DH_GEX_REQUEST_OLD", "RFC 4419 5", gex_request_old, false},
    {GEX_GROUP, WHEN_GEX, "SSH_MSG_KEX_DH_GEX_GROUP", "RFC 4419 3", gex_group, false},
    {GEX_INIT, WHEN_GEX, "SSH_MSG_KEX_DH_GEX_INIT", "RFC 4419 3", dh_init, false},
    {GEX_REPLY, WHEN_GEX, "SSH_MSG_KEX_DH_GEX_REPLY", "RFC 4419 3", dh_reply, false},
    {0},
};

/* clang-format on */
