#include "transport/version.h"

#include "transport/api.h"

#include <string.h>

const char version_ours[] = "SSH-2.0-nacre_" NACRE_VERSION;

static bool starts_with(struct bytes text, const char *prefix)
{
    size_t n = strlen(prefix);

    return text.len >= n && memcmp(text.at, prefix, n) == 0;
}

/* RFC 4253 section 4.2: SSH-protoversion-softwareversion SP comments CR LF. Printable characters
 * may follow the second hyphen; bytes above 0x7e are accepted, as in practice a comment may be
 * UTF-8. */
static enum version_status judge(struct bytes line)
{
    if (line.len > VERSION_LINE_MAX - 2)
        return VERSION_MALFORMED;
    for (size_t i = 0; i < line.len; i++)
        if (line.at[i] < 0x20 || line.at[i] == 0x7f)
            return VERSION_MALFORMED;
    if (memchr(line.at + 4, '-', line.len - 4) == NULL)
        return VERSION_MALFORMED;
    /* RFC 4253 sections 5, 5.1 and 5.2: servers that support 1.x too send "1.99" */
    if (!starts_with(line, "SSH-2.0-") && !starts_with(line, "SSH-1.99-"))
        return VERSION_UNSUPPORTED;
    return VERSION_READY;
}

/* There is no end of line yet: can what there is still begin a legal one? */
static enum version_status judge_partial(struct bytes input, enum nacre_role role)
{
    size_t n = input.len < 4 ? input.len : 4;
    bool identification = memcmp(input.at, "SSH-", n) == 0;

    if (identification)
        return input.len < VERSION_LINE_MAX ? VERSION_PARTIAL : VERSION_MALFORMED;
    if (role == NACRE_SERVER)
        return VERSION_MALFORMED;
    return input.len < VERSION_NOISE_MAX ? VERSION_PARTIAL : VERSION_MALFORMED;
}

enum version_status version_read(struct bytes input, enum nacre_role role, struct bytes *line,
                                 size_t *size)
{
    const uint8_t *newline;

    if (input.len == 0)
        return VERSION_PARTIAL;
    newline = memchr(input.at, '\n', input.len);
    if (newline == NULL)
        return judge_partial(input, role);
    *size = (size_t)(newline - input.at) + 1;
    *line = (struct bytes){input.at, *size - 1};
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    if (starts_with(*line, "SSH-"))
        return judge(*line);
    return role == NACRE_CLIENT && *size <= VERSION_NOISE_MAX ? VERSION_SKIP : VERSION_MALFORMED;
}

bool version_is_ascii(struct bytes version)
{
    for (size_t i = 0; i < version.len; i++)
        if (version.at[i] >= 0x80)
            return false;
    return true;
}
