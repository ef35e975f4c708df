#include "apps/terminal/raw_mode.h"

#include <errno.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static bool is_on, leaves_at_exit;
static struct termios before;

/* TCSADRAIN: what was typed ahead is not lost. SIGCONT may interrupt it. */
static bool set(const struct termios *modes)
{
    int failure;

    do
        failure = tcsetattr(STDIN_FILENO, TCSADRAIN, modes);
    while (failure != 0 && errno == EINTR);
    return failure == 0;
}

bool raw_mode_enter(void)
{
    struct termios raw;

    if (!is_on && tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    raw = before;
    raw.c_iflag |= IGNPAR;
    raw.c_iflag &=
        ~(tcflag_t)(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF | IUCLC | BRKINT);
    raw.c_lflag &= ~(tcflag_t)(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (!leaves_at_exit)
        leaves_at_exit = atexit(raw_mode_leave) == 0;
    is_on = true;
    if (!set(&raw))
        is_on = false;
    return is_on;
}

void raw_mode_leave(void)
{
    if (is_on)
        (void)set(&before);
    is_on = false;
}

bool raw_mode_is_on(void)
{
    return is_on;
}
