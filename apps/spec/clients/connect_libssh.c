/* A client made with libssh. Its channel is in libssh_channel.c. */
#include "apps/spec/clients/connected.h"
#include "apps/spec/clients/libssh_channel.h"

enum { REKEY = 16384 }; /* bytes */

static int answer_prompts(ssh_session s)
{
    int result;
    char echo = 0;

    while ((result = ssh_userauth_kbdint(s, NULL, NULL)) == SSH_AUTH_INFO)
        for (unsigned i = 0; i < (unsigned)ssh_userauth_kbdint_getnprompts(s); i++) {
            const char *prompt = ssh_userauth_kbdint_getprompt(s, i, &echo);

            (void)ssh_userauth_kbdint_setanswer(s, i, ask(prompt, echo != 0));
        }
    return result;
}

static int log_in(ssh_session s, const struct words *words)
{
    ssh_key key;
    int result = SSH_AUTH_PARTIAL;

    if (is_intent(words, "keyboard-interactive"))
        return answer_prompts(s);
    if (!is_intent(words, "password")) {
        check(ssh_pki_import_privkey_file(words->key, NULL, NULL, NULL, &key) == SSH_OK, "the key");
        result = ssh_userauth_publickey(s, NULL, key);
    }
    return result == SSH_AUTH_PARTIAL ? ssh_userauth_password(s, NULL, ask("Password: ", false))
                                      : result;
}

int main(int argc, char **argv)
{
    struct words words = read_words(argc, argv);
    ssh_session s = ssh_new();
    int status;

    (void)ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &(bool){false});
    (void)ssh_options_set(s, SSH_OPTIONS_HOST, words.host);
    (void)ssh_options_set(s, SSH_OPTIONS_PORT_STR, words.port);
    (void)ssh_options_set(s, SSH_OPTIONS_USER, words.user);
    (void)ssh_options_set(s, SSH_OPTIONS_KNOWNHOSTS, words.known_hosts);
    (void)ssh_options_set(s, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    if (is_intent(&words, "rekey"))
        (void)ssh_options_set(s, SSH_OPTIONS_REKEY_DATA, &(uint64_t){REKEY});
    refuse_requests(s);
    check(ssh_connect(s) == SSH_OK, "connecting");
    check(ssh_session_is_known_server(s) == SSH_KNOWN_HOSTS_OK, "the check of the host key");
    check(log_in(s, &words) == SSH_AUTH_SUCCESS, "the login");
    if (is_intent(&words, "remote-forward"))
        check(ssh_channel_listen_forward(s, "127.0.0.1", 7777, NULL) == SSH_OK, "forwarding");
    status = run_channel(s, &words);
    ssh_disconnect(s);
    return status < 0 ? FAILED : status;
}
