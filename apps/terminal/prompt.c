#include "apps/terminal/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

enum { WATCHED = sizeof watched / sizeof watched[0] };

/* What prompt_ask fills. */
struct line {
    char *text;
    size_t size;
    bool *too_long;
};

static volatile sig_atomic_t caught; /* 0, or the signal that arrived during the question */

static void on_signal(int number)
{
    caught = number;
}

bool prompt_read_line(int fd, char *line, size_t size, bool *too_long)
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

/* Ask once, with the signals caught; the caller raises them again. */
static bool ask_once(int tty, const char *question, bool echo, struct line *line)
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
    if (!echo)
        hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    (void)tcsetattr(tty, TCSAFLUSH, &hidden);
    say(tty, question);
    good = caught == 0 && prompt_read_line(tty, line->text, line->size, line->too_long);
    if (!echo || !good)
        say(tty, "\n");
    (void)tcsetattr(tty, TCSAFLUSH, &shown);
    for (size_t i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &before[i], NULL);
    return good;
}

bool prompt_ask(const char *question, bool echo, char *text, size_t size, bool *too_long)
{
    struct line line = {text, size, too_long};
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    bool good;

    text[0] = 0;
    if (tty < 0)
        return false;
    do {
        good = ask_once(tty, question, echo, &line);
        if (caught != 0)
            (void)raise(caught); /* after a stop, it returns */
    } while (!good && (caught == SIGTSTP || caught == SIGTTIN || caught == SIGTTOU));
    (void)close(tty);
    if (!good)
        explicit_bzero(text, size);
    return good;
}

bool prompt_is_possible(void)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

    if (tty >= 0)
        (void)close(tty);
    return tty >= 0;
}
