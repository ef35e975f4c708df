#include "tests/support/request_script.h"

uint32_t channel_id; /* the session's number for the channel */
const char long_name[] =
    "0123456789012345678901234567890123456789012345678901234567890123"; /* 64 bytes, the longest
                                                                           allowed */

void server_with_window(uint32_t window)
{
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = recorder_app;
    scripted_login(&s);
    channel_id = scripted_open(&s, 7, window, 32768);
    scripted_told(&s, "open;");
}

void server_with_channel(void)
{
    server_with_window(1000);
}

struct nacre_channel *client_with_channel(void)
{
    struct nacre_channel *ch;

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_app = recorder_app;
    scripted_login(&s);
    ch = scripted_opened(&s, 7, 1000, 1000);
    scripted_told(&s, "open;");
    channel_id = nacre_channel_id(ch);
    return ch;
}

const struct body bodies[BODIES] = {
    {"pty-req", "\0\0\0\5xterm\0\0\0\x50\0\0\0\x18\0\0\2\x80\0\0\1\xe0\0\0\0\6\x35\0\0\0\1\0",
     9 + 16 + 4 + 6, "request pty-req xterm;"},
    {"env", "\0\0\0\4LANG\0\0\0\1C", 13, "request env LANG C;"},
    {"shell", "", 0, "request shell;"},
    {"exec", "\0\0\0\2ls", 6, "request exec ls;"},
    {"subsystem", "\0\0\0\4sftp", 8, "request subsystem sftp;"},
    {"signal", "\0\0\0\4TERM", 8, "request signal TERM;"},
    {"break", "\0\0\1\xf4", 4, "request break;"},
    {"eow@openssh.com", "", 0, "request eow@openssh.com;"},
    {"foo@example.com", "anything", 8, "request foo@example.com;"},
};

void send_body(const struct body *b, int want_reply, size_t len)
{
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?x", channel_id, b->type, want_reply, b->bytes,
                  len);
}

void send_request(const char *type, int want_reply)
{
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", channel_id, type, want_reply);
}

void send_env(int want_reply)
{
    send_body(&bodies[1], want_reply, bodies[1].len);
}

const char prove[] = "hostkeys-prove-00@openssh.com";
