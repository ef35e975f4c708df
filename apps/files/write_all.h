/* Writing to a descriptor until every byte is written. */
#ifndef NACRE_APPS_FILES_WRITE_ALL_H
#define NACRE_APPS_FILES_WRITE_ALL_H

#include "crypto/bytes.h"

#include <errno.h>
#include <unistd.h>

/* False with errno. */
static inline bool write_all(int fd, struct bytes data)
{
    while (data.len > 0) {
        ssize_t n = write(fd, data.at, data.len);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            data = bytes_from(data, (size_t)n);
    }
    return true;
}

#endif
