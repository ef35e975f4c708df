#include "apps/passwd/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

enum { WATCHED = sizeof watched / sizeof watched[0] };

static volatile sig_atomic_t caught; /* 0, or the signal that arrived while echo was off */

static void on_signal(int number)
{
    caught = number;
}

bool read_line(int fd, char *line, size_t size, bool *too_long)
{
    size_t len = 0;
    bool any = false;
    char c = 0;
    ssize_t n;

    *too_long = false;
    while ((n = read(fd, &c, 1)) == 1 && c != '\n') {
        any = true;
        if (c == 0 || len + 1 == size)
            *too_long = true; /* a NUL would truncate the password */
        else
            line[len++] = c;
    }
    line[len] = 0;
    return n == 1 || (n == 0 && any);
}

static void say(int tty, const char *text)
{
    ssize_t n = write(tty, text, strlen(text));

    (void)n; /* reading will fail too */
}

/* Ask once, with echo off and the signals caught; the caller raises them again. */
static bool ask_once(int tty, const char *prompt, char *line, size_t size, bool *too_long)
{
    const struct sigaction catch = {.sa_handler = on_signal}; /* no SA_RESTART: read returns */
    struct sigaction before[WATCHED];
    struct termios shown, hidden;
    bool good;

    if (tcgetattr(tty, &shown) != 0)
        return false;
    caught = 0;
    for (size_t i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &catch, &before[i]);
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    (void)tcsetattr(tty, TCSAFLUSH, &hidden);
    say(tty, prompt);
    good = caught == 0 && read_line(tty, line, size, too_long);
    say(tty, "\n");
    (void)tcsetattr(tty, TCSAFLUSH, &shown);
    for (size_t i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &before[i], NULL);
    return good;
}

bool terminal_ask(const char *prompt, char *line, size_t size, bool *too_long)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    bool good;

    line[0] = 0;
    if (tty < 0)
        return false;
    do {
        good = ask_once(tty, prompt, line, size, too_long);
        if (caught != 0)
            (void)raise(caught); /* after a stop, it returns */
    } while (!good && (caught == SIGTSTP || caught == SIGTTIN || caught == SIGTTOU));
    (void)close(tty);
    return good;
}
