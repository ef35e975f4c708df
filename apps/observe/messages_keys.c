/* What is inside public keys and signatures: RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709,
 * PROTOCOL.u2f. */
#include "apps/observe/messages.h"

/* clang-format off */

static const struct field_row ed25519[] = {{.name = "key", .type = FIELD_STRING, .flags = FIELD_BINARY}, {0}};
static const struct field_row rsa[] = {{.name = "e", .type = FIELD_MPINT}, {.name = "n", .type = FIELD_MPINT}, {0}};
static const struct field_row ecdsa[] = {
    {.name = "identifier", .type = FIELD_STRING},
    {.name = "Q", .type = FIELD_STRING, .flags = FIELD_BINARY},
    {0},
};
static const struct field_row sk_ed25519[] = {
    {.name = "public key", .type = FIELD_STRING, .flags = FIELD_BINARY},
    {.name = "application", .type = FIELD_STRING},
    {0},
};
static const struct field_row sk_ecdsa[] = {
    {.name = "curve name", .type = FIELD_STRING},
    {.name = "Q", .type = FIELD_STRING, .flags = FIELD_BINARY},
    {.name = "application", .type = FIELD_STRING},
    {0},
};
static const struct field_row other[] = {{.name = "key data", .type = FIELD_REST, .flags = FIELD_BINARY}, {0}};

static const struct field_choice keys[] = {
    {"ssh-ed25519", "RFC 8709 4", ed25519},
    {"ssh-rsa", "RFC 4253 6.6", rsa},
    {"ecdsa-sha2-nistp256", "RFC 5656 3.1", ecdsa},
    {"ecdsa-sha2-nistp384", "RFC 5656 3.1", ecdsa},
    {"ecdsa-sha2-nistp521", "RFC 5656 3.1", ecdsa},
    {"sk-ssh-ed25519@openssh.com", "PROTOCOL.u2f", sk_ed25519},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "PROTOCOL.u2f", sk_ecdsa},
    {NULL, NULL, other},
};

const struct field_row field_public_key[] = {
    {.name = "format identifier", .type = FIELD_STRING, .flags = FIELD_KEY},
    {.type = FIELD_CHOICE, .choices = keys},
    {0},
};

static const struct field_row blob[] = {
    {.name = "signature", .type = FIELD_STRING, .flags = FIELD_BINARY},
    {0},
};
static const struct field_row ecdsa_parts[] = {{.name = "r", .type = FIELD_MPINT}, {.name = "s", .type = FIELD_MPINT}, {0}};
static const struct field_row ecdsa_blob[] = {
    {.name = "ecdsa_signature_blob", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = ecdsa_parts},
    {0},
};
static const struct field_row sk_blob[] = {
    {.name = "signature", .type = FIELD_STRING, .flags = FIELD_BINARY},
    {.name = "flags", .type = FIELD_BYTE},
    {.name = "counter", .type = FIELD_UINT32},
    {0},
};
static const struct field_row sk_ecdsa_blob[] = {
    {.name = "ecdsa_signature", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = ecdsa_parts},
    {.name = "flags", .type = FIELD_BYTE},
    {.name = "counter", .type = FIELD_UINT32},
    {0},
};

static const struct field_choice signatures[] = {
    {"ssh-ed25519", "RFC 8709 6", blob},
    {"ssh-rsa", "RFC 4253 6.6", blob},
    {"rsa-sha2-256", "RFC 8332 3", blob},
    {"rsa-sha2-512", "RFC 8332 3", blob},
    {"ecdsa-sha2-nistp256", "RFC 5656 3.1.2", ecdsa_blob},
    {"ecdsa-sha2-nistp384", "RFC 5656 3.1.2", ecdsa_blob},
    {"ecdsa-sha2-nistp521", "RFC 5656 3.1.2", ecdsa_blob},
    {"sk-ssh-ed25519@openssh.com", "PROTOCOL.u2f", sk_blob},
    {"sk-ecdsa-sha2-nistp256@openssh.com", "PROTOCOL.u2f", sk_ecdsa_blob},
    {NULL, NULL, other},
};

const struct field_row field_signature[] = {
    {.name = "format identifier", .type = FIELD_STRING, .flags = FIELD_KEY},
    {.type = FIELD_CHOICE, .choices = signatures},
    {0},
};

/* clang-format on */
