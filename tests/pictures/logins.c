/* Print the messages of each login method, for tests/pictures/logins.py: a script logs in to a
 * server session, whose observer prints what passes.
 *
 *     method NAME
 *     message in|out NUMBER FIELD|FIELD...        seen from the server
 *
 * What a login proves with is printed as dots. */
#include "tests/support/auth_script.h"

#include <stdio.h>

static const char *method; /* of the last request: it decides what message 60 means */

static void print_string(struct bytes text)
{
    printf("|%.*s", (int)text.len, (const char *)text.at);
}

static void print_blob(const char *what, struct bytes blob)
{
    printf("|%s, %zu bytes", what, blob.len);
}

static const char *truth(bool value)
{
    return value ? "TRUE" : "FALSE";
}

/* RFC 4252 sections 5, 7 and 8, RFC 4256 section 3.1: byte SSH_MSG_USERAUTH_REQUEST, string user
 * name, string service name, string method name, ... */
static void print_request(struct reader *r)
{
    struct bytes name;
    bool flag;

    print_string(read_string(r));
    print_string(read_string(r));
    name = read_string(r);
    print_string(name);
    method = bytes_are(name, "keyboard-interactive") ? "interactive"
             : bytes_are(name, "publickey")          ? "publickey"
                                                     : "password";
    if (bytes_are(name, "password")) {
        flag = read_bool(r);
        printf("|%s|••••••%s", truth(flag), flag ? "|••••••" : "");
    } else if (bytes_are(name, "publickey")) {
        flag = read_bool(r);
        printf("|%s", truth(flag));
        print_string(read_string(r));
        print_blob("key", read_string(r));
        if (flag)
            print_blob("signature", read_string(r));
    }
}

/* Message 60. RFC 4252 section 7: PK_OK, string algorithm, string key. Section 8: PASSWD_CHANGEREQ,
 * string prompt, string language tag. RFC 4256 section 3.2: INFO_REQUEST, string name, string
 * instruction, string language tag, uint32 number of prompts, string prompt, boolean echo... */
static void print_60(struct reader *r)
{
    if (strcmp(method, "publickey") == 0) {
        print_string(read_string(r));
        print_blob("key", read_string(r));
    } else if (strcmp(method, "password") == 0) {
        print_string(read_string(r));
    } else {
        (void)read_string(r);
        (void)read_string(r);
        (void)read_string(r);
        printf("|%u prompt", read_u32(r));
        print_string(read_string(r));
        printf("|echo %s", truth(read_bool(r)));
    }
}

static void on_message(void *context, enum nacre_direction direction, uint32_t seq,
                       const char *phase, const uint8_t *payload, size_t len)
{
    struct reader r = read_from((struct bytes){payload, len});
    uint8_t number = read_u8(&r);

    (void)context;
    (void)seq;
    (void)phase;
    if (number < SSH_MSG_USERAUTH_REQUEST || number > SSH_MSG_USERAUTH_METHOD_LAST)
        return;
    printf("message %s %u ", direction == NACRE_SENT ? "out" : "in", number);
    if (number == SSH_MSG_USERAUTH_REQUEST)
        print_request(&r);
    else if (number == SSH_MSG_USERAUTH_PK_OK)
        print_60(&r);
    else if (number == SSH_MSG_USERAUTH_INFO_RESPONSE)
        printf("|%u response|••••••", read_u32(&r));
    else if (number == SSH_MSG_USERAUTH_FAILURE) {
        print_string(read_string(&r));
        printf("|partial success %s", truth(read_bool(&r)));
    }
    printf("\n");
}

/* ---- the server's decisions ---- */

static void on_password(void *context, struct nacre_decision *d, const char *user,
                        const char *password)
{
    (void)context;
    if (strcmp(password, "expired") == 0)
        nacre_decide_change_password(d, "Choose another:");
    else
        nacre_decide(d, strcmp(user, "alice") == 0 && strcmp(password, "secret") == 0);
}

static void on_change(void *context, struct nacre_decision *d, const char *user,
                      const char *old_password, const char *new_password)
{
    (void)context;
    (void)user;
    (void)old_password;
    (void)new_password;
    nacre_decide(d, true);
}

static void on_words(void *context, struct nacre_decision *d, const char *user,
                     const char *const *responses, size_t count)
{
    static const struct nacre_prompt prompt = {"Code:", true};

    (void)context;
    (void)user;
    (void)count;
    if (responses == NULL)
        nacre_decide_ask_more(d, "", "", &prompt, 1);
    else
        nacre_decide(d, true);
}

/* ---- the logins ---- */

static void change_password(void)
{
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sss?ss", "alice", "ssh-connection", "password", 1,
                  "expired", "secret");
}

static void send_good_password(void)
{
    send_password("alice", "secret");
}

static void send_expired_password(void)
{
    send_password("alice", "expired");
}

static void send_good_proof(void)
{
    struct proof p = right_proof();

    send_proof(&p);
}

static void send_interactive(void)
{
    scripted_send(&s, SSH_MSG_USERAUTH_REQUEST, "sssss", "alice", "ssh-connection",
                  "keyboard-interactive", "", "");
}

static void send_response(void)
{
    scripted_send(&s, SSH_MSG_USERAUTH_INFO_RESPONSE, "us", 1, "123456");
}

static const struct login {
    const char *name, *require;
    void (*steps[4])(void);
} logins[] = {
    {"none", NULL, {send_none}},
    {"password", NULL, {send_bad_password, send_good_password}},
    {"password-change", NULL, {send_expired_password, change_password}},
    {"publickey", NULL, {send_bad_query, send_good_query, send_good_proof}},
    {"keyboard-interactive", NULL, {send_interactive, send_response}},
    {"two-methods", "publickey,password", {send_good_proof, send_good_password}},
};

START_TEST(print_logins)
{
    static const struct nacre_observer observer = {.message = on_message};

    for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++) {
        printf("method %s\n", logins[i].name);
        scripted_init(&s, NACRE_SERVER);
        s.pair.policy.password = on_password;
        s.pair.policy.change_password = on_change;
        s.pair.policy.interactive = on_words;
        s.pair.policy.require = logins[i].require;
        s.pair.server_config.observer = &observer;
        scripted_start(&s);
        for (size_t step = 0; step < 4 && logins[i].steps[step] != NULL; step++) {
            logins[i].steps[step]();
            scripted_run(&s);
        }
        scripted_clear(&s);
    }
    (void)fflush(stdout);
}
END_TEST

void add_tests(struct suite *suite)
{
    add_test(suite, print_logins);
}
