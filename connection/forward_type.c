#include "connection/forward_type.h"

enum forward_fields forward_fields_of(struct bytes type)
{
    static const struct {
        const char *type;
        enum forward_fields fields;
    } rows[] = {
        {"direct-tcpip", FORWARD_TCPIP},
        {"forwarded-tcpip", FORWARD_TCPIP},
        {"direct-streamlocal@openssh.com", FORWARD_DIRECT_SOCKET},
        {"forwarded-streamlocal@openssh.com", FORWARD_FORWARDED_SOCKET},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (bytes_are(type, rows[i].type))
            return rows[i].fields;
    return FORWARD_NONE;
}
