/* Print transport/PHASES.md: the verdict of transport/phase.c about every message in every phase.
 * `make phases` writes the page, tests/tools/phase_page compares it. */
#include "transport/message.h"
#include "transport/phase.h"

#include <stdio.h>
#include <string.h>

static const struct {
    uint8_t first, last;
    const char *name;
} names[] = {
    {SSH_MSG_DISCONNECT, SSH_MSG_DISCONNECT, "DISCONNECT"},
    {SSH_MSG_IGNORE, SSH_MSG_IGNORE, "IGNORE"},
    {SSH_MSG_UNIMPLEMENTED, SSH_MSG_UNIMPLEMENTED, "UNIMPLEMENTED"},
    {SSH_MSG_DEBUG, SSH_MSG_DEBUG, "DEBUG"},
    {SSH_MSG_SERVICE_REQUEST, SSH_MSG_SERVICE_REQUEST, "SERVICE_REQUEST"},
    {SSH_MSG_SERVICE_ACCEPT, SSH_MSG_SERVICE_ACCEPT, "SERVICE_ACCEPT"},
    {SSH_MSG_EXT_INFO, SSH_MSG_EXT_INFO, "EXT_INFO"},
    {SSH_MSG_KEXINIT, SSH_MSG_KEXINIT, "KEXINIT"},
    {SSH_MSG_NEWKEYS, SSH_MSG_NEWKEYS, "NEWKEYS"},
    {SSH_MSG_KEX_METHOD_FIRST, SSH_MSG_KEX_METHOD_LAST, "the key exchange method's"},
    {SSH_MSG_USERAUTH_REQUEST, SSH_MSG_USERAUTH_REQUEST, "USERAUTH_REQUEST"},
    {SSH_MSG_USERAUTH_FAILURE, SSH_MSG_USERAUTH_FAILURE, "USERAUTH_FAILURE"},
    {SSH_MSG_USERAUTH_SUCCESS, SSH_MSG_USERAUTH_SUCCESS, "USERAUTH_SUCCESS"},
    {SSH_MSG_USERAUTH_BANNER, SSH_MSG_USERAUTH_BANNER, "USERAUTH_BANNER"},
    {SSH_MSG_USERAUTH_PK_OK, SSH_MSG_USERAUTH_PK_OK,
     "USERAUTH_PK_OK, _INFO_REQUEST, _PASSWD_CHANGEREQ"},
    {SSH_MSG_USERAUTH_INFO_RESPONSE, SSH_MSG_USERAUTH_INFO_RESPONSE, "USERAUTH_INFO_RESPONSE"},
    {SSH_MSG_GLOBAL_REQUEST, SSH_MSG_GLOBAL_REQUEST, "GLOBAL_REQUEST"},
    {SSH_MSG_REQUEST_SUCCESS, SSH_MSG_REQUEST_FAILURE, "REQUEST_SUCCESS, _FAILURE"},
    {SSH_MSG_CHANNEL_OPEN, SSH_MSG_CHANNEL_FAILURE, "CHANNEL_OPEN to CHANNEL_FAILURE"},
    {SSH_MSG_PING, SSH_MSG_PING, "PING"},
    {SSH_MSG_PONG, SSH_MSG_PONG, "PONG"},
};

enum { NAMES = sizeof names / sizeof names[0] };

/* One for each verdict. */
static const char *const marks[] = {
    [VERDICT_LEGAL] = "read",
    [VERDICT_IGNORE] = "drop",
    [VERDICT_UNIMPLEMENTED] = "UNIMPL",
    [VERDICT_ILLEGAL] = "**END**",
};

static size_t name_of(unsigned number)
{
    size_t i = 0;

    while (i < NAMES && (number < names[i].first || number > names[i].last))
        i++;
    return i;
}

/* The columns: the phases that have packets, up to `last`. Under strict kex only few messages need
 * a name. */
struct table {
    enum nacre_role from;
    bool strict;
    enum phase last;
};

static bool same(const struct table *t, unsigned a, unsigned b)
{
    if (!t->strict && name_of(a) != name_of(b))
        return false;
    for (enum phase phase = PHASE_KEXINIT; phase <= t->last; phase++)
        if (phase_judge(phase, t->from, t->strict, (uint8_t)a) !=
            phase_judge(phase, t->from, t->strict, (uint8_t)b))
            return false;
    return true;
}

static void print_row(const struct table *t, unsigned first, unsigned last)
{
    size_t name = name_of(first);

    printf(first == last ? "| %u " : "| %u–%u ", first, last);
    printf("| %s ", name == NAMES || name != name_of(last) ? "" : names[name].name);
    for (enum phase phase = PHASE_KEXINIT; phase <= t->last; phase++)
        printf("| %s ", marks[phase_judge(phase, t->from, t->strict, (uint8_t)first)]);
    printf("|\n");
}

static void print_table(const struct table *t)
{
    printf("| number | message ");
    for (enum phase phase = PHASE_KEXINIT; phase <= t->last; phase++)
        printf("| %s ", phase_name(phase));
    printf("|\n|---|---");
    for (enum phase phase = PHASE_KEXINIT; phase <= t->last; phase++)
        printf("|:-:");
    printf("|\n");
    for (unsigned first = 0, last; first < 256; first = last + 1) {
        for (last = first; last < 255 && same(t, first, last + 1);)
            last++;
        print_row(t, first, last);
    }
    printf("\n");
}

int main(void)
{
    printf(
        "# Which message is legal when\n"
        "\n"
        "`make phases` writes this page from the table in [phase.c](phase.c). "
        "[tests/whole/reactions.c](../tests/whole/reactions.c)\n"
        "sends each number, well formed, in each phase to either role, and compares the reaction "
        "with it.\n"
        "[tests/transport/phase.c](../tests/transport/phase.c) compares the table with the "
        "rules of the RFCs.\n"
        "\n"
        "| in the tables | reaction |\n"
        "|---|---|\n"
        "| %s | the message is read |\n"
        "| %s | it is dropped silently |\n"
        "| %s | it is answered with UNIMPLEMENTED: RFC 4253 section 11.4 |\n"
        "| %s | DISCONNECT with PROTOCOL_ERROR |\n"
        "\n"
        "A phase is named after the message that is awaited. Before these phases is `version`, "
        "in which there are no\n"
        "messages: RFC 4253 section 4.2. `first` is the first message under keys. After we have "
        "sent KEXINIT, the phase\n"
        "stays the same until the peer's KEXINIT: RFC 4253 section 7.1 lets the peer send what "
        "was legal before.\n"
        "\n"
        "What leads from phase to phase, as recorded from sessions (`make pages`):\n"
        "\n"
        "![What each role waits for, and what it answers](phases.svg)\n"
        "\n",
        marks[VERDICT_LEGAL], marks[VERDICT_IGNORE], marks[VERDICT_UNIMPLEMENTED],
        marks[VERDICT_ILLEGAL]);
    printf("## From a client\n\n");
    print_table(&(struct table){NACRE_CLIENT, false, PHASE_COUNT - 1});
    printf("## From a server\n\n");
    print_table(&(struct table){NACRE_SERVER, false, PHASE_COUNT - 1});
    printf("## Under strict kex, from either role\n\n"
           "draft-ietf-sshm-strict-kex section 3.2: in the first exchange only; all other phases "
           "are as above. Whether it\n"
           "will be strict is not known before the peer's KEXINIT: a message that was sent too "
           "early ends the session when\n"
           "that KEXINIT is received.\n\n");
    print_table(&(struct table){NACRE_CLIENT, true, PHASE_NEWKEYS});
    return 0;
}
