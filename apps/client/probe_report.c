#include "apps/client/probe.h"
#include "apps/client/probe_read.h"
#include "apps/client/target.h"
#include "apps/files/key_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 8192 };

static const char *text_of(const struct field *field)
{
    static char text[VALUE_MAX];

    field_text(text, sizeof text, field);
    return text;
}

/* RFC 4253 section 6.6: a key begins with its type. */
static struct field type_of(const struct probe_bytes *key)
{
    struct field_reader r = {key->at, key->len};

    return field_string(&r);
}

/* RFC 4252 section 5.1
 *     byte         SSH_MSG_USERAUTH_FAILURE
 *     name-list    authentications that can continue
 *     boolean      partial success                                             */
static struct field methods_of(const struct probe *p)
{
    struct field_reader r = field_reader(&p->failure);

    return field_string(&r);
}

/* RFC 8308 section 2.3
 *     byte       SSH_MSG_EXT_INFO
 *     uint32     nr-extensions
 *     string     extension-name      nr-extensions times, each followed by
 *     string     extension-value                                               */
static bool next_extension(struct field_reader *r, struct field *name, struct field *value)
{
    if (r->len == 0)
        return false;
    *name = field_string(r);
    *value = field_string(r);
    return true;
}

static struct field_reader extensions_of(const struct probe *p)
{
    struct field_reader r = field_reader(&p->extensions);

    (void)field_u32(&r);
    return r;
}

/* ---- text ---- */

static void put_names(const char *title, struct field list)
{
    struct field name;

    (void)printf("%s\n", title);
    while (field_name(&list, &name))
        (void)printf("    %s\n", text_of(&name));
}

