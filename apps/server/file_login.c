#include "apps/server/file_login.h"

#include "apps/files/password_file.h"
#include "apps/files/user_list.h"
#include "apps/server/server.h"
#include "apps/session/errbuf.h"
#include "apps/session/version.h"
#include "transport/growth.h"

#include <stdlib.h>
#include <string.h>

enum { SENTENCES_MAX = 8 * 1024 /* bytes of all sentences about a file */ };

struct nacre_file_login {
    struct nacre_auth_policy policy;
    struct nacre_password_file *passwords;         /* or NULL */
    struct nacre_authorized_keys *authorized_keys; /* or NULL */
    void (*trouble)(void *trouble_context, const char *about, const char *sentence);
    void *trouble_context;
    bool on_own_loop;
    const char *allow_users, *deny_users; /* or NULL */
};

/* Looked up before the password or the key is checked, which happens in any case: the time that it
 * takes must not depend on the answer. */
static bool is_allowed(const struct nacre_file_login *login, const char *user, void *context)
{
    char address[NACRE_PEER_HOST_MAX];

    if (!login->on_own_loop)
        nacre_peer_host(context, address);
    return user_list_allows(login->allow_users, login->deny_users, user,
                            login->on_own_loop ? NULL : address);
}

/* ---- trouble ---- */

static const char OUT_OF_MEMORY[] = "out of memory: a login could not be decided";

static void report(const struct nacre_file_login *login, const char *about, const char *sentence)
{
    if (login->trouble != NULL)
        login->trouble(login->trouble_context, about, sentence);
}

/* The same for each line of a text, which it takes apart. */
static void report_each(const struct nacre_file_login *login, const char *about, char *sentences)
{
    char *rest = NULL;

    for (char *p = strtok_r(sentences, "\n", &rest); p != NULL; p = strtok_r(NULL, "\n", &rest))
        report(login, about, p);
}

/* ---- passwords ---- */

struct password_job {
    const struct nacre_file_login *login;
    struct nacre_decision *decision;
    struct nacre_password_check *check;
    bool allowed, done, granted, undecided;
};

static void check_password(void *at)
{
    struct password_job *job = at;

    job->granted = nacre_password_check_run(job->check, &job->undecided);
    job->done = true;
}

static void password_checked(void *at)
{
    struct password_job *job = at;

    nacre_password_check_free(job->check);
    if (job->undecided && !nacre_decision_is_over(job->decision)) /* else the login may be gone */
        report(job->login, "auth", OUT_OF_MEMORY);
    if (job->done && !job->undecided)
        nacre_decide(job->decision, job->granted && job->allowed);
    else
        nacre_decide_unable(job->decision);
    free(job);
}

static struct nacre_password_check *look_up(const struct nacre_file_login *login, const char *user,
                                            const char *password)
{
    char errbuf[SENTENCES_MAX] = {0};
    struct nacre_password_check *check =
        nacre_password_file_lookup(login->passwords, user, password, errbuf, sizeof errbuf);

    report_each(login, "passwords", errbuf);
    return check;
}

/* A plain password is compared at once; a hash is computed on another thread. */
static void run(struct password_job *job, struct nacre_peer *peer)
{
    if (peer == NULL || !nacre_password_check_is_slow(job->check)) {
        check_password(job);
        password_checked(job);
    } else if (!nacre_peer_offload(peer, check_password, password_checked, job)) {
        report(job->login, "auth", "too many password checks are waiting: one was refused");
        password_checked(job);
    }
}

static void on_password(void *context, struct nacre_decision *decision, const char *user,
                        const char *password)
{
    const struct nacre_file_login *login = nacre_decision_policy_data(decision);
    struct nacre_password_check *check = look_up(login, user, password);
    struct password_job *job = check == NULL ? NULL : malloc(sizeof *job);

    if (job == NULL) {
        report(login, "auth", OUT_OF_MEMORY);
        nacre_password_check_free(check);
        nacre_decide_unable(decision);
        return;
    }
    *job = (struct password_job){.login = login,
                                 .decision = decision,
                                 .check = check,
                                 .allowed = is_allowed(login, user, context)};
    run(job, login->on_own_loop ? NULL : context);
}

/* RFC 4256: the server asks for the same password. */
static void on_interactive(void *context, struct nacre_decision *decision, const char *user,
                           const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompt = {"Password: ", false};

    if (responses == NULL)
        nacre_decide_ask_more(decision, "", "", &prompt, 1);
    else if (count == 1)
        on_password(context, decision, user, responses[0]);
    else
        nacre_decide(decision, false);
}

/* ---- keys ---- */

static void release_grant(void *at)
{
    nacre_key_grant_free(at);
}

