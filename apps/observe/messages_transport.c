/* The messages of the transport, except those of a key exchange method: RFC 4253, RFC 8308,
 * PROTOCOL section 1.8. */
#include "apps/observe/messages.h"

#include "transport/message.h"

/* clang-format off */

/* RFC 4250 section 4.2.2 */
static const struct field_code reasons[] = {
    {1, "SSH_DISCONNECT_HOST_NOT_ALLOWED_TO_CONNECT"},
    {2, "SSH_DISCONNECT_PROTOCOL_ERROR"},
    {3, "SSH_DISCONNECT_KEY_EXCHANGE_FAILED"},
    {4, "SSH_DISCONNECT_RESERVED"},
    {5, "SSH_DISCONNECT_MAC_ERROR"},
    {6, "SSH_DISCONNECT_COMPRESSION_ERROR"},
    {7, "SSH_DISCONNECT_SERVICE_NOT_AVAILABLE"},
    {8, "SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED"},
    {9, "SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE"},
    {10, "SSH_DISCONNECT_CONNECTION_LOST"},
    {11, "SSH_DISCONNECT_BY_APPLICATION"},
    {12, "SSH_DISCONNECT_TOO_MANY_CONNECTIONS"},
    {13, "SSH_DISCONNECT_AUTH_CANCELLED_BY_USER"},
    {14, "SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE"},
    {15, "SSH_DISCONNECT_ILLEGAL_USER_NAME"},
    {0},
};

static const struct field_row disconnect[] = {
    {.name = "reason code", .type = FIELD_UINT32, .codes = reasons},
    {.name = "description", .type = FIELD_STRING},
    {.name = "language tag", .type = FIELD_STRING, .flags = FIELD_OPTIONAL},
    {0},
};

static const struct field_row data[] = {
    {.name = "data", .type = FIELD_STRING, .flags = FIELD_DATA},
    {0},
};

static const struct field_row unimplemented[] = {
    {.name = "packet sequence number of rejected message", .type = FIELD_UINT32},
    {0},
};

static const struct field_row debug[] = {
    {.name = "always_display", .type = FIELD_BOOLEAN},
    {.name = "message", .type = FIELD_STRING},
    {.name = "language tag", .type = FIELD_STRING},
    {0},
};

static const struct field_row service_request[] = {
    {.name = "service name", .type = FIELD_STRING},
    {0},
};

static const struct field_row service_accept[] = {
    {.name = "service name", .type = FIELD_STRING, .flags = FIELD_OPTIONAL},
    {0},
};

/* RFC 8308 section 3: the values of extensions */
static const struct field_row value_names[] = {{.name = "extension-value", .type = FIELD_NAME_LIST}, {0}};
static const struct field_row value_text[] = {{.name = "extension-value", .type = FIELD_STRING}, {0}};

static const struct field_row compression[] = {
    {.name = "compression_algorithms_client_to_server", .type = FIELD_NAME_LIST},
    {.name = "compression_algorithms_server_to_client", .type = FIELD_NAME_LIST},
    {0},
};
static const struct field_row value_compression[] = {
    {.name = "extension-value", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = compression},
    {0},
};

static const struct field_choice extensions[] = {
    {"server-sig-algs", "RFC 8308 3.1", value_names},
    {"delay-compression", "RFC 8308 3.2", value_compression},
    {"no-flow-control", "RFC 8308 3.3", value_text},
    {"elevation", "RFC 8308 3.4", value_text},
    {"ping@openssh.com", "PROTOCOL 1.8", value_text},
    {"ext-info-in-auth@openssh.com", "PROTOCOL 1.10", value_text},
    {"publickey-hostbound@openssh.com", "PROTOCOL 3.1", value_text},
    {NULL, NULL, value_text},
};

static const struct field_row extension[] = {
    {.name = "extension-name", .type = FIELD_STRING, .flags = FIELD_KEY},
    {.type = FIELD_CHOICE, .choices = extensions},
    {0},
};

static const struct field_row ext_info[] = {
    {.name = "nr-extensions", .type = FIELD_UINT32},
    {.type = FIELD_REPEAT, .parts = extension},
    {0},
};

static const struct field_row kexinit[] = {
    {.name = "cookie", .type = FIELD_BYTES, .size = 16, .flags = FIELD_BINARY},
    {.name = "kex_algorithms", .type = FIELD_NAME_LIST},
    {.name = "server_host_key_algorithms", .type = FIELD_NAME_LIST},
    {.name = "encryption_algorithms_client_to_server", .type = FIELD_NAME_LIST},
    {.name = "encryption_algorithms_server_to_client", .type = FIELD_NAME_LIST},
    {.name = "mac_algorithms_client_to_server", .type = FIELD_NAME_LIST},
    {.name = "mac_algorithms_server_to_client", .type = FIELD_NAME_LIST},
    {.name = "compression_algorithms_client_to_server", .type = FIELD_NAME_LIST},
    {.name = "compression_algorithms_server_to_client", .type = FIELD_NAME_LIST},
    {.name = "languages_client_to_server", .type = FIELD_NAME_LIST},
    {.name = "languages_server_to_client", .type = FIELD_NAME_LIST},
    {.name = "first_kex_packet_follows", .type = FIELD_BOOLEAN},
    {.name = "reserved", .type = FIELD_UINT32},
    {0},
};

static const struct field_row nothing[] = {{0}};

const struct message_row messages_transport[] = {
    {SSH_MSG_DISCONNECT, WHEN_ALWAYS, "SSH_MSG_DISCONNECT", "RFC 4253 11.1", disconnect, false},
    {SSH_MSG_IGNORE, WHEN_ALWAYS, "SSH_MSG_IGNORE", "RFC 4253 11.2", data, false},
    {SSH_MSG_UNIMPLEMENTED, WHEN_ALWAYS, "SSH_MSG_UNIMPLEMENTED", "RFC 4253 11.4", unimplemented, false},
    {SSH_MSG_DEBUG, WHEN_ALWAYS, "SSH_MSG_DEBUG", "RFC 4253 11.3", debug, false},
    {SSH_MSG_SERVICE_REQUEST, WHEN_ALWAYS, "SSH_MSG_SERVICE_REQUEST", "RFC 4253 10", service_request, false},
    {SSH_MSG_SERVICE_ACCEPT, WHEN_ALWAYS, "SSH_MSG_SERVICE_ACCEPT", "RFC 4253 10", service_accept, false},
    {SSH_MSG_EXT_INFO, WHEN_ALWAYS, "SSH_MSG_EXT_INFO", "RFC 8308 2.3", ext_info, false},
    {SSH_MSG_KEXINIT, WHEN_ALWAYS, "SSH_MSG_KEXINIT", "RFC 4253 7.1", kexinit, false},
    {SSH_MSG_NEWKEYS, WHEN_ALWAYS, "SSH_MSG_NEWKEYS", "RFC 4253 7.3", nothing, false},
    {SSH_MSG_PING, WHEN_ALWAYS, "SSH_MSG_PING", "PROTOCOL 1.8", data, false},
    {SSH_MSG_PONG, WHEN_ALWAYS, "SSH_MSG_PONG", "PROTOCOL 1.8", data, false},
    {0},
};

/* clang-format on */
