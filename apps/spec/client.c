#include "apps/spec/client.h"

#include "apps/files/key.h"
#include "crypto/base64.h"
#include "apps/spec/channel.h"
#include "apps/spec/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_ROOM = 8192, WORDS_MAX = 96, ACCEPT_SLICE_US = 100000, ENVIRONMENT = 7 };
enum { START_US = 30000000 }; /* on a busy machine an interpreter takes long */

/* ---- the command ---- */

/* The fingerprint of a host key that the client is to know. */
static void known_fingerprint(const struct peer *p, int i, char out[FINGERPRINT_ROOM])
{
    const struct client_setup *s = p->setting->client;

    if (p->known_key.len > 0)
        nacre_blob_fingerprint(p->known_key.at, p->known_key.len, out);
    else
        nacre_key_fingerprint(p->unknown_host || p->no_known_hosts ? &s->other : &s->host_keys[i],
                              out);
}

static void replace_all(const struct peer *p, char text[TEXT_ROOM])
{
    const struct client_setup *s = p->setting->client;
    const struct client *c = p->client;
    char port[8], was[TEXT_ROOM], prints[HOST_KEYS][FINGERPRINT_ROOM];
    const char *const rows[][3] = {
        {"port", port, ""},
        {"host", s->host, ""},
        {"user", p->setting->profile.user, ""},
        {"key", s->folder, "/id_ed25519"},
        {"key-rsa", s->folder, "/id_rsa"},
        {"known_hosts", c->folder, "/known_hosts"},
        {"dir", c->folder, ""},
        {"profile", s->profile.folder == NULL ? "" : s->profile.folder, ""},
        {"command", p->intent == INTENT_SUBSYSTEM ? "sftp" : "nacre-spec", ""},
        {"fingerprint", prints[0], ""},
        {"fingerprint-ecdsa", prints[1], ""},
        {"fingerprint-384", prints[2], ""},
        {"fingerprint-521", prints[3], ""},
        {"fingerprint-rsa", prints[HOST_KEYS - 1], ""},
    };

    for (int i = 0; i < HOST_KEYS; i++)
        known_fingerprint(p, i, prints[i]);
    (void)snprintf(port, sizeof port, "%u", (unsigned)c->port);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memcpy(was, text, TEXT_ROOM);
        client_replace(text, TEXT_ROOM, was, rows[i][0], rows[i][1], rows[i][2]);
    }
}

/* program, options, the words of the intent, target. A shell is asked for without a command. */
static void write_command(const struct peer *p, char text[TEXT_ROOM])
{
    const struct client_setup *s = p->setting->client;
    const struct client_profile *f = &s->profile;
    char *command;

    (void)snprintf(text, TEXT_ROOM, "%s %s %s %s", s->command != NULL ? s->command[0] : f->program,
                   f->options == NULL ? "" : f->options, f->intents[p->intent],
                   f->target == NULL ? "" : f->target);
    command = strstr(text, "{command}");
    if (command != NULL && p->intent == INTENT_SHELL)
        memset(command, ' ', strlen("{command}"));
    replace_all(p, text);
}

/* ---- its files ---- */

static void put_known(FILE *out, const struct peer *p, bool plain, const char *type,
                      struct bytes blob)
{
    const char *host = p->setting->client->host;
    char text[BASE64_MAX(KEY_BLOB_MAX)];

    (void)base64_encode(text, blob);
    (void)fprintf(out, "[%s]:%u %s %s\n", host, (unsigned)p->client->port, type, text);
    if (plain)
        (void)fprintf(out, "%s %s %s\n", host, type, text);
}

/* A line for each host key, under its address and port; with `plain` under its address too, for
 * clients that do not look at the port. */
static void put_known_hosts(FILE *out, const struct peer *p, bool plain)
{
    const struct client_setup *s = p->setting->client;

    if (p->known_ca) {
        (void)fputs("@cert-authority ", out);
        put_known(out, p, false, "ssh-ed25519", private_key_blob(p->setting->profile.user_ca));
        return;
    }
    if (p->known_key.len > 0) {
        put_known(out, p, plain, p->known_type, p->known_key);
        return;
    }
    for (int i = 0; i < HOST_KEYS; i++) {
        const struct nacre_key *key = p->unknown_host ? &s->other : &s->host_keys[i];

        put_known(out, p, plain, key->type, private_key_blob(key));
    }
}

