#include "transport/phase.h"

#include "transport/message.h"

#define IN(phase) (1U << PHASE_##phase)
#define FIRST_EXCHANGE (IN(KEXINIT) | IN(KEX) | IN(NEWKEYS))
#define RE_EXCHANGE (IN(REKEY) | IN(REKEY_NEWKEYS))
#define BEFORE_LOGIN (IN(FIRST) | IN(SERVICE) | IN(AUTH))
#define UNDER_KEYS (BEFORE_LOGIN | IN(CONNECTION))
#define ALWAYS (FIRST_EXCHANGE | UNDER_KEYS | RE_EXCHANGE)

#define CLIENT (1U << NACRE_CLIENT)
#define SERVER (1U << NACRE_SERVER)
#define EITHER (CLIENT | SERVER)

/* The phases of each reaction; in a phase that no column names, the message is illegal. */
struct row {
    uint8_t first, last;    /* message numbers */
    uint8_t from;           /* the roles that may send it */
    bool strict;            /* legal in the first exchange under strict kex too */
    uint16_t legal;         /* phases where it is read, */
    uint16_t ignored;       /* dropped, */
    uint16_t unimplemented; /* answered with UNIMPLEMENTED */
};

/* The first match decides; the last rows match what no document assigns. */
/* clang-format off */
static const struct row table[] = {
    /* messages                                                  from    strict  legal                             ignored         unimplemented */
    {SSH_MSG_DISCONNECT,        SSH_MSG_DISCONNECT,              EITHER, true,   ALWAYS,                           0,              0},
    {SSH_MSG_IGNORE,            SSH_MSG_DEBUG,                   EITHER, false,  ALWAYS,                           0,              0},
    {SSH_MSG_SERVICE_REQUEST,   SSH_MSG_SERVICE_REQUEST,         CLIENT, false,  BEFORE_LOGIN,                     0,              0},
    {SSH_MSG_SERVICE_ACCEPT,    SSH_MSG_SERVICE_ACCEPT,          SERVER, false,  IN(FIRST) | IN(SERVICE),          0,              0},
    {SSH_MSG_SERVICE_REQUEST,   SSH_MSG_SERVICE_ACCEPT,          EITHER, false,  0,                                0,              0},
    {SSH_MSG_EXT_INFO,          SSH_MSG_EXT_INFO,                SERVER, false,  IN(FIRST) | IN(AUTH),             0,              0},
    {SSH_MSG_EXT_INFO,          SSH_MSG_EXT_INFO,                CLIENT, false,  IN(FIRST),                        0,              0},
    {SSH_MSG_KEXINIT,           SSH_MSG_KEXINIT,                 EITHER, true,   IN(KEXINIT) | UNDER_KEYS,         0,              0},
    {SSH_MSG_NEWKEYS,           SSH_MSG_NEWKEYS,                 EITHER, true,   IN(NEWKEYS) | IN(REKEY_NEWKEYS),  0,              0},
    {SSH_MSG_KEX_METHOD_FIRST,  SSH_MSG_KEX_METHOD_LAST,         EITHER, true,   IN(KEX) | IN(REKEY),              0,              0},
    {SSH_MSG_USERAUTH_REQUEST,  SSH_MSG_USERAUTH_REQUEST,        CLIENT, false,  IN(AUTH),                         IN(CONNECTION), 0},
    {SSH_MSG_USERAUTH_FAILURE,  SSH_MSG_USERAUTH_BANNER,         SERVER, false,  IN(AUTH),                         0,              0},
    {SSH_MSG_USERAUTH_PK_OK,    SSH_MSG_USERAUTH_PK_OK,          SERVER, false,  IN(AUTH),                         0,              0},
    {SSH_MSG_USERAUTH_BANNER + 1, SSH_MSG_USERAUTH_LAST,         EITHER, false,  0,                                0,              IN(AUTH) | IN(CONNECTION)},
    {SSH_MSG_USERAUTH_REQUEST,  SSH_MSG_USERAUTH_PK_OK,          CLIENT, false,  0,                                IN(CONNECTION), 0},
    {SSH_MSG_USERAUTH_REQUEST,  SSH_MSG_USERAUTH_REQUEST,        SERVER, false,  0,                                0,              0},
    {SSH_MSG_USERAUTH_INFO_RESPONSE, SSH_MSG_USERAUTH_INFO_RESPONSE, CLIENT, false, IN(AUTH),                    IN(CONNECTION), 0},
    {SSH_MSG_USERAUTH_INFO_RESPONSE, SSH_MSG_USERAUTH_INFO_RESPONSE, SERVER, false, 0,                           0,              0},
    {SSH_MSG_USERAUTH_PK_OK,    SSH_MSG_USERAUTH_METHOD_LAST,    CLIENT, false,  0,                                0,              IN(AUTH) | IN(CONNECTION)},
    {SSH_MSG_USERAUTH_PK_OK,    SSH_MSG_USERAUTH_METHOD_LAST,    SERVER, false,  0,                                0,              IN(AUTH)},
    {SSH_MSG_GLOBAL_REQUEST,    SSH_MSG_REQUEST_FAILURE,         EITHER, false,  IN(CONNECTION),                   0,              0},
    {SSH_MSG_CHANNEL_OPEN,      SSH_MSG_CHANNEL_FAILURE,         EITHER, false,  IN(CONNECTION),                   0,              0},
    {SSH_MSG_PING,              SSH_MSG_PONG,                    EITHER, false,  IN(CONNECTION),                   BEFORE_LOGIN,   0},
    {SSH_MSG_GLOBAL_REQUEST,    SSH_MSG_LAST,                    EITHER, false,  0,                                0,              IN(CONNECTION)},
    {SSH_MSG_FIRST,             SSH_MSG_USERAUTH_METHOD_LAST,    EITHER, false,  0,                                0,              ALWAYS},
};
/* clang-format on */

static enum verdict judge(const struct row *row, uint16_t phase, bool strict)
{
    if (strict && (phase & FIRST_EXCHANGE) && !row->strict)
        return VERDICT_ILLEGAL;
    if (row->legal & phase)
        return VERDICT_LEGAL;
    if (row->ignored & phase)
        return VERDICT_IGNORE;
    if (row->unimplemented & phase)
        return VERDICT_UNIMPLEMENTED;
    return VERDICT_ILLEGAL;
}

enum verdict phase_judge(enum phase phase, enum nacre_role from, bool strict, uint8_t number)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct row *row = &table[i];

        if (number >= row->first && number <= row->last && (row->from & (1U << from)))
            return judge(row, (uint16_t)(1U << phase), strict);
    }
    return VERDICT_ILLEGAL;
}

bool phase_is_costly(enum phase phase)
{
    return (IN(KEX) | IN(REKEY) | IN(AUTH)) & 1U << phase;
}

const char *phase_name(enum phase phase)
{
    static const char *const names[PHASE_COUNT] = {
        [PHASE_VERSION] = "version", [PHASE_KEXINIT] = "kexinit",
        [PHASE_KEX] = "kex",         [PHASE_NEWKEYS] = "newkeys",
        [PHASE_FIRST] = "first",     [PHASE_SERVICE] = "service",
        [PHASE_AUTH] = "auth",       [PHASE_CONNECTION] = "connection",
        [PHASE_REKEY] = "rekey",     [PHASE_REKEY_NEWKEYS] = "rekey-newkeys",
    };

    return names[phase];
}
