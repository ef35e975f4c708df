#include "apps/spec/clients/connected.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

void check(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "%s failed\n", what);
    exit(FAILED);
}

struct words read_words(int argc, char **argv)
{
    check(argc >= 7, "the command line");
    return (struct words){argv[1], argv[2], argv[3], argv[4], argv[5], argv[6], argv[7]};
}

bool is_intent(const struct words *words, const char *intent)
{
    return strcmp(words->intent, intent) == 0;
}

int connect_to(const char *host, const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    check(inet_pton(AF_INET, host, &a.sin_addr) == 1, "the address");
    check(connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connecting");
    return fd;
}

static void set_echo(bool echo)
{
    struct termios t;

    if (tcgetattr(STDIN_FILENO, &t) != 0)
        return;
    t.c_lflag = echo ? t.c_lflag | ECHO : t.c_lflag & ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

char *ask(const char *prompt, bool echo)
{
    static char answer[256];

    for (; *prompt != 0; prompt++)
        (void)putchar(*prompt >= ' ' && *prompt <= '~' ? *prompt : '?');
    (void)fflush(stdout);
    set_echo(echo);
    check(fgets(answer, sizeof answer, stdin) != NULL, "asking");
    set_echo(true);
    answer[strcspn(answer, "\n")] = 0;
    return answer;
}
