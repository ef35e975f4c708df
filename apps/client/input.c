#include "apps/client/input.h"

#include <errno.h>
#include <unistd.h>

bool input_wants_more(const struct input *in)
{
    return !in->ended && in->at == in->len;
}

unsigned input_read(struct input *in, int fd)
{
    uint8_t typed[INPUT_MAX];
    ssize_t n = read(fd, in->escapes ? typed : in->bytes, INPUT_MAX);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    in->at = in->len = 0;
    if (n <= 0)
        in->ended = true;
    else if (in->escapes)
        return escape_filter(&in->escape, typed, (size_t)n, in->bytes, &in->len);
    else
        in->len = (size_t)n;
    return 0;
}
