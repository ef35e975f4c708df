#include "apps/spec/names.h"

#include "transport/message.h"

#include <stddef.h>

struct name {
    uint8_t number;
    const char *name, *outcome;
};

/* clang-format off */
static const struct name names[] = {
    {SSH_MSG_DISCONNECT,                "DISCONNECT",                NULL},
    {SSH_MSG_IGNORE,                    "IGNORE",                    NULL},
    {SSH_MSG_UNIMPLEMENTED,             "UNIMPLEMENTED",             "unimpl"},
    {SSH_MSG_DEBUG,                     "DEBUG",                     NULL},
    {SSH_MSG_SERVICE_REQUEST,           "SERVICE_REQUEST",           NULL},
    {SSH_MSG_SERVICE_ACCEPT,            "SERVICE_ACCEPT",            "accept"},
    {SSH_MSG_EXT_INFO,                  "EXT_INFO",                  NULL},
    {SSH_MSG_KEXINIT,                   "KEXINIT",                   "kexinit"},
    {SSH_MSG_NEWKEYS,                   "NEWKEYS",                   "newkeys"},
    {SSH_MSG_KEX_ECDH_INIT,             "KEX_INIT",                  NULL},
    {SSH_MSG_KEX_ECDH_REPLY,            "KEX_REPLY",                 "kex-reply"},
    {32,                                "KEX_GEX_INIT",              NULL},
    {33,                                "KEX_GEX_REPLY",             "kex-reply"},
    {34,                                "KEX_GEX_REQUEST",           NULL},
    {SSH_MSG_USERAUTH_REQUEST,          "USERAUTH_REQUEST",          NULL},
    {SSH_MSG_USERAUTH_FAILURE,          "USERAUTH_FAILURE",          "auth-failure"},
    {SSH_MSG_USERAUTH_SUCCESS,          "USERAUTH_SUCCESS",          "auth-success"},
    {SSH_MSG_USERAUTH_BANNER,           "USERAUTH_BANNER",           NULL},
    {SSH_MSG_USERAUTH_PK_OK,            "USERAUTH_60",               "auth-60"},
    {SSH_MSG_USERAUTH_INFO_RESPONSE,    "USERAUTH_INFO_RESPONSE",    NULL},
    {SSH_MSG_GLOBAL_REQUEST,            "GLOBAL_REQUEST",            NULL},
    {SSH_MSG_REQUEST_SUCCESS,           "REQUEST_SUCCESS",           "request-success"},
    {SSH_MSG_REQUEST_FAILURE,           "REQUEST_FAILURE",           "request-failure"},
    {SSH_MSG_CHANNEL_OPEN,              "CHANNEL_OPEN",              "open"},
    {SSH_MSG_CHANNEL_OPEN_CONFIRMATION, "CHANNEL_OPEN_CONFIRMATION", "open-confirmed"},
    {SSH_MSG_CHANNEL_OPEN_FAILURE,      "CHANNEL_OPEN_FAILURE",      "open-failure"},
    {SSH_MSG_CHANNEL_WINDOW_ADJUST,     "CHANNEL_WINDOW_ADJUST",     NULL},
    {SSH_MSG_CHANNEL_DATA,              "CHANNEL_DATA",              NULL},
    {SSH_MSG_CHANNEL_EXTENDED_DATA,     "CHANNEL_EXTENDED_DATA",     NULL},
    {SSH_MSG_CHANNEL_EOF,               "CHANNEL_EOF",               NULL},
    {SSH_MSG_CHANNEL_CLOSE,             "CHANNEL_CLOSE",             "close-message"},
    {SSH_MSG_CHANNEL_REQUEST,           "CHANNEL_REQUEST",           NULL},
    {SSH_MSG_CHANNEL_SUCCESS,           "CHANNEL_SUCCESS",           "channel-success"},
    {SSH_MSG_CHANNEL_FAILURE,           "CHANNEL_FAILURE",           "channel-failure"},
    {SSH_MSG_PING,                      "PING",                      NULL},
    {SSH_MSG_PONG,                      "PONG",                      "pong"},
};
/* clang-format on */

static const struct name *find(uint8_t number)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == number)
            return &names[i];
    return NULL;
}

const char *message_name(uint8_t number)
{
    const struct name *n = find(number);

    return n == NULL ? NULL : n->name;
}

const char *message_outcome(uint8_t number)
{
    const struct name *n = find(number);

    if (n == NULL)
        return "a message that was not asked for";
    return n->outcome != NULL ? n->outcome : n->name;
}
