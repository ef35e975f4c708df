#include "apps/client/escape.h"

enum { CONTROL_Z = 26 };

const char escape_help[] = "~?\r\n"
                           "Escape sequences, at the beginning of a line:\r\n"
                           " ~.   end the connection\r\n"
                           " ~^Z  suspend nacre-client\r\n"
                           " ~R   exchange keys again\r\n"
                           " ~?   print this list\r\n"
                           " ~~   send a tilde\r\n";

/* The order of the character after a tilde, or 0. */
static unsigned order_of(uint8_t c)
{
    switch (c) {
    case '.':
        return ESCAPE_CLOSE;
    case '?':
        return ESCAPE_HELP;
    case CONTROL_Z:
        return ESCAPE_SUSPEND;
    case 'R':
        return ESCAPE_REKEY;
    default:
        return 0;
    }
}

unsigned escape_filter(struct escape *e, const uint8_t *typed, size_t len, uint8_t *out,
                       size_t *out_len)
{
    unsigned orders = 0, order;

    *out_len = 0;
    for (size_t i = 0; i < len && !(orders & ESCAPE_CLOSE); i++) {
        uint8_t c = typed[i];

        if (!e->pending && !e->inside_line && c == '~') {
            e->pending = true;
            continue;
        }
        order = e->pending ? order_of(c) : 0;
        orders |= order;
        if (e->pending && order == 0 && c != '~')
            out[(*out_len)++] = '~';
        e->pending = false;
        if (order != 0)
            continue; /* still at the beginning of a line */
        out[(*out_len)++] = c;
        e->inside_line = c != '\r' && c != '\n';
    }
    return orders;
}