static bool make_home(struct peer *p)
{
    static const char *const names[] = {"known_hosts", ".ssh/known_hosts"};
    struct client *c = p->client;
    char path[FOLDER_ROOM + 48];

    (void)snprintf(c->folder, sizeof c->folder, "%s/home.XXXXXX", p->setting->client->folder);
    if (mkdtemp(c->folder) == NULL)
        return false;
    (void)snprintf(path, sizeof path, "%s/.ssh", c->folder);
    if (mkdir(path, 0700) != 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        FILE *out;

        (void)snprintf(path, sizeof path, "%s/%s", c->folder, names[i]);
        out = fopen(path, "we");
        if (out == NULL)
            return false;
        if (!p->no_known_hosts)
            put_known_hosts(out, p, i > 0);
        (void)fclose(out);
    }
    return true;
}

/* ---- starting ---- */

void intend(struct peer *p, enum intent intent)
{
    const struct client_setup *s = p->setting->client;

    p->intent = intent;
    if (s != NULL && s->profile.program != NULL)
        need(p, s->profile.intents[intent] != NULL, "the profile has no line for %s",
             intent_name(intent));
}

bool can_intend(const struct peer *p, enum intent intent)
{
    const struct client_setup *s = p->setting->client;

    return intent == INTENT_EXEC || (s != NULL && s->profile.intents[intent] != NULL);
}

/* Or run a command, if it cannot do that. */
static void intend_or_exec(struct peer *p, enum intent intent)
{
    intend(p, can_intend(p, intent) ? intent : INTENT_EXEC);
}

void intend_shown(struct peer *p)
{
    intend_or_exec(p, INTENT_TERMINAL);
}

void intend_rekey(struct peer *p)
{
    intend_or_exec(p, INTENT_REKEY);
}

static bool on_terminal(enum intent intent)
{
    return intent == INTENT_TERMINAL || intent == INTENT_PASSWORD || intent == INTENT_INTERACTIVE;
}

/* The folder of nacre-spec is searched last: nacre-client is there. */
static void write_path(char *out, size_t size)
{
    const char *path = getenv("PATH");
    char own[1024];
    ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);

    own[len < 0 ? 0 : len] = 0;
    if (strrchr(own, '/') != NULL)
        *strrchr(own, '/') = 0;
    (void)snprintf(out, size, "PATH=%s:%s", path == NULL ? "/usr/bin:/bin" : path, own);
}

static bool start(struct peer *p)
{
    struct client *c = p->client;
    char text[TEXT_ROOM], *words[WORDS_MAX + 1], home[FOLDER_ROOM + 32], path[4096];
    char *environment[ENVIRONMENT] = {home,        path, "TERM=xterm", "LC_ALL=C.UTF-8",
                                      "USER=spec", NULL};

    (void)snprintf(home, sizeof home, "HOME=%s", c->folder);
    write_path(path, sizeof path);
    write_command(p, text);
    words[client_words(text, words, WORDS_MAX)] = NULL;
    return words[0] != NULL &&
           child_start(&c->child,
                       &(struct child_plan){words, environment, c->folder, on_terminal(p->intent)});
}

/* Someone else starts the client. */
static void ask_to_connect(const struct peer *p)
{
    (void)printf("connect now: %s:%u, case %s\n", p->setting->client->host,
                 (unsigned)p->client->port, p->row == NULL ? "baseline" : p->row->id);
    (void)fflush(stdout);
}

static void explain_no_connection(struct peer *p)
{
    struct client *c = p->client;
    struct bytes said = child_errors(&c->child);

    if (said.len == 0)
        said = child_output(&c->child);
    while (said.len > 0 && (said.at[said.len - 1] == '\n' || said.at[said.len - 1] == '\r'))
        said.len--;
    if (c->child.ended && WIFEXITED(c->child.status) && WEXITSTATUS(c->child.status) == 127)
        problem(p, "the client is not installed");
    else
        problem(p, "the client did not connect: %.*s", (int)(said.len < 100 ? said.len : 100),
                (const char *)said.at);
}