/* Each line of it, indented. */
static void put_lines(const char *title, const char *text)
{
    if (text[0] == 0)
        return;
    (void)printf("%s\n", title);
    while (*text != 0) {
        size_t len = strcspn(text, "\n");

        (void)printf("    %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void put_negotiated(const struct nacre_negotiated *n)
{
    if (n->kex == NULL)
        return;
    (void)printf("negotiated with nacre\n    %s, %s, %s%s%s%s\n", n->kex, n->host_key,
                 n->cipher_client_to_server, n->mac_client_to_server != NULL ? ", " : "",
                 n->mac_client_to_server != NULL ? n->mac_client_to_server : "",
                 n->strict ? ", strict key exchange" : "");
}

static void put_keys(const struct probe *p)
{
    if (p->key_count > 0)
        (void)puts("host keys");
    for (size_t i = 0; i < p->key_count; i++) {
        struct field type = type_of(&p->keys[i]);
        char print[NACRE_FINGERPRINT_MAX];

        nacre_blob_fingerprint(p->keys[i].at, p->keys[i].len, print);
        (void)printf("    %s %s\n", text_of(&type), print);
    }
    for (size_t i = 0; i < p->missing_count; i++)
        (void)printf("    %s: no key was shown: %s\n", p->missing[i].algorithm, p->missing[i].why);
}

static void put_extensions(const struct probe *p)
{
    struct field_reader r = extensions_of(p);
    struct field name, value;

    if (p->extensions.at != NULL)
        (void)puts("extensions");
    while (next_extension(&r, &name, &value)) {
        (void)printf("    %s = ", text_of(&name));
        (void)puts(text_of(&value));
    }
}

static void put_methods(const struct probe *p)
{
    char title[CLIENT_SENTENCE_MAX];

    if (p->logged_in)
        (void)printf("authentication methods for %s\n    none: no login is needed\n",
                     p->options->user);
    if (p->failure.at == NULL)
        return;
    (void)snprintf(title, sizeof title, "authentication methods for %s", p->options->user);
    put_names(title, methods_of(p));
}

void probe_report(const struct probe *p)
{
    struct field lists[KEXINIT_LISTS];
    bool follows = kexinit_read(&p->kexinit, lists);

    if (p->identification[0] != 0)
        (void)printf("address\n    %s\n", p->address);
    put_lines("identification", p->identification);
    for (size_t i = 0; i < KEXINIT_LISTS && p->kexinit.at != NULL; i++)
        put_names(kexinit_names[i], lists[i]);
    if (p->kexinit.at != NULL)
        (void)printf("first_kex_packet_follows\n    %s\n", follows ? "true" : "false");
    put_negotiated(&p->negotiated);
    put_keys(p);
    put_extensions(p);
    put_lines("text for the user", p->texts);
    put_methods(p);
}

/* ---- JSON ---- */

/* The text is UTF-8 without control characters, except line ends and tabs. */
static void put_string(const char *text)
{
    (void)putchar('"');
    for (; *text != 0; text++)
        if (*text == '"' || *text == '\\')
            (void)printf("\\%c", *text);
        else if ((unsigned char)*text < ' ')
            (void)printf("\\u%04x", (unsigned char)*text);
        else
            (void)putchar(*text);
    (void)putchar('"');
}

static void put_member(const char *name, const char *text)
{
    (void)printf(", \"%s\": ", name);
    if (text == NULL)
        (void)printf("null");
    else
        put_string(text);
}

static void put_list(struct field list)
{
    struct field name;
    const char *before = "";

    (void)putchar('[');
    while (field_name(&list, &name)) {
        (void)fputs(before, stdout);
        put_string(text_of(&name));
        before = ", ";
    }
    (void)putchar(']');
}

static void put_json_kexinit(const struct probe *p)
{
    struct field lists[KEXINIT_LISTS];
    bool follows = kexinit_read(&p->kexinit, lists);

    (void)printf(", \"kexinit\": ");
    if (p->kexinit.at == NULL) {
        (void)printf("null");
        return;
    }
    (void)putchar('{');
    for (size_t i = 0; i < KEXINIT_LISTS; i++) {
        (void)printf("\"%s\": ", kexinit_names[i]);
        put_list(lists[i]);
        (void)printf(", ");
    }
    (void)printf("\"first_kex_packet_follows\": %s}", follows ? "true" : "false");
}

static void put_json_negotiated(const struct nacre_negotiated *n)
{
    (void)printf(", \"negotiated\": ");
    if (n->kex == NULL) {
        (void)printf("null");
        return;
    }
    (void)printf("{\"strict\": %s", n->strict ? "true" : "false");
    put_member("kex", n->kex);
    put_member("host_key", n->host_key);
    put_member("cipher_client_to_server", n->cipher_client_to_server);
    put_member("cipher_server_to_client", n->cipher_server_to_client);
    put_member("mac_client_to_server", n->mac_client_to_server);
    put_member("mac_server_to_client", n->mac_server_to_client);
    (void)putchar('}');
}

static void put_json_keys(const struct probe *p)
{
    (void)printf(", \"host_keys\": [");
    for (size_t i = 0; i < p->key_count; i++) {
        struct field type = type_of(&p->keys[i]);
        char print[NACRE_FINGERPRINT_MAX];

        nacre_blob_fingerprint(p->keys[i].at, p->keys[i].len, print);
        (void)printf("%s{\"type\": ", i > 0 ? ", " : "");
        put_string(text_of(&type));
        put_member("fingerprint", print);
        (void)putchar('}');
    }
    (void)putchar(']');
}

static void put_json_missing(const struct probe *p)
{
    (void)printf(", \"host_keys_missing\": [");
    for (size_t i = 0; i < p->missing_count; i++) {
        (void)printf("%s{\"algorithm\": ", i > 0 ? ", " : "");
        put_string(p->missing[i].algorithm);
        put_member("problem", p->missing[i].why);
        (void)putchar('}');
    }
    (void)putchar(']');
}

static void put_json_extensions(const struct probe *p)
{
    struct field_reader r = extensions_of(p);
    struct field name, value;
    const char *before = "";

    (void)printf(", \"extensions\": [");
    while (next_extension(&r, &name, &value)) {
        (void)printf("%s{\"name\": ", before);
        put_string(text_of(&name));
        put_member("value", text_of(&value));
        (void)putchar('}');
        before = ", ";
    }
    (void)putchar(']');
}

void probe_report_json(const struct probe *p)
{
    (void)printf("{\"probe\": 1");
    put_member("host", p->options->host_name);
    if (target_is_unix(p->options->host_name))
        (void)printf(", \"port\": null");
    else
        (void)printf(", \"port\": %lu", strtoul(p->options->port, NULL, 10));
    put_member("address", p->address);
    put_member("identification", p->identification);
    put_json_kexinit(p);
    put_json_negotiated(&p->negotiated);
    put_json_keys(p);
    put_json_missing(p);
    put_json_extensions(p);
    put_member("text", p->texts);
    put_member("user", p->options->user);
    (void)printf(", \"methods\": ");
    put_list(methods_of(p));
    (void)printf(", \"none\": %s", p->logged_in ? "true" : "false");
    put_member("problem", p->problem[0] != 0 ? p->problem : NULL);
    (void)puts("}");
}
