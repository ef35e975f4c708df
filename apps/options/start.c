#include "apps/options/start.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* Without /dev/null, a descriptor that can neither be read nor written. */
static int open_nothing(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    return fd >= 0 ? fd : open("/", O_PATH | O_CLOEXEC);
}

static void fill_standard_descriptors(void)
{
    int fd;

    do
        fd = open_nothing();
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

/* SIG_IGN would be inherited by programs that this one starts. */
static void on_failed_write(int number)
{
    (void)number;
}

void program_start(void)
{
    struct sigaction action = {.sa_handler = on_failed_write, .sa_flags = SA_RESTART};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGPIPE, &action, NULL);
    (void)sigaction(SIGXFSZ, &action, NULL);
    fill_standard_descriptors();
}
