/* A list of algorithms as a user writes it. The result is a legal name-list. */
#include "tests/fuzz/fuzz.h"

#include "apps/session/algorithm_list.h"
#include "transport/wire.h"

#include <string.h>

static void check(const char *list)
{
    uint8_t message[4 + NACRE_ALGORITHM_LIST_MAX];
    struct writer w = write_to(message, sizeof message);
    struct reader r;

    write_text(&w, list);
    r = read_from(written_bytes(&w));
    (void)read_name_list(&r);
    require(!w.bad && read_done(&r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    enum nacre_algorithm_kind kind =
        len == 0 ? NACRE_KEX : (enum nacre_algorithm_kind)(data[0] % NACRE_ALGORITHM_KINDS);
    char out[NACRE_ALGORITHM_LIST_MAX], errbuf[512] = "";
    char *list = calloc(1, len + 1);

    require(list != NULL);
    if (len > 1)
        memcpy(list, data + 1, len - 1);
    if (nacre_algorithms_apply(kind, list, out, errbuf, sizeof errbuf))
        check(out);
    else
        require(errbuf[0] != 0);
    free(list);
    return 0;
}
