#include "apps/observe/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OTHERS = S_IRWXG | S_IRWXO };

static bool check(int fd, const char *file, const struct errbuf *p)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return errbuf_say(p, "%s: %s", file, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return errbuf_say(p, "%s is not a regular file", file);
    if (status.st_uid != geteuid())
        return errbuf_say(p, "%s belongs to another user: move it away, or name another file",
                          file);
    return (status.st_mode & OTHERS) == 0 ||
           errbuf_say(
               p, "%s may be opened by other users (mode %03o): chmod 600 it, or name another file",
               file, (unsigned)status.st_mode & 0777);
}

/* What is opened is checked before anything in it is changed. O_NONBLOCK: a named pipe without a
 * reader is refused at once. */
int secret_file_open(const char *file, enum secret_file_mode mode, const struct errbuf *p)
{
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_APPEND;
    int fd = open(file, flags, 0600);

    if (fd < 0) {
        errbuf_say(p, "%s: %s", file, strerror(errno));
        return -1;
    }
    if (check(fd, file, p) && (mode == SECRET_FILE_APPEND || ftruncate(fd, 0) == 0 ||
                               errbuf_say(p, "%s: %s", file, strerror(errno))))
        return fd;
    (void)close(fd);
    return -1;
}
