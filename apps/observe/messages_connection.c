/* The messages of the connection protocol: RFC 4254, RFC 4335, PROTOCOL section 2,
 * draft-ietf-sshm-hostkey-update. */
#include "apps/observe/messages.h"

#include "transport/message.h"

/* clang-format off */

static const struct field_row nothing[] = {{0}};
static const struct field_row other[] = {{.name = "type-specific data", .type = FIELD_REST}, {0}};

/* ---- global requests ---- */

static const struct field_row tcpip_forward[] = {
    {.name = "address to bind", .type = FIELD_STRING},
    {.name = "port number to bind", .type = FIELD_UINT32},
    {0},
};
static const struct field_row socket_path[] = {{.name = "socket path", .type = FIELD_STRING}, {0}};

static const struct field_row hostkey[] = {
    {.name = "hostkeys", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_public_key},
    {0},
};
static const struct field_row hostkeys[] = {{.type = FIELD_EACH, .parts = hostkey}, {0}};

static const struct field_choice global_requests[] = {
    {"tcpip-forward", "RFC 4254 7.1", tcpip_forward},
    {"cancel-tcpip-forward", "RFC 4254 7.1", tcpip_forward},
    {"streamlocal-forward@openssh.com", "PROTOCOL 2.4", socket_path},
    {"cancel-streamlocal-forward@openssh.com", "PROTOCOL 2.4", socket_path},
    {"no-more-sessions@openssh.com", "PROTOCOL 2.2", NULL},
    {"hostkeys-00@openssh.com", "draft-ietf-sshm-hostkey-update 2.1", hostkeys},
    {"hostkeys-prove-00@openssh.com", "draft-ietf-sshm-hostkey-update 2.2", hostkeys},
    {"keepalive@openssh.com", NULL, other},
    {NULL, NULL, other},
};

static const struct field_row global_request[] = {
    {.name = "request name", .type = FIELD_STRING, .flags = FIELD_KEY},
    {.name = "want reply", .type = FIELD_BOOLEAN},
    {.type = FIELD_CHOICE, .choices = global_requests},
    {0},
};

static const struct field_row port[] = {{.name = "port that was bound on the server", .type = FIELD_UINT32}, {0}};
static const struct field_row proof[] = {
    {.name = "signatures", .type = FIELD_STRING, .flags = FIELD_BINARY, .parts = field_signature},
    {0},
};
static const struct field_row proofs[] = {{.type = FIELD_EACH, .parts = proof}, {0}};
static const struct field_row response[] = {{.name = "response specific data", .type = FIELD_REST}, {0}};

/* ---- channels ---- */

/* RFC 4254 section 5.1 */
static const struct field_code open_reasons[] = {
    {1, "SSH_OPEN_ADMINISTRATIVELY_PROHIBITED"},
    {2, "SSH_OPEN_CONNECT_FAILED"},
    {3, "SSH_OPEN_UNKNOWN_CHANNEL_TYPE"},
    {4, "SSH_OPEN_RESOURCE_SHORTAGE"},
    {0},
};
static const struct field_code data_types[] = {{1, "SSH_EXTENDED_DATA_STDERR"}, {0}};

static const struct field_row x11[] = {
    {.name = "originator address", .type = FIELD_STRING},
    {.name = "originator port", .type = FIELD_UINT32},
    {0},
};
static const struct field_row direct_tcpip[] = {
    {.name = "host to connect", .type = FIELD_STRING},
    {.name = "port to connect", .type = FIELD_UINT32},
    {.name = "originator IP address", .type = FIELD_STRING},
    {.name = "originator port", .type = FIELD_UINT32},
    {0},
};
static const struct field_row forwarded_tcpip[] = {
    {.name = "address that was connected", .type = FIELD_STRING},
    {.name = "port that was connected", .type = FIELD_UINT32},
    {.name = "originator IP address", .type = FIELD_STRING},
    {.name = "originator port", .type = FIELD_UINT32},
    {0},
};
static const struct field_row direct_socket[] = {
    {.name = "socket path", .type = FIELD_STRING},
    {.name = "reserved", .type = FIELD_STRING},
    {.name = "reserved", .type = FIELD_UINT32},
    {0},
};
static const struct field_row forwarded_socket[] = {
    {.name = "socket path", .type = FIELD_STRING},
    {.name = "reserved", .type = FIELD_STRING},
    {0},
};
static const struct field_row tun[] = {
    {.name = "tunnel mode", .type = FIELD_UINT32},
    {.name = "remote unit number", .type = FIELD_UINT32},
    {0},
};

static const struct field_choice channel_types[] = {
    {"session", "RFC 4254 6.1", NULL},
    {"x11", "RFC 4254 6.3.2", x11},
    {"direct-tcpip", "RFC 4254 7.2", direct_tcpip},
    {"forwarded-tcpip", "RFC 4254 7.2", forwarded_tcpip},
    {"direct-streamlocal@openssh.com", "PROTOCOL 2.4", direct_socket},
    {"forwarded-streamlocal@openssh.com", "PROTOCOL 2.4", forwarded_socket},
    {"auth-agent@openssh.com", NULL, NULL},
    {"tun@openssh.com", "PROTOCOL 2.3", tun},
    {NULL, NULL, other},
};

