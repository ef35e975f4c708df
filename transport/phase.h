/* Which message is legal when, for each role: one table, and it is decided nowhere else.
 *
 * RFC 4253 sections 7.1, 10 and 11; RFC 4252 sections 5.3 and 6; RFC 8308 section 2.4; strict kex
 * (draft-ietf-sshm-strict-kex section 3.2). */
#ifndef NACRE_TRANSPORT_PHASE_H
#define NACRE_TRANSPORT_PHASE_H

#include "transport/api.h"

/* A phase is named after what we wait for. */
enum phase {
    PHASE_VERSION,       /* its identification line: no packets yet */
    PHASE_KEXINIT,       /* its first KEXINIT */
    PHASE_KEX,           /* the method's messages of the first key exchange */
    PHASE_NEWKEYS,       /* its first NEWKEYS */
    PHASE_FIRST,         /* the first packet under keys, perhaps EXT_INFO: RFC 8308 section 2.4 */
    PHASE_SERVICE,       /* SERVICE_REQUEST or SERVICE_ACCEPT */
    PHASE_AUTH,          /* messages of authentication */
    PHASE_CONNECTION,    /* messages of the connection protocol */
    PHASE_REKEY,         /* a later key exchange: the method's messages */
    PHASE_REKEY_NEWKEYS, /* a later NEWKEYS */
    PHASE_COUNT,
};

enum verdict {
    VERDICT_LEGAL,
    VERDICT_IGNORE,        /* drop it silently */
    VERDICT_UNIMPLEMENTED, /* answer UNIMPLEMENTED, RFC 4253 section 11.4 */
    VERDICT_ILLEGAL,       /* disconnect with PROTOCOL_ERROR */
};

/* What to do with message `number` that `from` sent while the receiver is in `phase`.
 * strict  strict kex is in force */
enum verdict phase_judge(enum phase phase, enum nacre_role from, bool strict, uint8_t number);

/* Does a message that is legal in it cost a signature or a key agreement? */
bool phase_is_costly(enum phase phase);

/* "kexinit", "auth"...: for logs and traces. */
const char *phase_name(enum phase phase);

#endif
