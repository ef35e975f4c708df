/* A client made with libssh2. Its channel is in libssh2_channel.c. */
#include "apps/spec/clients/connected.h"
#include "apps/spec/clients/libssh2_channel.h"

#include <stdlib.h>
#include <string.h>

static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC(answer_prompts)
{
    for (int i = 0; i < num_prompts; i++) {
        const char *prompt = strndup((const char *)prompts[i].text, prompts[i].length);

        responses[i].text = strdup(ask(prompt, prompts[i].echo != 0)); /* libssh2 frees it */
        responses[i].length = (unsigned)strlen(responses[i].text);
    }
}

/* The host key must be in the file. Its type there is not looked at. */
static bool is_known(LIBSSH2_SESSION *s, const struct words *words)
{
    const int kind = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW;
    LIBSSH2_KNOWNHOSTS *known = libssh2_knownhost_init(s);
    size_t len;
    int type;
    const char *key = libssh2_session_hostkey(s, &len, &type);

    (void)libssh2_knownhost_readfile(known, words->known_hosts, LIBSSH2_KNOWNHOST_FILE_OPENSSH);
    return libssh2_knownhost_checkp(known, words->host, atoi(words->port), key, len, kind, NULL) ==
           LIBSSH2_KNOWNHOST_CHECK_MATCH;
}

static void log_in(LIBSSH2_SESSION *s, const struct words *words)
{
    if (is_intent(words, "keyboard-interactive"))
        (void)libssh2_userauth_keyboard_interactive(s, words->user, answer_prompts);
    else if (!is_intent(words, "password"))
        (void)libssh2_userauth_publickey_fromfile(s, words->user, NULL, words->key, NULL);
    if (is_intent(words, "password") ||
        (is_intent(words, "terminal") && !libssh2_userauth_authenticated(s)))
        (void)libssh2_userauth_password(s, words->user, ask("Password: ", false));
    check(libssh2_userauth_authenticated(s), "the login");
}

int main(int argc, char **argv)
{
    struct words words = read_words(argc, argv);
    int fd = connect_to(words.host, words.port);
    LIBSSH2_SESSION *s = libssh2_session_init();
    int status;

    check(libssh2_session_handshake(s, fd) == 0, "the key exchange");
    check(is_known(s, &words), "the check of the host key");
    log_in(s, &words);
    if (is_intent(&words, "remote-forward"))
        check(libssh2_channel_forward_listen_ex(s, "127.0.0.1", 7777, NULL, 1) != NULL,
              "forwarding");
    status = run_channel(s, &words, fd);
    (void)libssh2_session_disconnect(s, "");
    return status < 0 ? FAILED : status;
}
