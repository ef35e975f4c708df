#include <nacre/server.h>
#include <stdio.h>
static size_t echo(struct nacre_channel *ch, const uint8_t *data, size_t len) { return nacre_channel_write(ch, data, len); }
int main(void) {
    struct nacre_channel_app app = {.request = nacre_channel_grant_shell, .data = echo, .eof = nacre_channel_close};
    struct nacre_server_config config = {NACRE_VERSION_NUMBER, .host_key_file = "host_key", .password_file = "users", .session = &app};
    char problem[512];
    struct nacre_server *server = nacre_server_new(&config, problem, sizeof problem);
    return server != NULL ? (nacre_server_run(server), 0) : (puts(problem), 1);
}