static const struct field_row open[] = {
    {.name = "channel type", .type = FIELD_STRING, .flags = FIELD_KEY},
    {.name = "sender channel", .type = FIELD_UINT32},
    {.name = "initial window size", .type = FIELD_UINT32},
    {.name = "maximum packet size", .type = FIELD_UINT32},
    {.type = FIELD_CHOICE, .choices = channel_types},
    {0},
};
static const struct field_row confirmation[] = {
    {.name = "recipient channel", .type = FIELD_UINT32},
    {.name = "sender channel", .type = FIELD_UINT32},
    {.name = "initial window size", .type = FIELD_UINT32},
    {.name = "maximum packet size", .type = FIELD_UINT32},
    {.name = "channel type specific data", .type = FIELD_REST},
    {0},
};
static const struct field_row open_failure[] = {
    {.name = "recipient channel", .type = FIELD_UINT32},
    {.name = "reason code", .type = FIELD_UINT32, .codes = open_reasons},
    {.name = "description", .type = FIELD_STRING},
    {.name = "language tag", .type = FIELD_STRING},
    {0},
};
static const struct field_row adjust[] = {
    {.name = "recipient channel", .type = FIELD_UINT32},
    {.name = "bytes to add", .type = FIELD_UINT32},
    {0},
};
static const struct field_row data[] = {
    {.name = "recipient channel", .type = FIELD_UINT32},
    {.name = "data", .type = FIELD_STRING, .flags = FIELD_DATA},
    {0},
};
static const struct field_row extended_data[] = {
    {.name = "recipient channel", .type = FIELD_UINT32},
    {.name = "data_type_code", .type = FIELD_UINT32, .codes = data_types},
    {.name = "data", .type = FIELD_STRING, .flags = FIELD_DATA},
    {0},
};
static const struct field_row channel[] = {{.name = "recipient channel", .type = FIELD_UINT32}, {0}};
static const struct field_row request[] = {
    {.name = "recipient channel", .type = FIELD_UINT32},
    {.name = "request type", .type = FIELD_STRING, .flags = FIELD_KEY},
    {.name = "want reply", .type = FIELD_BOOLEAN},
    {.type = FIELD_CHOICE, .choices = field_channel_requests},
    {0},
};

const struct message_row messages_connection[] = {
    {SSH_MSG_GLOBAL_REQUEST, WHEN_ALWAYS, "SSH_MSG_GLOBAL_REQUEST", "RFC 4254 4", global_request, false},
    {SSH_MSG_REQUEST_SUCCESS, WHEN_PORT, "SSH_MSG_REQUEST_SUCCESS", "RFC 4254 7.1", port, false},
    {SSH_MSG_REQUEST_SUCCESS, WHEN_PROOFS, "SSH_MSG_REQUEST_SUCCESS", "draft-ietf-sshm-hostkey-update 2.2", proofs, false},
    {SSH_MSG_REQUEST_SUCCESS, WHEN_ALWAYS, "SSH_MSG_REQUEST_SUCCESS", "RFC 4254 4", response, false},
    {SSH_MSG_REQUEST_FAILURE, WHEN_ALWAYS, "SSH_MSG_REQUEST_FAILURE", "RFC 4254 4", nothing, false},
    {SSH_MSG_CHANNEL_OPEN, WHEN_ALWAYS, "SSH_MSG_CHANNEL_OPEN", "RFC 4254 5.1", open, false},
    {SSH_MSG_CHANNEL_OPEN_CONFIRMATION, WHEN_ALWAYS, "SSH_MSG_CHANNEL_OPEN_CONFIRMATION", "RFC 4254 5.1", confirmation, false},
    {SSH_MSG_CHANNEL_OPEN_FAILURE, WHEN_ALWAYS, "SSH_MSG_CHANNEL_OPEN_FAILURE", "RFC 4254 5.1", open_failure, false},
    {SSH_MSG_CHANNEL_WINDOW_ADJUST, WHEN_ALWAYS, "SSH_MSG_CHANNEL_WINDOW_ADJUST", "RFC 4254 5.2", adjust, false},
    {SSH_MSG_CHANNEL_DATA, WHEN_ALWAYS, "SSH_MSG_CHANNEL_DATA", "RFC 4254 5.2", data, false},
    {SSH_MSG_CHANNEL_EXTENDED_DATA, WHEN_ALWAYS, "SSH_MSG_CHANNEL_EXTENDED_DATA", "RFC 4254 5.2", extended_data, false},
    {SSH_MSG_CHANNEL_EOF, WHEN_ALWAYS, "SSH_MSG_CHANNEL_EOF", "RFC 4254 5.3", channel, false},
    {SSH_MSG_CHANNEL_CLOSE, WHEN_ALWAYS, "SSH_MSG_CHANNEL_CLOSE", "RFC 4254 5.3", channel, false},
    {SSH_MSG_CHANNEL_REQUEST, WHEN_ALWAYS, "SSH_MSG_CHANNEL_REQUEST", "RFC 4254 5.4", request, false},
    {SSH_MSG_CHANNEL_SUCCESS, WHEN_ALWAYS, "SSH_MSG_CHANNEL_SUCCESS", "RFC 4254 5.4", channel, false},
    {SSH_MSG_CHANNEL_FAILURE, WHEN_ALWAYS, "SSH_MSG_CHANNEL_FAILURE", "RFC 4254 5.4", channel, false},
    {0},
};

/* clang-format on */