/* What the line of the key allows belongs to the login, if the key is proved. */
static void on_publickey(void *context, struct nacre_decision *decision, const char *user,
                         const struct nacre_key_offer *offer)
{
    const struct nacre_file_login *login = nacre_decision_policy_data(decision);
    const struct nacre_key_grant *grant;
    char errbuf[SENTENCES_MAX], address[NACRE_PEER_HOST_MAX];
    struct nacre_key_login asked = {NACRE_VERSION_NUMBER, user, offer->key, offer->key_len, NULL};
    bool allowed = is_allowed(login, user, context), granted;

    if (!login->on_own_loop) {
        nacre_peer_host(context, address);
        asked.address = address;
    }
    errbuf[0] = 0;
    granted =
        nacre_authorized_keys_check(login->authorized_keys, &asked, &grant, errbuf, sizeof errbuf);
    report_each(login, "authorized_keys", errbuf);
    nacre_decision_attach(decision, (void *)grant, release_grant);
    if (grant->undecided ||
        (grant->comment != NULL && !nacre_decision_set_comment(decision, grant->comment)))
        nacre_decide_unable(decision);
    else
        nacre_decide(decision, granted && allowed);
}

const struct nacre_key_grant *nacre_file_login_grant(const struct nacre_login *login)
{
    static const struct nacre_key_grant everything = {.pty = true,
                                                      .port_forwarding = true,
                                                      .agent_forwarding = true,
                                                      .x11_forwarding = true,
                                                      .user_rc = true};
    const struct nacre_key_grant *grant =
        login != NULL ? nacre_login_attached(login, "publickey") : NULL;

    return grant != NULL ? grant : &everything;
}

/* ---- the policy ---- */

static bool open_passwords(struct nacre_file_login *login, const char *file, char *errbuf,
                           size_t size)
{
    char sentences[SENTENCES_MAX] = "";
    struct errbuf p = errbuf_in(errbuf, size);

    if (file == NULL)
        return true;
    login->passwords = nacre_password_file_open(file, sentences, sizeof sentences);
    if (login->passwords == NULL)
        return errbuf_say(&p, "%s", sentences);
    report_each(login, "passwords", sentences);
    return true;
}

static bool open_keys(struct nacre_file_login *login, const char *pattern, char *errbuf,
                      size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);

    if (pattern == NULL)
        return true;
    login->authorized_keys = nacre_authorized_keys_open(pattern);
    return login->authorized_keys != NULL || errbuf_say(&p, "out of memory");
}

static void make_policy(struct nacre_file_login *login, const struct nacre_file_login_config *c)
{
    bool has_passwords = login->passwords != NULL;

    login->policy = (struct nacre_auth_policy){
        .password = has_passwords ? on_password : NULL,
        .publickey = login->authorized_keys != NULL ? on_publickey : NULL,
        .interactive = has_passwords && c->keyboard_interactive ? on_interactive : NULL,
        .require = c->require,
        .banner = c->banner,
        .attempted = c->attempted,
        .key_refused = c->key_refused,
        .data = login,
    };
}

static bool check_lists(const struct nacre_file_login_config *config, const struct errbuf *p)
{
    const char *const lists[] = {config->allow_users, config->deny_users};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (lists[i] != NULL && !user_list_is_good(lists[i]))
            return errbuf_say(p,
                              "'%s' is not a list of users, each a name or USER@ADDRESS, separated "
                              "by commas",
                              lists[i]);
    return true;
}

static const struct growth config_growth = {sizeof(struct nacre_file_login_config), {{0}}};

struct nacre_file_login *nacre_file_login_new(const struct nacre_file_login_config *given,
                                              char *errbuf, size_t size)
{
    struct errbuf p = errbuf_in(errbuf, size);
    struct nacre_file_login_config complete;
    const struct nacre_file_login_config *config = &complete;
    struct nacre_file_login *login;

    if (!version_check("struct nacre_file_login_config", given->version, &p))
        return NULL;
    growth_copy(&config_growth, &complete, given, given->version);
    if (config->passwords == NULL && config->authorized_keys == NULL) {
        errbuf_say(&p, "nobody could log in: give a file of passwords or of authorized keys");
        return NULL;
    }
    if (!check_lists(config, &p))
        return NULL;
    login = calloc(1, sizeof *login);
    if (login == NULL) {
        errbuf_say(&p, "out of memory");
        return NULL;
    }
    login->trouble = config->trouble;
    login->trouble_context = config->trouble_context;
    login->on_own_loop = config->on_own_loop;
    login->allow_users = config->allow_users;
    login->deny_users = config->deny_users;
    if (!open_passwords(login, config->passwords, errbuf, size) ||
        !open_keys(login, config->authorized_keys, errbuf, size)) {
        nacre_file_login_free(login);
        return NULL;
    }
    make_policy(login, config);
    return login;
}

void nacre_file_login_free(struct nacre_file_login *login)
{
    if (login == NULL)
        return;
    nacre_password_file_close(login->passwords);
    nacre_authorized_keys_close(login->authorized_keys);
    free(login);
}

const struct nacre_auth_policy *nacre_file_login_policy(const struct nacre_file_login *login)
{
    return &login->policy;
}
