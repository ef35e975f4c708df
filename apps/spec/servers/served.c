#include "apps/spec/servers/served.h"

#include <arpa/inet.h>
#include <err.h>
#include <glob.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

void enter_folder(const char *folder)
{
    if (folder == NULL || chdir(folder) != 0)
        err(1, "FOLDER");
}

char **host_keys(void)
{
    static glob_t found;

    if (glob("host*[!b]", 0, NULL, &found) != 0) /* not .pub */
        errx(1, "no host keys");
    return found.gl_pathv;
}

const char *read_password(void)
{
    static char password[256];
    FILE *in = fopen("password", "re");

    if (in == NULL || fgets(password, sizeof password, in) == NULL)
        err(1, "password");
    password[strcspn(password, "\n")] = 0;
    (void)fclose(in);
    return password;
}

static int listen_on(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 100) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        err(1, "port %s", port);
    (void)printf("%u\n", (unsigned)ntohs(address.sin_port));
    (void)fflush(stdout);
    return listener;
}

void serve_each(const char *port, void (*serve)(int connection))
{
    int listener = listen_on(port);

    (void)signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int connection = accept(listener, NULL, NULL);

        if (connection >= 0 && fork() == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* no session stays when the server is ended */
            (void)close(listener);
            serve(connection);
            _exit(0);
        }
        (void)close(connection);
    }
}
