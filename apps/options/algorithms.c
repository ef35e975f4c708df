#include "apps/options/algorithms.h"

#include "apps/options/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool algorithm_option(const struct option_row *row, void *options, const char *value,
                      const struct errbuf *p)
{
    struct algorithm_options *algorithms = (void *)((char *)options + row->member);
    char **chosen = &algorithms->lists[row->which];
    char list[NACRE_ALGORITHM_LIST_MAX];

    if (!nacre_algorithms_apply((enum nacre_algorithm_kind)row->which, value, list, p->text,
                                p->size))
        return false;
    free(*chosen);
    *chosen = strdup(list);
    return *chosen != NULL || errbuf_say(p, "out of memory");
}

void algorithms_put(const struct command_line *line)
{
    (void)line;
    for (int kind = 0; kind < NACRE_ALGORITHM_KINDS; kind++) {
        const char *name;
        bool off;

        (void)printf("%s\n", nacre_algorithm_kind_name((enum nacre_algorithm_kind)kind));
        for (size_t i = 0;
             (name = nacre_algorithm_name((enum nacre_algorithm_kind)kind, i, &off)) != NULL; i++)
            (void)printf("    %s%s\n", name, off ? " (off)" : "");
    }
}

void algorithm_options_clear(struct algorithm_options *options)
{
    for (int kind = 0; kind < NACRE_ALGORITHM_KINDS; kind++)
        free(options->lists[kind]);
}

/* clang-format off */
static const struct option_row rows[] = {
    {.name = "kex", .keyword = "KexAlgorithms", .argument = "LIST", .take = algorithm_option, .which = NACRE_KEX,
     .help = "key exchange methods, best first, separated by commas; `+LIST` appends to the defaults, `-LIST` removes from "
             "them, `^LIST` goes before them; `*` and `?` are wildcards",
     .more = "The names are those that nacre-echo(1) lists. Finite-field Diffie-Hellman is off unless named, as in "
             "OpenSSH since 10.0: it costs a server milliseconds per exchange and a client nothing. "
             "`+diffie-hellman-*` brings it back for peers that know nothing else. "
             "`ecdh-sha2-nistp384` is off for the same reason."},
    {.name = "host-key-algorithms", .argument = "LIST", .take = algorithm_option, .which = NACRE_HOST_KEY,
     .help = "signature algorithms of host keys, as for `--kex`"},
    {.name = "ciphers", .argument = "LIST", .take = algorithm_option, .which = NACRE_CIPHER,
     .help = "ciphers, as for `--kex`"},
    {.name = "macs", .keyword = "MACs", .argument = "LIST", .take = algorithm_option, .which = NACRE_MAC,
     .help = "MACs, as for `--kex`"},
    {.name = "require-strict-kex", OPTION_FLAG(struct algorithm_options, require_strict_kex),
     .help = "disconnect peers that do not support strict key exchange",
     .more = "Without it somebody between the two ends can remove the first encrypted messages unnoticed (Terrapin, "
             "CVE-2023-48795). Programs older than 2024 lack it: OpenSSH before 9.6, PuTTY before 0.80."},
    {0},
};
/* clang-format on */

const struct option_group algorithm_options = {.name = "algorithm_options", .rows = rows};
