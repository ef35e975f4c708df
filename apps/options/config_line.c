#include "apps/options/config_line.h"

#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

static char *skip_blanks(char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

/* Does a backslash before this character quote it? */
static bool is_quotable(char c, char quote)
{
    return c == '"' || c == '\'' || c == '\\' || (c == ' ' && quote == 0);
}

/* Remove the quotes of the word at `at`, and end it with a NUL. Returns its end; NULL: a quote is
 * not closed. */
static char *take_word(char *at)
{
    char *out = at, quote = 0;

    for (; *at != 0 && (quote != 0 || !is_blank(*at)); at++)
        if (*at == '\\' && is_quotable(at[1], quote))
            *out++ = *++at;
        else if (quote == 0 && (*at == '"' || *at == '\''))
            quote = *at;
        else if (quote != 0 && *at == quote)
            quote = 0;
        else
            *out++ = *at;
    if (quote != 0)
        return NULL;
    if (*at != 0)
        at++;
    *out = 0;
    return at;
}

/* The keyword ends at white space or '='. Returns where the value begins. */
static char *take_keyword(char *at)
{
    bool ended;

    while (*at != 0 && *at != '=' && !is_blank(*at))
        at++;
    ended = *at == '=';
    if (*at != 0)
        *at++ = 0;
    at = skip_blanks(at);
    if (!ended && *at == '=')
        at = skip_blanks(at + 1);
    return at;
}

const char *config_line_split(struct config_line *line, char *text)
{
    char *at = skip_blanks(text);

    line->count = 0;
    line->words[0] = NULL;
    if (*at == 0 || *at == '#')
        return NULL;
    line->words[line->count++] = at;
    at = take_keyword(at);
    while (*at != 0 && *at != '#') {
        if (line->count == CONFIG_WORDS_MAX)
            return "too many words";
        line->words[line->count++] = at;
        at = take_word(at);
        if (at == NULL)
            return "a quote is not closed";
        at = skip_blanks(at);
    }
    line->words[line->count] = NULL;
    return NULL;
}

static bool needs_quotes(const char *word)
{
    return word[0] == 0 || word[0] == '#' || word[0] == '=' ||
           strpbrk(word, " \t\r\f\"'\\") != NULL;
}

size_t config_word_quote(char *out, const char *word)
{
    bool quoted = needs_quotes(word);
    size_t n = 0;

    if (quoted)
        out[n++] = '"';
    for (; *word != 0; word++) {
        if (*word == '"' || *word == '\\')
            out[n++] = '\\';
        out[n++] = *word;
    }
    if (quoted)
        out[n++] = '"';
    out[n] = 0;
    return n;
}
