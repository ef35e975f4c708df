#include "apps/terminal/modes.h"

#include "connection/channel.h"

#include <unistd.h>

enum {
    MODE_END = 0,
    MODE_ISPEED = 128,
    MODE_OSPEED = 129,
    MODE_DISABLED = 255, /* a character that is switched off */
    MODE_LEN = 5,        /* bytes of an opcode and its argument */
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

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

/* ---- reading ---- */

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
    for (size_t i = 0; i < COUNT(speeds); i++) {
        if (speeds[i].rate != rate)
            continue;
        if (opcode == MODE_ISPEED)
            (void)cfsetispeed(modes, speeds[i].speed);
        else
            (void)cfsetospeed(modes, speeds[i].speed);
    }
}

void modes_read(struct termios *modes, const uint8_t *data, size_t len)
{
    uint8_t opcode;
    uint32_t argument;

    while (nacre_terminal_mode_next(&data, &len, &opcode, &argument)) {
        if (opcode == MODE_ISPEED || opcode == MODE_OSPEED)
            set_speed(modes, opcode, argument);
        for (size_t i = 0; i < COUNT(known); i++)
            if (known[i].opcode == opcode)
                set_mode(modes, &known[i], argument);
    }
}

/* ---- writing ---- */

static uint32_t get_mode(const struct termios *modes, const struct mode *m)
{
    switch (m->place) {
    case CHARACTER:
        return modes->c_cc[m->value] == _POSIX_VDISABLE ? MODE_DISABLED : modes->c_cc[m->value];
    case INPUT:
        return (modes->c_iflag & m->value) != 0;
    case LOCAL:
        return (modes->c_lflag & m->value) != 0;
    case OUTPUT:
        return (modes->c_oflag & m->value) != 0;
    case CONTROL:
        return (modes->c_cflag & m->value) != 0;
    case SIZE:
        return (modes->c_cflag & CSIZE) == m->value;
    }
    return 0;
}

static uint32_t get_speed(speed_t speed)
{
    for (size_t i = 0; i < COUNT(speeds); i++)
        if (speeds[i].speed == speed)
            return speeds[i].rate;
    return 0;
}

/* byte opcode, uint32 argument */
static size_t put_mode(uint8_t *out, uint8_t opcode, uint32_t argument)
{
    out[0] = opcode;
    for (size_t i = 0; i < 4; i++)
        out[1 + i] = (uint8_t)(argument >> (24 - 8 * i));
    return MODE_LEN;
}

size_t modes_write(const struct termios *modes, uint8_t out[MODES_MAX])
{
    size_t len = 0;

    _Static_assert(MODES_MAX > MODE_LEN * (COUNT(known) + 2), "the modes fit");
    len += put_mode(out + len, MODE_ISPEED, get_speed(cfgetispeed(modes)));
    len += put_mode(out + len, MODE_OSPEED, get_speed(cfgetospeed(modes)));
    for (size_t i = 0; i < COUNT(known); i++)
        len += put_mode(out + len, known[i].opcode, get_mode(modes, &known[i]));
    out[len++] = MODE_END;
    return len;
}
