#include "apps/observe/choice.h"

#include "transport/message.h"

/* The name-lists, in their order on the wire. */
enum {
    KEX,
    HOST_KEY,
    CIPHER_CLIENT,
    CIPHER_SERVER,
    MAC_CLIENT,
    MAC_SERVER,
    LANGUAGES_CLIENT = 8,
};

static const struct field_row *kexinit_fields(void)
{
    return message_find(SSH_MSG_KEXINIT, WHEN_ALWAYS, WHEN_ALWAYS, WHEN_ALWAYS)->fields;
}

const char *choice_name(size_t list)
{
    return kexinit_fields()[1 + list].name; /* the first field is the cookie */
}

void choice_read(struct bytes kexinit, struct bytes lists[KEXINIT_LISTS])
{
    struct reader r = read_from(kexinit);

    (void)read_u8(&r);
    (void)read_bytes(&r, kexinit_fields()[0].size);
    for (size_t i = 0; i < KEXINIT_LISTS; i++)
        lists[i] = read_name_list(&r);
}

static bool has(struct bytes list, struct bytes wanted)
{
    struct bytes name;

    while (next_name(&list, &name))
        if (bytes_equal(name, wanted))
            return true;
    return false;
}

/* The markers of RFC 8308 and of strict kex differ between client and server, so they are never in
 * common. */
static struct print_choice first_in_common(struct bytes client, struct bytes server)
{
    bool first = true;
    struct bytes name;

    for (; next_name(&client, &name); first = false)
        if (has(server, name))
            return (struct print_choice){
                name, first ? "the client's first, and the server has it too"
                            : "the first of the client's names that the server has too"};
    return (struct print_choice){{NULL, 0}, "no name in common"};
}

/* RFC 5647 section 5.1 and PROTOCOL.chacha20poly1305: no MAC is negotiated with these. */
static bool authenticates(struct bytes cipher)
{
    static const char *const names[] = {"chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com",
                                        "aes256-gcm@openssh.com"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bytes_are(cipher, names[i]))
            return true;
    return false;
}

void choice_make(const struct bytes client[KEXINIT_LISTS], const struct bytes server[KEXINIT_LISTS],
                 struct print_choice chosen[KEXINIT_LISTS])
{
    for (size_t i = 0; i < LANGUAGES_CLIENT; i++)
        chosen[i] = first_in_common(client[i], server[i]);
    for (size_t i = LANGUAGES_CLIENT; i < KEXINIT_LISTS; i++)
        chosen[i] = (struct print_choice){{NULL, 0}, NULL};
    for (size_t i = 0; i < 2; i++)
        if (authenticates(chosen[CIPHER_CLIENT + i].name))
            chosen[MAC_CLIENT + i] =
                (struct print_choice){{NULL, 0}, "the cipher authenticates packets itself"};
}
