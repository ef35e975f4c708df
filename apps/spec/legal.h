/* Which message is legal when: a second reading of RFC 4253 sections 7.1, 10 and 11, RFC 4252
 * sections 5 and 6, RFC 8308 section 2.4 and the strict kex draft. tests/apps/spec/legal.c compares
 * it with the library's, cell by cell. */
#ifndef NACRE_APPS_SPEC_LEGAL_H
#define NACRE_APPS_SPEC_LEGAL_H

#include "transport/api.h"

/* What the receiver of a message waits for. */
enum stage {
    STAGE_KEXINIT,       /* the first KEXINIT */
    STAGE_METHOD,        /* the method's messages */
    STAGE_NEWKEYS,       /* the first NEWKEYS */
    STAGE_FIRST,         /* the first packet after it */
    STAGE_SERVICE,       /* the service */
    STAGE_AUTH,          /* the authentication's messages */
    STAGE_CONNECTION,    /* the connection's messages */
    STAGE_REKEY,         /* the method's messages of a later exchange */
    STAGE_REKEY_NEWKEYS, /* a later NEWKEYS */
    STAGES,
};

enum legality {
    LEGAL,
    LEGAL_IGNORED, /* dropped without an answer */
    LEGAL_UNKNOWN, /* answered with UNIMPLEMENTED: RFC 4253 section 11.4 */
    LEGAL_NEVER,   /* ends the connection */
};

enum legality legality_of(enum stage stage, enum nacre_role from, bool strict, uint8_t number);

#endif
