#include "apps/observe/options.h"

#include "apps/options/values.h"

#include <stdlib.h>
#include <string.h>

void study_options_from_environment(struct study_options *o)
{
    const char *file = secure_getenv("NACRE_KEYLOG");

    if (o->keylog == NULL && file != NULL && file[0] != 0)
        o->keylog = file;
}

static bool parse_format(void *options, const char *value)
{
    struct study_options *o = options;

    o->trace_json = strcmp(value, "json") == 0;
    return o->trace_json || strcmp(value, "text") == 0;
}

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "trace", .fixed = true, .argument = "FILE",
     OPTION_TEXT(struct study_options, trace), .least = 1,
     .help = "write every message with all its fields to FILE; `-` is standard error",
     .more = "FILE is created with mode 0600, and replaces one of that name; it may also be a device, or a named pipe that "
             "somebody reads. The trace has both directions, with times in microseconds, the lists and the choice of each "
             "KEXINIT, and what the exchange hash is made of. Passwords and keys are shown as lengths only, but what goes "
             "over the channels is shown as it is. A slow reader never blocks the program: a line counts what was left "
             "out. See nacre-trace(5)."},
    {.name = "trace-format", .fixed = true, .argument = "FORMAT", .parse = parse_format,
     .expects = "text or json",
     .help = "how to write the trace: `text`, or `json`, one object per line",
     .default_value = "text"},
    {.name = "trace-data", .fixed = true,
     OPTION_FLAG(struct study_options, trace_data),
     .help = "trace the whole data of channels, not only the first 64 bytes of each message"},
    {.name = "unsafe-keylog", .fixed = true, .argument = "FILE",
     OPTION_TEXT(struct study_options, keylog), .least = 1,
     .help = "append the secrets of every key exchange to FILE, with which Wireshark decrypts the sessions",
     .more = "Never use it in production: whoever can read FILE can read the sessions, passwords included. FILE is created "
             "with mode 0600 and refused if others may open it. Each exchange writes the two lines that Wireshark calls a "
             "key log: `SHARED_SECRET`, for version 4.4 and later, and the ephemeral private number, for 4.0 and later. "
             "A server sends its KEXINIT only after the client's identification, without which Wireshark cannot follow "
             "the session."},
    {.name = "capture", .fixed = true, .argument = "FILE",
     OPTION_TEXT(struct study_options, capture), .least = 1,
     .help = "write all packets to FILE, a pcapng capture for Wireshark; with `--unsafe-keylog` it opens decrypted",
     .more = "FILE is created with mode 0600, and replaces one of that name. It needs neither root nor tcpdump: the packets are "
             "those that the program sends and receives, with IP and TCP headers that are made up. The addresses are the real "
             "ones; the server's port is 22, by which Wireshark recognises SSH. When the disk is too slow or full, packets "
             "are missing, which the log says; sessions do not wait for it. Without `--unsafe-keylog` there is no "
             "secret in FILE."},
    {.name = "study", .fixed = true, .argument = "DIR",
     OPTION_TEXT(struct study_options, directory), .least = 1,
     .help = "write `trace.json`, `keys.log` and `session.pcapng` into DIR, of sessions that every version of Wireshark decrypts",
     .more = "Never use it in production: the files contain the keys and passwords of all sessions. It is `--trace`, as JSON, "
             "`--unsafe-keylog` and `--capture` together, of which each may be given, too, to name another file. DIR is created "
             "if it is missing, for its owner alone. The key exchange method is curve25519-sha256 and the cipher "
             "aes256-gcm@openssh.com, unless `--kex` or `--ciphers` is given; messages have at most 1 KiB of data, so "
             "that a packet fits into a segment of any network; and the program begins no rekey because of time, because "
             "Wireshark decrypts nothing after one."},
    {0},
};
/* clang-format on */

const struct option_group study_options = {
    .name = "study_options", .title = "For study and debugging:", .rows = rows};
