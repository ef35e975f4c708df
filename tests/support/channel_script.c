#include "tests/support/channel_script.h"

const uint8_t zeros[64 * 1024];

void server_start(void)
{
    recorder_reset();
    scripted_init(&s, NACRE_SERVER);
    s.pair.server_app = recorder_app;
    scripted_login(&s);
}

uint32_t server_open(uint32_t window, uint32_t max_packet)
{
    uint32_t id;

    server_start();
    id = scripted_open(&s, 7, window, max_packet);
    scripted_send(&s, SSH_MSG_CHANNEL_REQUEST, "us?", id, "shell", 0);
    scripted_expect(&s, "");
    scripted_told(&s, "open;request shell;");
    return id;
}

struct nacre_channel *client_open(void)
{
    struct nacre_channel *ch;

    recorder_reset();
    scripted_init(&s, NACRE_CLIENT);
    s.pair.client_app = recorder_app;
    scripted_login(&s);
    ch = scripted_opened(&s, 7, 100000, 32768);
    scripted_told(&s, "open;");
    return ch;
}

void stop(void)
{
    scripted_clear(&s);
    recorder_clear();
}

void send_data(uint32_t id, size_t len)
{
    scripted_send(&s, SSH_MSG_CHANNEL_DATA, "uS", id, zeros, len);
}

void send_eof(uint32_t id)
{
    scripted_send(&s, SSH_MSG_CHANNEL_EOF, "u", id);
}

void send_close(uint32_t id)
{
    scripted_send(&s, SSH_MSG_CHANNEL_CLOSE, "u", id);
}

void send_adjust(uint32_t id, uint32_t bytes)
{
    scripted_send(&s, SSH_MSG_CHANNEL_WINDOW_ADJUST, "uu", id, bytes);
}

void look(void)
{
    nacre_session_tick(s.real->session, s.pair.now_ms);
}

size_t write_one(struct nacre_channel *ch)
{
    return nacre_channel_write(ch, zeros, 4000);
}

bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

void fill(struct nacre_channel *ch)
{
    while (nacre_channel_write(ch, zeros, sizeof zeros) > 0)
        ;
}
