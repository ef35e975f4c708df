/* Several servers in one process, each on a thread; stopped, freed and made again on the same
 * ports, 20 times. 8-many CLIENT      (the command of a client, which gets the port of each server
 * once) */
#include <nacre/server.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { SERVERS = 3 };

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *r)
{
    nacre_channel_exit_status(ch,
                              *(uint32_t *)nacre_peer_server_context(nacre_channel_context(ch)));
    nacre_channel_close(ch);
    return NACRE_GRANT;
}
static void *run(void *server)
{
    nacre_server_run(server);
    return NULL;
}
int main(int argc, char **argv)
{
    const struct nacre_channel_app app = {.request = request};
    char address[SERVERS][40] = {"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}, command[300],
         problem[256];
    uint32_t status[SERVERS] = {40, 41, 42};

    for (int round = 0; round < 20; round++) {
        struct nacre_server *s[SERVERS];
        pthread_t t[SERVERS];

        for (int i = 0; i < SERVERS; i++) {
            const struct nacre_server_config c = {.version = NACRE_VERSION_NUMBER, .listen = (const char *[]){address[i], NULL},
                                                  .host_key_file = "host_key",
                                                  .password_file = "passwords",
                                                  .session = &app,
                                                  .context = &status[i]};
            if ((s[i] = nacre_server_new(&c, problem, sizeof problem)) == NULL)
                return printf("%s\n", problem), 1;
            snprintf(address[i], sizeof address[i], "%s", nacre_server_address(s[i], 0));
            pthread_create(&t[i], NULL, run, s[i]);
        }
        for (int i = 0; round == 0 && i < SERVERS; i++) {
            snprintf(command, sizeof command, "%s %s", argv[1], strrchr(address[i], ':') + 1);
            printf("%d ", WEXITSTATUS(system(command)));
        }
        for (int i = 0; i < SERVERS; i++)
            nacre_server_stop(s[i]), pthread_join(t[i], NULL), nacre_server_free(s[i]);
    }
    puts("all stopped");
}
