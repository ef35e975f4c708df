// C++17: RAII and lambdas over the C headers. 8-cpp ADDR:PORT (users are in ./passwords); SIGINT ends it
#include <nacre/server.h>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

struct Session { // one per channel, in nacre_channel_app_data
    std::string waiting;
    void flush(nacre_channel *ch) { waiting.erase(0, nacre_channel_write(ch, waiting.data(), waiting.size())); }
    static Session *of(nacre_channel *ch) { return static_cast<Session *>(nacre_channel_app_data(ch)); }
};
static std::unique_ptr<nacre_server, decltype(&nacre_server_free)> server{nullptr, nacre_server_free};

int main(int, char **argv)
{
    nacre_channel_app app{};
    app.request = [](nacre_channel *ch, const nacre_request *r) {
        auto *peer = static_cast<nacre_peer *>(nacre_channel_context(ch));
        if (r->kind != NACRE_REQUEST_SHELL || Session::of(ch))
            return NACRE_REFUSE;
        nacre_channel_set_app_data(ch, new Session{"hello " + std::string(nacre_login_user(nacre_peer_login(peer))) + "\r\n"});
        return Session::of(ch)->flush(ch), NACRE_GRANT;
    };
    app.writable = [](nacre_channel *ch) { if (auto *s = Session::of(ch)) s->flush(ch); };
    app.data = [](nacre_channel *ch, const uint8_t *p, size_t n) { return nacre_channel_write(ch, p, n); };
    app.eof = [](nacre_channel *ch) { nacre_channel_exit_status(ch, 0); nacre_channel_close(ch); };
    app.closed = [](nacre_channel *ch, const nacre_end *) { delete Session::of(ch); };
    const char *listen[] = {argv[1], nullptr};
    nacre_server_config config{};
    config.version = NACRE_VERSION_NUMBER, config.listen = listen, config.host_key_file = "host_key", config.password_file = "passwords", config.session = &app;
    char problem[256];
    server.reset(nacre_server_new(&config, problem, sizeof problem));
    std::fprintf(stderr, "%s\n", server ? nacre_server_address(server.get(), 0) : problem);
    if (!server)
        return 1;
    std::signal(SIGINT, [](int) { nacre_server_stop(server.get()); });
    nacre_server_run(server.get());
}
