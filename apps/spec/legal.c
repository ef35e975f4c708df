#include "apps/spec/legal.h"

#include "transport/message.h"

static bool in_first_exchange(enum stage s)
{
    return s == STAGE_KEXINIT || s == STAGE_METHOD || s == STAGE_NEWKEYS;
}

static bool in_exchange(enum stage s)
{
    return in_first_exchange(s) || s == STAGE_REKEY || s == STAGE_REKEY_NEWKEYS;
}

/* RFC 4253 sections 7.1 to 7.3: messages 20 to 49. */
static enum legality of_exchange(enum stage s, uint8_t number)
{
    bool due;

    if (number == SSH_MSG_KEXINIT) /* section 9: a rekey may begin whenever none is in progress */
        due = s == STAGE_KEXINIT || !in_exchange(s);
    else if (number == SSH_MSG_NEWKEYS)
        due = s == STAGE_NEWKEYS || s == STAGE_REKEY_NEWKEYS;
    else if (number >= SSH_MSG_KEX_METHOD_FIRST)
        due = s == STAGE_METHOD || s == STAGE_REKEY;
    else
        return LEGAL_UNKNOWN; /* 22 to 29 are not assigned */
    return due ? LEGAL : LEGAL_NEVER;
}

/* RFC 4253 sections 10 and 11: messages 0 to 19. RFC 4253 section 7.1 permits 1 to 19 but 5 and 6
 * during an exchange. */
static enum legality of_transport(enum stage s, enum nacre_role from, uint8_t number)
{
    bool before_login = s == STAGE_FIRST || s == STAGE_SERVICE;

    switch (number) {
    case SSH_MSG_DISCONNECT:
    case SSH_MSG_IGNORE:
    case SSH_MSG_UNIMPLEMENTED:
    case SSH_MSG_DEBUG:
        return LEGAL;
    case SSH_MSG_SERVICE_REQUEST: /* the client may request it again before it is logged in */
        return from == NACRE_CLIENT && (before_login || s == STAGE_AUTH) ? LEGAL : LEGAL_NEVER;
    case SSH_MSG_SERVICE_ACCEPT:
        return from == NACRE_SERVER && before_login ? LEGAL : LEGAL_NEVER;
    case SSH_MSG_EXT_INFO: /* RFC 8308 section 2.4: as the first message; a server's also last */
        return s == STAGE_FIRST || (s == STAGE_AUTH && from == NACRE_SERVER) ? LEGAL : LEGAL_NEVER;
    default:
        return LEGAL_UNKNOWN;
    }
}

/* RFC 4252 section 5.1: after SUCCESS the server ignores requests of the authentication, and what
 * else of it is assigned. Section 6: no message of it comes before the service was accepted. */
static enum legality of_auth(enum stage s, enum nacre_role from, uint8_t number)
{
    bool from_client = from == NACRE_CLIENT;
    bool assigned = number <= SSH_MSG_USERAUTH_BANNER || number == SSH_MSG_USERAUTH_PK_OK ||
                    number == SSH_MSG_USERAUTH_INFO_RESPONSE;
    bool of_client = number == SSH_MSG_USERAUTH_REQUEST || number == SSH_MSG_USERAUTH_INFO_RESPONSE;

    if (assigned && s == STAGE_CONNECTION && from_client)
        return LEGAL_IGNORED;
    if (assigned)
        return s == STAGE_AUTH && of_client == from_client ? LEGAL : LEGAL_NEVER;
    /* RFC 4253 section 11.4. To a client that has logged in, a method's number means nothing more.
     */
    if (s == STAGE_AUTH ||
        (s == STAGE_CONNECTION && (from_client || number < SSH_MSG_USERAUTH_METHOD_FIRST)))
        return LEGAL_UNKNOWN;
    return LEGAL_NEVER;
}

/* RFC 4254, and the messages from 128 on: only after the login (RFC 4252 section 6). */
static enum legality of_connection(enum stage s, uint8_t number)
{
    bool assigned = (number >= SSH_MSG_GLOBAL_REQUEST && number <= SSH_MSG_REQUEST_FAILURE) ||
                    (number >= SSH_MSG_CHANNEL_OPEN && number <= SSH_MSG_CHANNEL_FAILURE) ||
                    number == SSH_MSG_PING || number == SSH_MSG_PONG;

    if (s == STAGE_CONNECTION)
        return assigned ? LEGAL : LEGAL_UNKNOWN;
    /* draft-miller-ssh-ping section 4: without effect before the login */
    if (number >= SSH_MSG_PING && number <= SSH_MSG_PONG && !in_exchange(s))
        return LEGAL_IGNORED;
    return LEGAL_NEVER;
}

enum legality legality_of(enum stage s, enum nacre_role from, bool strict, uint8_t number)
{
    bool of_kex = number == SSH_MSG_KEXINIT || number == SSH_MSG_NEWKEYS ||
                  (number >= SSH_MSG_KEX_METHOD_FIRST && number <= SSH_MSG_KEX_METHOD_LAST);

    /* strict kex section 3.2: nothing else during the first exchange */
    if (strict && in_first_exchange(s) && !of_kex && number != SSH_MSG_DISCONNECT)
        return LEGAL_NEVER;
    if (number < SSH_MSG_KEXINIT)
        return of_transport(s, from, number);
    if (number <= SSH_MSG_KEX_METHOD_LAST)
        return of_exchange(s, number);
    if (number <= SSH_MSG_USERAUTH_METHOD_LAST)
        return of_auth(s, from, number);
    return of_connection(s, number);
}
