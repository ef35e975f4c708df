#include "connection/forward.h"

#include "connection/connection.h"

#include <string.h>

/* The four types, by what follows in their CHANNEL_OPEN. */
static const struct form {
    const char *type;
    enum { TCPIP, DIRECT_SOCKET, FORWARDED_SOCKET } fields;
} forms[] = {
    {"direct-tcpip", TCPIP},
    {"forwarded-tcpip", TCPIP},
    {"direct-streamlocal@openssh.com", DIRECT_SOCKET},
    {"forwarded-streamlocal@openssh.com", FORWARDED_SOCKET},
};

static const struct form *find(const char *type)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(type, forms[i].type) == 0)
            return &forms[i];
    return NULL;
}

bool is_forwarding(struct bytes type)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (bytes_are(type, forms[i].type))
            return true;
    return false;
}

/* RFC 4254 section 7.2: string host, uint32 port, string originator address, uint32 originator
 * port; PROTOCOL section 2.4: string path, string reserved, and for the direct form uint32
 * reserved. */
bool nacre_channel_target(const struct nacre_channel *ch, struct nacre_target *target)
{
    const struct form *form = find(ch->type);
    struct reader r = read_from((struct bytes){ch->open_data, ch->open_data_len});

    memset(target, 0, sizeof *target);
    if (form == NULL)
        return false;
    (void)read_text(&r, target->host, sizeof target->host);
    if (form->fields == TCPIP) {
        target->port = read_u32(&r);
        (void)read_text(&r, target->originator, sizeof target->originator);
        target->originator_port = read_u32(&r);
    } else {
        (void)read_string(&r);
        if (form->fields == DIRECT_SOCKET)
            (void)read_u32(&r);
    }
    return read_done(&r) && target->port <= 65535;
}

size_t nacre_target_write(const struct nacre_target *target, const char *type,
                          uint8_t out[NACRE_TARGET_MAX])
{
    const struct form *form = find(type);
    struct writer w = write_to(out, NACRE_TARGET_MAX);

    if (form == NULL)
        return 0;
    write_text(&w, target->host);
    if (form->fields == TCPIP) {
        write_u32(&w, target->port);
        write_text(&w, target->originator);
        write_u32(&w, target->originator_port);
    } else {
        write_text(&w, "");
        if (form->fields == DIRECT_SOCKET)
            write_u32(&w, 0);
    }
    return w.bad ? 0 : written(&w);
}
