/* Users of your own, with a password or a key, and a server that knows who it talks to. */
#include <nacre/key_file.h>
#include <nacre/server.h>
#include <stdio.h>
#include <string.h>

struct user {
    const char *name, *password, *full_name, *key_file;
    struct nacre_key *key; /* what is in key_file; NULL: this user has no key */
};

static struct user users[] = {{"ann", "apple", "Ann Example", "ann.pub", NULL}, {"ben", "banana", "Ben Example", "ben.pub", NULL}};
enum { USERS = sizeof users / sizeof users[0] };

static struct user *find(const char *name) {
    for (size_t i = 0; i < USERS; i++)
        if (strcmp(users[i].name, name) == 0)
            return &users[i];
    return NULL;
}

static void answer(struct nacre_decision *decision, struct user *user, bool granted) {
    if (granted)
        nacre_decision_attach(decision, user, NULL);
    nacre_decide(decision, granted);
}

static void password(void *peer, struct nacre_decision *decision, const char *name, const char *given) {
    struct user *user = find(name);
    bool right = nacre_password_equals(given, user != NULL ? user->password : "nobody's");

    answer(decision, user, user != NULL && right);
}

static void publickey(void *peer, struct nacre_decision *decision, const char *name, const struct nacre_key_offer *offer) {
    struct user *user = find(name);
    size_t len = 0;
    const uint8_t *key = user != NULL && user->key != NULL ? nacre_key_blob(user->key, &len) : NULL;

    answer(decision, user, key != NULL && len == offer->key_len && memcmp(key, offer->key, len) == 0);
}

static enum nacre_answer request(struct nacre_channel *ch, const struct nacre_request *asked) {
    const struct nacre_login *login = nacre_peer_login(nacre_channel_context(ch));
    const struct user *user = nacre_login_attached(login, NULL);
    char line[200];
    int len = snprintf(line, sizeof line, "Hello, %s. Your %s was right.\n", user->full_name, nacre_login_method(login, 0));

    if (asked->kind != NACRE_REQUEST_SHELL || !nacre_channel_set_buffer(ch, sizeof line))
        return NACRE_REFUSE;
    nacre_channel_write_all(ch, line, (size_t)len);
    return NACRE_GRANT;
}

static size_t echo(struct nacre_channel *ch, const uint8_t *data, size_t len) { return nacre_channel_write(ch, data, len); }

static void eof(struct nacre_channel *ch) {
    nacre_channel_exit_status(ch, 0);
    nacre_channel_close(ch);
}

int main(void) {
    const struct nacre_auth_policy auth = {.password = password, .publickey = publickey};
    const struct nacre_channel_app app = {.request = request, .data = echo, .eof = eof};
    const struct nacre_server_config config = {
        .version = NACRE_VERSION_NUMBER, .host_key_file = "host_key", .auth = &auth, .session = &app};
    char problem[512];
    struct nacre_server *server = nacre_server_new(&config, problem, sizeof problem);

    for (size_t i = 0; i < USERS; i++)
        users[i].key = nacre_key_read_public(users[i].key_file, NULL, 0);
    if (server == NULL)
        return puts(problem), 1;
    nacre_server_run(server);
}
