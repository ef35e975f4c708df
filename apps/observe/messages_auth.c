/* The messages of authentication: RFC 4252, RFC 4256, PROTOCOL section 3.1. */
#include "apps/observe/messages.h"

#include "transport/message.h"

/* clang-format off */

#define KEY_FIELDS                                                                          \
    {.name = "public key algorithm name", .type = FIELD_STRING},                                            \
    {.name = "public key blob", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_public_key}

static const struct field_row signature[] = {
    {.name = "signature", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_signature},
    {0},
};
static const struct field_choice proof[] = {{"TRUE", NULL, signature}, {NULL, NULL, NULL}};

static const struct field_row publickey[] = {
    {.name = "has signature", .type = FIELD_BOOLEAN, .flags = FIELD_KEY},
    KEY_FIELDS,
    {.type = FIELD_CHOICE, .choices = proof},
    {0},
};
static const struct field_row hostbound[] = {
    {.name = "has signature", .type = FIELD_BOOLEAN, .flags = FIELD_KEY},
    KEY_FIELDS,
    {.name = "server host key", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_public_key},
    {.type = FIELD_CHOICE, .choices = proof},
    {0},
};

static const struct field_row old_password[] = {
    {.name = "plaintext password", .type = FIELD_STRING, .flags = FIELD_SECRET},
    {0},
};
static const struct field_row new_password[] = {
    {.name = "plaintext old password", .type = FIELD_STRING, .flags = FIELD_SECRET},
    {.name = "plaintext new password", .type = FIELD_STRING, .flags = FIELD_SECRET},
    {0},
};
static const struct field_choice change[] = {{"TRUE", NULL, new_password}, {NULL, NULL, old_password}};
static const struct field_row password[] = {
    {.name = "changes password", .type = FIELD_BOOLEAN, .flags = FIELD_KEY},
    {.type = FIELD_CHOICE, .choices = change},
    {0},
};

static const struct field_row interactive[] = {
    {.name = "language tag", .type = FIELD_STRING},
    {.name = "submethods", .type = FIELD_STRING},
    {0},
};

static const struct field_row hostbased[] = {
    {.name = "public key algorithm for host key", .type = FIELD_STRING},
    {.name = "public host key and certificates for client host", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_public_key},
    {.name = "client host name", .type = FIELD_STRING},
    {.name = "user name on the client host", .type = FIELD_STRING},
    {.name = "signature", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_signature},
    {0},
};

static const struct field_row other[] = {
    {.name = "method specific fields", .type = FIELD_REST, .flags = FIELD_SECRET},
    {0},
};

static const struct field_choice methods[] = {
    {"none", "RFC 4252 5.2", NULL},
    {"publickey", "RFC 4252 7", publickey},
    {"publickey-hostbound-v00@openssh.com", "PROTOCOL 3.1", hostbound},
    {"password", "RFC 4252 8", password},
    {"keyboard-interactive", "RFC 4256 3.1", interactive},
    {"hostbased", "RFC 4252 9", hostbased},
    {NULL, NULL, other},
};

static const struct field_row request[] = {
    {.name = "user name", .type = FIELD_STRING},
    {.name = "service name", .type = FIELD_STRING},
    {.name = "method name", .type = FIELD_STRING, .flags = FIELD_KEY},
    {.type = FIELD_CHOICE, .choices = methods},
    {0},
};

static const struct field_row failure[] = {
    {.name = "authentications that can continue", .type = FIELD_NAME_LIST},
    {.name = "partial success", .type = FIELD_BOOLEAN},
    {0},
};

static const struct field_row banner[] = {
    {.name = "message", .type = FIELD_STRING},
    {.name = "language tag", .type = FIELD_STRING},
    {0},
};

static const struct field_row pk_ok[] = {
    {.name = "public key algorithm name from the request", .type = FIELD_STRING},
    {.name = "public key blob from the request", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_public_key},
    {0},
};

static const struct field_row passwd_changereq[] = {
    {.name = "prompt", .type = FIELD_STRING},
    {.name = "language tag", .type = FIELD_STRING},
    {0},
};

static const struct field_row prompt[] = {
    {.name = "prompt[i]", .type = FIELD_STRING},
    {.name = "echo[i]", .type = FIELD_BOOLEAN},
    {0},
};
static const struct field_row info_request[] = {
    {.name = "name", .type = FIELD_STRING},
    {.name = "instruction", .type = FIELD_STRING},
    {.name = "language tag", .type = FIELD_STRING},
    {.name = "num-prompts", .type = FIELD_UINT32},
    {.type = FIELD_REPEAT, .parts = prompt},
    {0},
};

static const struct field_row response[] = {
    {.name = "response[i]", .type = FIELD_STRING, .flags = FIELD_SECRET},
    {0},
};
static const struct field_row info_response[] = {
    {.name = "num-responses", .type = FIELD_UINT32},
    {.type = FIELD_REPEAT, .parts = response},
    {0},
};

static const struct field_row nothing[] = {{0}};

const struct message_row messages_auth[] = {
    {SSH_MSG_USERAUTH_REQUEST, WHEN_ALWAYS, "SSH_MSG_USERAUTH_REQUEST", "RFC 4252 5", request, true},
    {SSH_MSG_USERAUTH_FAILURE, WHEN_ALWAYS, "SSH_MSG_USERAUTH_FAILURE", "RFC 4252 5.1", failure, false},
    {SSH_MSG_USERAUTH_SUCCESS, WHEN_ALWAYS, "SSH_MSG_USERAUTH_SUCCESS", "RFC 4252 5.1", nothing, false},
    {SSH_MSG_USERAUTH_BANNER, WHEN_ALWAYS, "SSH_MSG_USERAUTH_BANNER", "RFC 4252 5.4", banner, false},
    {SSH_MSG_USERAUTH_PK_OK, WHEN_PUBLICKEY, "SSH_MSG_USERAUTH_PK_OK", "RFC 4252 7", pk_ok, false},
    {SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, WHEN_PASSWORD, "SSH_MSG_USERAUTH_PASSWD_CHANGEREQ", "RFC 4252 8", passwd_changereq, false},
    {SSH_MSG_USERAUTH_INFO_REQUEST, WHEN_INTERACTIVE, "SSH_MSG_USERAUTH_INFO_REQUEST", "RFC 4256 3.2", info_request, false},
    {SSH_MSG_USERAUTH_INFO_RESPONSE, WHEN_INTERACTIVE, "SSH_MSG_USERAUTH_INFO_RESPONSE", "RFC 4256 3.4", info_response, true},
    {0},
};

/* clang-format on */
