#include "connection/forward.h"

#include "connection/forward_type.h"
#include "connection/parts.h"
#include "transport/text.h"

#include <string.h>

/* Text of that size, without control characters. */
static void read_clean(struct reader *r, char out[NACRE_HOST_MAX])
{
    struct reader before = *r;

    (void)read_text(r, out, NACRE_HOST_MAX);
    if (!r->bad)
        (void)clean_text(out, NACRE_HOST_MAX, read_string(&before));
}

/* RFC 4254 section 7.2, after CHANNEL_OPEN's common fields:
 *     string    host
 *     uint32    port
 *     string    originator address
 *     uint32    originator port
 * PROTOCOL section 2.4:
 *     string    socket path
 *     string    reserved
 *     uint32    reserved, in the direct form only                             */
bool forward_read_target(const struct nacre_channel *ch, struct nacre_target *target)
{
    enum forward_fields fields = forward_fields_of(bytes_of(ch->type));
    struct reader r = read_from((struct bytes){ch->open_data, ch->open_data_len});

    memset(target, 0, sizeof *target);
    if (fields == FORWARD_NONE)
        return false;
    (void)read_text(&r, target->host, sizeof target->host);
    if (fields == FORWARD_TCPIP) {
        target->port = read_u32(&r);
        read_clean(&r, target->originator);
        target->originator_port = read_u32(&r);
    } else {
        target->is_path = true;
        (void)read_string(&r);
        if (fields == FORWARD_DIRECT_SOCKET)
            (void)read_u32(&r);
    }
    return read_done(&r) && target->port <= 65535;
}

/* The fields that forward_read_target reads. */
size_t forward_write_target(const struct nacre_target *target, const char *type,
                            uint8_t out[NACRE_TARGET_MAX])
{
    enum forward_fields fields = forward_fields_of(bytes_of(type));
    struct writer w = write_to(out, NACRE_TARGET_MAX);

    if (fields == FORWARD_NONE)
        return 0;
    write_text(&w, target->host);
    if (fields == FORWARD_TCPIP) {
        write_u32(&w, target->port);
        write_text(&w, target->originator);
        write_u32(&w, target->originator_port);
    } else {
        write_text(&w, "");
        if (fields == FORWARD_DIRECT_SOCKET)
            write_u32(&w, 0);
    }
    return w.bad ? 0 : written(&w);
}

const struct nacre_target *nacre_channel_target(struct nacre_channel *ch)
{
    struct pool *pool = transport_pool(ch->connection->transport);

    if (ch->target != NULL)
        return ch->target;
    ch->target = pool_allocate(pool, sizeof *ch->target);
    if (ch->target == NULL || forward_read_target(ch, ch->target))
        return ch->target;
    forward_free_target(ch);
    return NULL;
}

void forward_free_target(struct nacre_channel *ch)
{
    pool_release(transport_pool(ch->connection->transport), ch->target, sizeof *ch->target);
    ch->target = NULL;
}

/* False: it is too long. */
static bool copy_text(char out[NACRE_HOST_MAX], const char *text)
{
    size_t len = strlen(text);

    if (len >= NACRE_HOST_MAX)
        return false;
    memcpy(out, text, len + 1);
    return true;
}

size_t nacre_target_write(const char *type, const char *host, uint32_t port, const char *originator,
                          uint32_t originator_port, uint8_t out[NACRE_TARGET_MAX])
{
    struct nacre_target target = {.port = port, .originator_port = originator_port};

    if (!copy_text(target.host, host) || !copy_text(target.originator, originator))
        return 0;
    return forward_write_target(&target, type, out);
}
