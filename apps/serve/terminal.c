#include "apps/serve/terminal.h"

#include "apps/terminal/modes.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static unsigned short size_of(uint32_t n)
{
    return (unsigned short)(n < 0xffff ? n : 0xffff);
}

void terminal_resize(int fd, const struct nacre_request *request)
{
    const struct winsize size = {
        .ws_col = size_of(request->columns),
        .ws_row = size_of(request->rows),
        .ws_xpixel = size_of(request->width),
        .ws_ypixel = size_of(request->height),
    };

    (void)ioctl(fd, TIOCSWINSZ, &size);
}

/* On a pseudo-terminal Linux's tcsendbreak does nothing. What a break does is under BRKINT in
 * termios(3). With PARMRK a program would read three bytes, which cannot be written from this side.
 */
bool terminal_break(int master)
{
    struct termios modes;

    if (tcgetattr(master, &modes) != 0)
        return false;
    if (modes.c_iflag & IGNBRK)
        return true;
    if (modes.c_iflag & BRKINT)
        return ioctl(master, TIOCSIG, SIGINT) == 0;
    return write(master, "", 1) == 1;
}

bool terminal_open(struct terminal *t, const struct nacre_request *request)
{
    struct termios modes;

    t->slave = -1;
    t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t->master >= 0 && grantpt(t->master) == 0 && unlockpt(t->master) == 0 &&
        ptsname_r(t->master, t->name, sizeof t->name) == 0)
        t->slave = open(t->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (t->slave < 0 || tcgetattr(t->slave, &modes) != 0) {
        terminal_close(t);
        return false;
    }
    modes_read(&modes, request->data, request->len);
    (void)tcsetattr(t->slave, TCSANOW, &modes);
    terminal_resize(t->master, request);
    return true;
}

void terminal_close(struct terminal *t)
{
    if (t->master >= 0)
        (void)close(t->master);
    if (t->slave >= 0)
        (void)close(t->slave);
    t->master = t->slave = -1;
}
