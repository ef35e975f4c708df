/* Watches: rules that every message of every case is checked against. Each has its own id in the
 * tables, and its result is that of all cases together. */
#ifndef NACRE_APPS_SPEC_WATCH_H
#define NACRE_APPS_SPEC_WATCH_H

#include "apps/spec/packet.h"

enum watch {
    WATCH_NONE, /* the row is a case */
    WATCH_IDENT_FORM,
    WATCH_IDENT_CR_LF,
    WATCH_IDENT_NO_NUL,
    WATCH_IDENT_LENGTH,
    WATCH_IDENT_SOFTWARE,
    WATCH_LINES_BEFORE,
    WATCH_PADDING,
    WATCH_PADDING_VARIES,
    WATCH_ALIGNMENT,
    WATCH_PACKET_SIZE,
    WATCH_NO_NONE,
    WATCH_NO_AEAD_MAC,
    WATCH_NAME_LISTS,
    WATCH_NAMES,
    WATCH_RESERVED,
    WATCH_FOLLOWS,
    WATCH_BOOLEANS,
    WATCH_ORDER,
    WATCH_DH_SHARE,
    WATCH_GEX_SIZE,
    WATCH_GEX_2048,
    WATCH_NO_SSH_RSA,
    WATCH_NO_OLD_KEX,
    WATCH_SEND_RESET,
    WATCH_SEND_RESET_REKEY,
    WATCH_EXT_MARKER_FIRST,
    WATCH_ROLE_MARKER,
    WATCH_EXT_FORM,
    WATCH_REASON,
    WATCH_SAYS_WHY,
    WATCH_SILENT_AFTER,
    WATCH_UTF8,
    WATCH_NO_NONE_METHOD,
    WATCH_FAILURE_FORM,
    WATCH_PROMPTS,
    WATCH_ROLES,
    WATCH_OPEN_REASON,
    WATCH_WITHIN_WINDOW,
    WATCH_WITHIN_PACKET,
    WATCH_WINDOW_SUM,
    WATCH_EXTENDED_COUNTS,
    WATCH_MAX_PACKET, /* has no row of its own: a case looks at it */
    WATCH_NO_DATA_AFTER_EOF,
    WATCH_NOTHING_AFTER_CLOSE,
    WATCH_EXIT_THEN_CLOSE,
    WATCH_HOSTKEYS,
    WATCH_OPEN_ANSWERS,
    WATCH_GCM_PADDING,
    WATCH_CHACHA_STRICT,
    WATCH_PROOF,
    WATCH_GEX_MIN,
    WATCH_NO_LINE_BEFORE,
    WATCH_SERVICE,
    WATCH_INTERACTIVE_FIELDS,
    WATCH_EXT_NEXT,
    WATCHES,
};

struct watched {
    uint32_t seen;   /* how often the rule applied */
    uint32_t broken; /* ... and was broken */
    char how[96];    /* the first time */
};

struct peer;

/* Note that a rule applied, and whether it was kept. */
void watch_check(struct peer *p, enum watch watch, bool kept, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Check the peer's identification line, with its line ending; lines before it; a packet. */
void watch_identification(struct peer *p, struct bytes line);
void watch_line_before(struct peer *p, struct bytes line);
void watch_packet(struct peer *p, const struct packet_seen *seen);

/* A packet could not be decrypted. */
void watch_garbled(struct peer *p);

#endif
