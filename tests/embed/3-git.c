/* git over ssh: everybody is "git", the key tells who; keys(blob, owner) in SQLite, asked on
 * another thread. 3-git ADDR:PORT keys.db REPOS            (hooks find the owner in $OWNER) */
#include <nacre/server.h>
#include <nacre/stream.h>
#include <nacre/watch.h>
#include <sqlite3.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static sqlite3 *db;
static const char *repos;

struct lookup { /* and then, attached to the login, who it is */
    struct nacre_decision *decision;
    int owner; /* 0: nobody's */
    size_t len;
    uint8_t key[];
};
static void look(void *job) /* on a thread of the pool */
{
    struct lookup *l = job;
    sqlite3_stmt *q;

    sqlite3_prepare_v2(db, "SELECT owner FROM keys WHERE blob = ?", -1, &q, NULL); /* or NULL */
    sqlite3_bind_blob(q, 1, l->key, (int)l->len, SQLITE_STATIC);
    if (sqlite3_step(q) == SQLITE_ROW)
        l->owner = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
}
static void looked(void *job) /* on the loop again */
{
    struct lookup *l = job;

    nacre_decision_attach(l->decision, l, free); /* it belongs to the login, if the key is proved */
    nacre_decide(l->decision, l->owner != 0);
}
static void publickey(void *peer, struct nacre_decision *d, const char *user,
                      const struct nacre_key_offer *offer)
{
    struct lookup *l = calloc(1, sizeof *l + offer->key_len);

    l->decision = d, l->len = offer->key_len;
    memcpy(l->key, offer->key, offer->key_len);
    if (strcmp(user, "git") != 0 || !nacre_peer_offload(peer, look, looked, l))
        looked(l);
}
struct child {
    struct nacre_channel *ch; /* NULL: closed */
    struct nacre_watch *watch;
    pid_t pid;
    int fd, status, waits_for; /* for two things: the end of its output, and its own */
};
static void one_less(struct child *c)
{
    if (--c->waits_for > 0 || c->ch == NULL)
        return;
    nacre_channel_exit_status(c->ch, WIFEXITED(c->status) ? (uint32_t)WEXITSTATUS(c->status) : 128);
    nacre_channel_close(c->ch);
}
static void drained(struct nacre_channel *ch)
{
    one_less(nacre_channel_app_data(ch));
}
static void exited(void *context)
{
    struct child *c = context;

    if (waitpid(c->pid, &c->status, WNOHANG) <= 0)
        return;
    nacre_watch_free(c->watch), close(c->fd), c->pid = 0;
    one_less(c);
    if (c->ch == NULL)
        free(c);
}
static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *r)
{
    struct nacre_peer *peer = nacre_channel_context(ch);
    const struct lookup *who = nacre_login_attached(nacre_peer_login(peer), "publickey");
    char verb[32], name[100], path[300], owner[32];
    char *argv[] = {"git", verb, path, NULL}, *env[] = {owner, "PATH=/usr/bin:/bin", NULL};
    int io[2], err[2];
    posix_spawn_file_actions_t fa;
    struct child *c;

    if (r->kind != NACRE_REQUEST_EXEC || nacre_channel_app_data(ch) != NULL ||
        sscanf(r->text, "git-%31[a-z-] '%99[a-zA-Z0-9_.-]'", verb, name) != 2 ||
        (strcmp(verb, "upload-pack") && strcmp(verb, "receive-pack")) || name[0] == '.' ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, io) || pipe2(err, O_CLOEXEC))
        return NACRE_REFUSE;
    snprintf(path, sizeof path, "%s/%s", repos, name),
        snprintf(owner, sizeof owner, "OWNER=%d", who->owner);
    posix_spawn_file_actions_init(&fa);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_adddup2(&fa, fd < 2 ? io[1] : err[1], fd);
    c = calloc(1, sizeof *c), c->ch = ch, c->waits_for = 2;
    posix_spawnp(&c->pid, "git", &fa, NULL, argv, env);
    posix_spawn_file_actions_destroy(&fa), close(io[1]), close(err[1]);
    c->fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
    c->watch = nacre_watch_new(nacre_peer_loop(peer), c->fd, exited, c);
    nacre_channel_set_app_data(ch, c);
    nacre_stream_join(ch, nacre_peer_loop(peer),
                      &(struct nacre_stream_config){io[0], err[0], io[0], .drained = drained});
    return NACRE_GRANT;
}
static void closed(struct nacre_channel *ch, const struct nacre_end *why)
{
    struct child *c = nacre_channel_app_data(ch);

    if (c != NULL && c->pid == 0)
        free(c);
    else if (c != NULL)
        c->ch = NULL, kill(c->pid, SIGTERM);
}
int main(int argc, char **argv)
{
    const struct nacre_auth_policy auth = {.publickey = publickey};
    const struct nacre_channel_app app = {.request = request, .closed = closed};
    const struct nacre_server_config config = {.version = NACRE_VERSION_NUMBER, .listen = (const char *[]){argv[1], NULL},
                                               .host_key_file = "host_key",
                                               .auth = &auth,
                                               .session = &app};
    char problem[256];
    struct nacre_server *server = nacre_server_new(&config, problem, sizeof problem);

    repos = argv[3];
    fprintf(stderr, "%s\n", server != NULL ? nacre_server_address(server, 0) : problem);
    if (server == NULL || sqlite3_open_v2(argv[2], &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        return 1;
    nacre_server_run(server);
}