void client_connect(struct peer *p)
{
    bool by_hand = p->setting->client->profile.program == NULL;
    uint64_t deadline = by_hand ? p->deadline : now_us() + START_US;
    struct client *c = peer_memory(p, sizeof *c);
    struct conn conn = {.fd = -1, .ended = true};

    p->client = c;
    c->child = (struct child){.fd = {-1, -1, -1}};
    if (!conn_listen_on(&c->listener, p->setting->client->listen, &c->port) || !make_home(p) ||
        !(by_hand || start(p))) {
        problem(p, "the client could not be started");
        return;
    }
    if (by_hand) {
        p->serve.accept_none = true; /* it has no key of ours */
        ask_to_connect(p);
    }
    if (p->client_answers[0].prompt != NULL)
        memcpy(c->child.answers, p->client_answers, sizeof c->child.answers);
    c->child.answer_count = p->client_answer_count;
    c->listener.beside = by_hand ? NULL : &c->child.beside;
    while (conn.fd < 0 && now_us() < deadline && (by_hand || !child_wait(&c->child, 0)))
        (void)conn_accept(&c->listener, &conn, now_us() + ACCEPT_SLICE_US);
    p->conn = conn;
    if (conn.fd < 0)
        explain_no_connection(p);
}

/* ---- ending ---- */

static enum program_end how_it_ended(const struct child *c)
{
    if (!c->ended || c->killed)
        return PROGRAM_RUNS;
    if (WIFSIGNALED(c->status))
        return PROGRAM_SIGNAL;
    return WEXITSTATUS(c->status) == 0 ? PROGRAM_ZERO : PROGRAM_NONZERO;
}

/* A client that has closed its last channel may still be about to send DISCONNECT, and takes our
 * end of the connection before that for an accident. */
static void let_it_finish(struct peer *p)
{
    uint64_t deadline = now_us() + p->step / 2;

    while (conn_wait(&p->conn, deadline))
        continue;
}

/* An interpreter takes long to end, too: up to thrice the time that it needed to start and log in.
 */
static uint64_t end_deadline(const struct peer *p)
{
    const struct facts *f = &p->setting->facts;
    uint64_t deadline = now_us() + (f->known ? 3 * f->login_us : START_US), step = step_deadline(p);

    return deadline > step ? deadline : step;
}

void client_wait(struct peer *p)
{
    struct client *c = p->client;
    struct outcome *o = current_part(p);

    if (c == NULL || c->child.pid == 0 || o->program != PROGRAM_UNKNOWN)
        return;
    let_it_finish(p);
    conn_finish(&p->conn); /* some wait for it */
    (void)child_wait(&c->child, end_deadline(p));
    o->program = how_it_ended(&c->child);
    o->status =
        o->program == PROGRAM_SIGNAL ? WTERMSIG(c->child.status) : WEXITSTATUS(c->child.status);
}

/* Keep what it printed beyond the program's end. */
static void keep_printed(struct peer *p)
{
    p->printed[0] = peer_copy(p, child_output(&p->client->child));
    p->printed[1] = peer_copy(p, child_errors(&p->client->child));
}

void client_end(struct peer *p)
{
    struct client *c = p->client;

    if (c == NULL)
        return;
    if (p->conn.ended && p->skip == NULL && p->problem[0] == 0)
        client_wait(p);
    keep_printed(p);
    child_end(&c->child);
    conn_close(&c->listener);
    client_remove_folder(c->folder);
    p->client = NULL;
}

void client_answer(struct peer *p, const char *prompt, const char *answer)
{
    if (p->client_answer_count < CHILD_ANSWERS)
        p->client_answers[p->client_answer_count++] = (struct child_answer){prompt, answer};
}

struct bytes client_output(const struct peer *p)
{
    return p->client == NULL ? p->printed[0] : child_output(&p->client->child);
}

struct bytes client_errors(const struct peer *p)
{
    return p->client == NULL ? p->printed[1] : child_errors(&p->client->child);
}

bool client_shows(const struct peer *p, const char *text)
{
    struct bytes all[2] = {client_output(p), client_errors(p)};

    for (int i = 0; i < 2; i++)
        if (all[i].len > 0 && memmem(all[i].at, all[i].len, text, strlen(text)) != NULL)
            return true;
    return false;
}

void observe_controls(struct peer *p)
{
    struct outcome *o = current_part(p);

    client_wait(p);
    if (o->ending == ENDING_CLOSE) /* that is not what the case is about */
        o->ending = ENDING_NONE;
    observe(p, client_shows(p, CONTROLS) ? "a raw control byte" : "no raw control bytes");
}

const struct nacre_key *client_host_key(const struct peer *p,
                                        const struct signature_algorithm *algorithm)
{
    const struct client_setup *s = p->setting->client;

    for (int i = 0; algorithm != NULL && i < HOST_KEYS; i++)
        if (key_can_sign(&s->host_keys[i], algorithm))
            return &s->host_keys[i];
    return NULL;
}
