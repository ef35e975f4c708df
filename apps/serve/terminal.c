#include "apps/serve/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MODE_DISABLED = 255, MODE_ISPEED = 128, MODE_OSPEED = 129 };

/* The member of struct termios that a mode belongs to. */
enum place { CHARACTER, INPUT, LOCAL, OUTPUT, CONTROL, SIZE };

/* clang-format off */

/* The modes of RFC 4254 section 8 that Linux has; 42 is from RFC 8160. */
static const struct mode {
    uint8_t opcode;
    enum place place;
    tcflag_t value; /* bits, or the index of a character */
} known[] = {
    {1, CHARACTER, VINTR},    {2, CHARACTER, VQUIT},    {3, CHARACTER, VERASE},
    {4, CHARACTER, VKILL},    {5, CHARACTER, VEOF},     {6, CHARACTER, VEOL},
    {7, CHARACTER, VEOL2},    {8, CHARACTER, VSTART},   {9, CHARACTER, VSTOP},
    {10, CHARACTER, VSUSP},   {12, CHARACTER, VREPRINT}, {13, CHARACTER, VWERASE},
    {14, CHARACTER, VLNEXT},  {16, CHARACTER, VSWTC},   {18, CHARACTER, VDISCARD},
    {30, INPUT, IGNPAR},      {31, INPUT, PARMRK},      {32, INPUT, INPCK},
    {33, INPUT, ISTRIP},      {34, INPUT, INLCR},       {35, INPUT, IGNCR},
    {36, INPUT, ICRNL},       {37, INPUT, IUCLC},       {38, INPUT, IXON},
    {39, INPUT, IXANY},       {40, INPUT, IXOFF},       {41, INPUT, IMAXBEL},
    {42, INPUT, IUTF8},
    {50, LOCAL, ISIG},        {51, LOCAL, ICANON},      {52, LOCAL, XCASE},
    {53, LOCAL, ECHO},        {54, LOCAL, ECHOE},       {55, LOCAL, ECHOK},
    {56, LOCAL, ECHONL},      {57, LOCAL, NOFLSH},      {58, LOCAL, TOSTOP},
    {59, LOCAL, IEXTEN},      {60, LOCAL, ECHOCTL},     {61, LOCAL, ECHOKE},
    {62, LOCAL, PENDIN},
    {70, OUTPUT, OPOST},      {71, OUTPUT, OLCUC},      {72, OUTPUT, ONLCR},
    {73, OUTPUT, OCRNL},      {74, OUTPUT, ONOCR},      {75, OUTPUT, ONLRET},
    {90, SIZE, CS7},          {91, SIZE, CS8},
    {92, CONTROL, PARENB},    {93, CONTROL, PARODD},
};

static const struct {
    uint32_t rate; /* bits per second */
    speed_t speed;
} speeds[] = {
    {50, B50},       {75, B75},       {110, B110},     {134, B134},       {150, B150},
    {200, B200},     {300, B300},     {600, B600},     {1200, B1200},     {1800, B1800},
    {2400, B2400},   {4800, B4800},   {9600, B9600},   {19200, B19200},   {38400, B38400},
    {57600, B57600}, {115200, B115200}, {230400, B230400}, {460800, B460800}, {921600, B921600},
};
/* clang-format on */

static void set_bits(tcflag_t *flags, tcflag_t bits, bool on)
{
    *flags = on ? *flags | bits : *flags & ~bits;
}

static void set_mode(struct termios *modes, const struct mode *m, uint32_t argument)
{
    switch (m->place) {
    case CHARACTER:
        modes->c_cc[m->value] =
            (cc_t)(argument == MODE_DISABLED ? _POSIX_VDISABLE : argument & 0xff);
        break;
    case INPUT:
        set_bits(&modes->c_iflag, m->value, argument != 0);
        break;
    case LOCAL:
        set_bits(&modes->c_lflag, m->value, argument != 0);
        break;
    case OUTPUT:
        set_bits(&modes->c_oflag, m->value, argument != 0);
        break;
    case CONTROL:
        set_bits(&modes->c_cflag, m->value, argument != 0);
        break;
    case SIZE:
        if (argument != 0)
            modes->c_cflag = (modes->c_cflag & ~(tcflag_t)CSIZE) | m->value;
        break;
    }
}

static void set_speed(struct termios *modes, uint8_t opcode, uint32_t rate)
{
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i].rate != rate)
            continue;
        if (opcode == MODE_ISPEED)
            (void)cfsetispeed(modes, speeds[i].speed);
        else
            (void)cfsetospeed(modes, speeds[i].speed);
    }
}

void terminal_modes(struct termios *modes, const uint8_t *data, size_t len)
{
    uint8_t opcode;
    uint32_t argument;

    while (nacre_terminal_mode_next(&data, &len, &opcode, &argument)) {
        if (opcode == MODE_ISPEED || opcode == MODE_OSPEED)
            set_speed(modes, opcode, argument);
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (known[i].opcode == opcode)
                set_mode(modes, &known[i], argument);
    }
}

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
    terminal_modes(&modes, request->data, request->len);
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
