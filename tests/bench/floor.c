/* The machine's own floor: what no SSH server can go below.
 *
 *   floor serve KIND
 *       a bare epoll TCP server on a free port of 127.0.0.1, which it prints
 *   floor drive PORT KIND COUNT SIZE
 *       its client
 *   floor packet CIPHER SIZE COUNT
 *       ns of CPU to open or to seal a packet of SIZE bytes, with libcrypto
 *   floor login KEX COUNT
 *       us of CPU of the primitives that a server must compute for one login
 *   floor accept COMMAND...
 *       accept on a free port, which it prints, and run COMMAND on each connection, as inetd does
 *       (for tinysshd)
 *
 * KIND: echo, sink and source are COUNT bytes in one stream; key is COUNT times SIZE bytes and
 * their echo; a KEX is COUNT connections that exchange as many bytes in as many turns as a login
 * with it does; with a + behind it the server also computes what a login asks for, each in its
 * turn. KEX: curve25519, mlkem768, sntrup761. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/mlkem768.h"
#include "crypto/sntrup761.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 128 * 1024, LOAD = 96 * 1024, PACKET_MAX = 64 * 1024 };

static uint8_t block[BLOCK];

static void fail(const char *text)
{
    (void)fprintf(stderr, "floor: %s: %s\n", text, strerror(errno));
    exit(1);
}

static double cpu_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* ---- TCP, the server ---- */

/* What a login's server sends first, identification and KEXINIT, and what its client then sends and
 * the server answers, in bytes, as nacre-echo and its client do it: KEXINIT and KEX_ECDH_INIT, with
 * the identification that was sent at once; NEWKEYS and SERVICE_REQUEST; which methods?; may this
 * key log in?; its proof; channel; DISCONNECT. */
enum { IDENTIFICATION = 19, HELLO = 867, TURNS = 7 };

struct kex {
    const char *name;
    size_t in, out;   /* bytes of the first turn */
    size_t exchanged; /* bytes of which the exchange hash is */
    bool sha512;
};

static const struct kex kexes[] = {
    {"curve25519", 547, 492, 1520, false},
    {"mlkem768", 1739, 1580, 3792, false},
    {"sntrup761", 1715, 1532, 3717, true},
    {NULL, 0, 0, 0, false},
};

struct turn {
    size_t in, out;
};

static struct turn turns[TURNS] = {{0, 0},     {120, 44}, {68, 44}, {220, 100},
                                   {308, 144}, {52, 44},  {44, 0}};
enum { EXCHANGE_TURN = 0, PROOF_TURN = 4 };

/* KEX+: the primitives too, each in its turn; else NULL */
static struct login *computed;
static const struct kex *computed_kex;

/* ---- what a login computes ---- */

/* The post-quantum half of a hybrid is crypto/'s own: neither library has one. */
struct login {
    struct mlkem768_scratch mlkem;
    struct sntrup761_scratch sntrup;
    uint8_t mlkem_ek[MLKEM768_EK_LEN], mlkem_dk[MLKEM768_DK_LEN], mlkem_ct[MLKEM768_CT_LEN];
    uint8_t sntrup_pk[SNTRUP761_PK_LEN], sntrup_sk[SNTRUP761_SK_LEN], sntrup_ct[SNTRUP761_CT_LEN];
    uint8_t secret[64], public[32], signature[64], peer[32], scalar[32], shared[32], hash[64];
    uint8_t text[4096];
};

static void start_login(struct login *l)
{
    (void)crypto_sign_keypair(l->public, l->secret);
    randombytes_buf(l->scalar, sizeof l->scalar);
    (void)crypto_scalarmult_curve25519_base(l->peer, l->scalar);
    (void)mlkem768_keypair(l->mlkem_ek, l->mlkem_dk, l->scalar, l->peer, &l->mlkem);
    (void)sntrup761_keypair(l->sntrup_pk, l->sntrup_sk, &random_system, &l->sntrup);
    (void)crypto_sign_detached(l->signature, NULL, l->text, 200, l->secret);
}

/* A key pair and the shared secret, the exchange hash and six keys, the host's signature. */
static void exchange(struct login *l, const struct kex *kex)
{
    uint8_t *(*hash)(const uint8_t *, size_t, uint8_t *) = kex->sha512 ? SHA512 : SHA256;

    randombytes_buf(l->scalar, sizeof l->scalar);
    (void)crypto_scalarmult_curve25519_base(l->shared, l->scalar);
    if (crypto_scalarmult_curve25519(l->shared, l->scalar, l->peer) != 0)
        fail("x25519");
    (void)hash(l->text, kex->exchanged, l->hash);
    for (int i = 0; i < 6; i++)
        (void)hash(l->text, kex->sha512 ? 197 : 101, l->hash);
    (void)crypto_sign_detached(l->hash, NULL, l->text, 32, l->secret);
    if (strcmp(kex->name, "mlkem768") == 0)
        (void)mlkem768_encapsulate(l->mlkem_ct, l->shared, l->mlkem_ek, l->scalar, &l->mlkem);
    else if (strcmp(kex->name, "sntrup761") == 0)
        (void)sntrup761_encapsulate(l->sntrup_ct, l->shared, l->sntrup_pk, &random_system,
                                    &l->sntrup);
}

/* The user's signature. */
static void verify(const struct login *l)
{
    if (crypto_sign_verify_detached(l->signature, l->text, 200, l->public) != 0)
        fail("verify");
}

static struct login *new_login(void)
{
    struct login *l = calloc(1, sizeof *l);

    if (l == NULL || sodium_init() < 0)
        fail("memory");
    start_login(l);
    return l;
}

struct connection {
    int fd;
    size_t len, sent; /* bytes received and not yet sent back */
    size_t turn;
    bool blocked;
};

/* Each returns false when the connection is over. */
static bool serve_echo(struct connection *c)
{
    ssize_t n;

    if (c->len == 0) {
        n = recv(c->fd, block, BLOCK, 0);
        if (n <= 0)
            return false;
        c->len = (size_t)n;
    }
    n = send(c->fd, block + c->sent, c->len - c->sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        return false;
    c->sent += n < 0 ? 0 : (size_t)n;
    c->blocked = c->sent < c->len;
    if (!c->blocked)
        c->len = c->sent = 0;
    return true;
}

static bool serve_sink(struct connection *c)
{
    return recv(c->fd, block, BLOCK, 0) > 0;
}

static bool serve_source(struct connection *c)
{
    c->blocked = true;
    return send(c->fd, block, LOAD, MSG_NOSIGNAL) >= 0 || errno == EAGAIN;
}

static bool serve_login(struct connection *c)
{
    ssize_t n = recv(c->fd, block, BLOCK, 0);

    if (n <= 0)
        return false;
    c->len += (size_t)n;
    if (c->len < turns[c->turn].in)
        return true;
    c->len = 0;
    if (computed != NULL && c->turn == EXCHANGE_TURN)
        exchange(computed, computed_kex);
    else if (computed != NULL && c->turn == PROOF_TURN)
        verify(computed);
    if (turns[c->turn].out > 0)
        (void)send(c->fd, block, turns[c->turn].out, MSG_NOSIGNAL);
    return ++c->turn < TURNS;
}

struct kind {
    const char *name;
    bool (*serve)(struct connection *c);
    bool speaks; /* the server sends without being asked */
};

static const struct kind kinds[] = {
    {"echo", serve_echo, false},
    {"key", serve_echo, false},
    {"sink", serve_sink, false},
    {"source", serve_source, true},
};
static const struct kind login = {"login", serve_login, false};

static const struct kex *find_kex(const char *name)
{
    const struct kex *kex = kexes;

    while (kex->name != NULL && strncmp(kex->name, name, strlen(kex->name)) != 0)
        kex++;
    if (kex->name == NULL)
        fail("no such KIND or KEX");
    if (name[strlen(kex->name)] == '+') {
        computed = new_login();
        computed_kex = kex;
    }
    return kex;
}

static const struct kind *find_kind(const char *name)
{
    const struct kex *kex;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    kex = find_kex(name);
    turns[0] = (struct turn){kex->in, kex->out};
    return &login;
}

static int listen_anywhere(int flags)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        fail("listen");
    (void)printf("%u\n", ntohs(at.sin_port));
    (void)fflush(stdout);
    return fd;
}

static void watch(int epoll, int operation, struct connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};

    if (epoll_ctl(epoll, operation, c->fd, &event) != 0)
        fail("epoll_ctl");
}

static void take_connections(int epoll, int listener, const struct kind *kind)
{
    const int on = 1;
    int fd;

    /* epoll keeps the address: NOLINTBEGIN(clang-analyzer-unix.Malloc) */
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = calloc(1, sizeof *c);

        if (c == NULL)
            fail("memory");
        c->fd = fd;
        c->blocked = kind->speaks;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, EPOLL_CTL_ADD, c, kind->speaks ? EPOLLOUT : EPOLLIN);
        if (kind == &login)
            (void)send(fd, block, HELLO, MSG_NOSIGNAL);
    }
    /* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static void serve_one(int epoll, struct connection *c, const struct kind *kind)
{
    bool was_blocked = c->blocked;

    if (!kind->serve(c)) {
        (void)close(c->fd);
        free(c);
    } else if (c->blocked != was_blocked) {
        watch(epoll, EPOLL_CTL_MOD, c, c->blocked ? EPOLLOUT : EPOLLIN);
    }
}

static void serve(const struct kind *kind)
{
    struct epoll_event events[64];
    struct connection listener = {.fd = listen_anywhere(SOCK_NONBLOCK)};
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    watch(epoll, EPOLL_CTL_ADD, &listener, EPOLLIN);
    for (;;) {
        int n = epoll_wait(epoll, events, 64, -1);

        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;

            if (c == &listener)
                take_connections(epoll, listener.fd, kind);
            else
                serve_one(epoll, c, kind);
        }
    }
}

/* ---- TCP, the client ---- */

static int dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail("connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void read_all(int fd, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(fd, block, len < BLOCK ? len : BLOCK, 0);

        if (n <= 0)
            fail("recv");
        len -= (size_t)n;
    }
}

static void write_all(int fd, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, block, len < LOAD ? len : LOAD, MSG_NOSIGNAL);

        if (n <= 0)
            fail("send");
        len -= (size_t)n;
    }
}

/* Both ways at once: what one blocking call after the other could not do without a deadlock. */
static void drive_echo(int fd, size_t count)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    size_t sent = 0, got = 0;

    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    while (got < count) {
        ssize_t n;

        (void)epoll_wait(epoll, &event, 1, -1);
        if (event.events & EPOLLIN && (n = recv(fd, block, BLOCK / 2, 0)) > 0)
            got += (size_t)n;
        if (event.events & EPOLLOUT && sent < count &&
            (n = send(fd, block, count - sent < LOAD ? count - sent : LOAD, MSG_NOSIGNAL)) > 0)
            sent += (size_t)n;
        if (sent == count) {
            event.events = EPOLLIN;
            (void)epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
        }
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double wall_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void drive_keys(int fd, size_t count, size_t size)
{
    double *times = calloc(count + 1, sizeof *times);

    if (times == NULL)
        fail("memory");
    for (size_t i = 0; i < count; i++) {
        double begin = wall_us();

        write_all(fd, size);
        read_all(fd, size);
        times[i] = wall_us() - begin;
    }
    qsort(times, count, sizeof *times, compare);
    (void)printf("p50=%.1f p99=%.1f\n", times[count / 2], times[count * 99 / 100]);
    free(times);
}

static void drive_login(int port)
{
    int fd = dial(port);

    write_all(fd, IDENTIFICATION);
    read_all(fd, HELLO);
    for (size_t i = 0; i < TURNS; i++) {
        write_all(fd, turns[i].in - (i == 0 ? IDENTIFICATION : 0));
        read_all(fd, turns[i].out);
    }
    (void)recv(fd, block, 1, 0);
    (void)close(fd);
}

static void drive(int port, const char *kind, size_t count, size_t size)
{
    const struct kind *k = find_kind(kind);
    int fd = k == &login ? -1 : dial(port);

    if (strcmp(kind, "echo") == 0)
        drive_echo(fd, count);
    else if (strcmp(kind, "sink") == 0)
        write_all(fd, count);
    else if (strcmp(kind, "source") == 0)
        read_all(fd, count);
    else if (strcmp(kind, "key") == 0)
        drive_keys(fd, count, size);
    else
        for (size_t i = 0; i < count; i++)
            drive_login(port);
}

/* ---- packets ---- */

struct sealing {
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    SHA256_CTX inner, outer;
};

static void start_cipher(struct sealing *s, const EVP_CIPHER *cipher)
{
    static const uint8_t zeros[64];

    s->cipher = EVP_CIPHER_CTX_new();
    if (EVP_EncryptInit_ex(s->cipher, cipher, NULL, zeros, zeros) != 1)
        fail("cipher");
}

static void gcm(struct sealing *s, uint8_t *packet, size_t len)
{
    uint8_t iv[12] = {1}, tag[16];
    int n;

    (void)EVP_EncryptInit_ex(s->cipher, NULL, NULL, NULL, iv);
    (void)EVP_EncryptUpdate(s->cipher, NULL, &n, packet, 4);
    (void)EVP_EncryptUpdate(s->cipher, packet + 4, &n, packet + 4, (int)len);
    (void)EVP_EncryptFinal_ex(s->cipher, tag, &n);
    (void)EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag);
}

static void chacha(struct sealing *s, uint8_t *packet, size_t len)
{
    static const uint8_t key[32], nonce[8];
    uint8_t once[32] = {0}, tag[16], iv[16] = {1};
    size_t tag_len;
    int n;

    (void)crypto_stream_chacha20_xor_ic(packet, packet, 4, nonce, 0, key);
    (void)crypto_stream_chacha20_xor_ic(once, once, sizeof once, nonce, 0, key);
    if (len < 128) {
        (void)crypto_stream_chacha20_xor_ic(packet + 4, packet + 4, len, nonce, 1, key);
        (void)crypto_onetimeauth_poly1305(tag, packet, len + 4, once);
        return;
    }
    (void)EVP_EncryptInit_ex(s->cipher, NULL, NULL, NULL, iv);
    (void)EVP_EncryptUpdate(s->cipher, packet + 4, &n, packet + 4, (int)len);
    (void)EVP_MAC_init(s->mac, once, sizeof once, NULL);
    (void)EVP_MAC_update(s->mac, packet, len + 4);
    (void)EVP_MAC_final(s->mac, tag, &tag_len, sizeof tag);
}

static void ctr(struct sealing *s, uint8_t *packet, size_t len)
{
    SHA256_CTX h = s->inner;
    uint8_t digest[32];
    int n;

    (void)EVP_EncryptUpdate(s->cipher, packet + 4, &n, packet + 4, (int)len);
    (void)SHA256_Update(&h, packet, len + 4);
    (void)SHA256_Final(digest, &h);
    h = s->outer;
    (void)SHA256_Update(&h, digest, sizeof digest);
    (void)SHA256_Final(digest, &h);
}

static const struct {
    const char *name;
    const EVP_CIPHER *(*cipher)(void);
    void (*work)(struct sealing *s, uint8_t *packet, size_t len);
} protections[] = {
    {"aes128-gcm", EVP_aes_128_gcm, gcm},
    {"aes256-gcm", EVP_aes_256_gcm, gcm},
    {"chacha20-poly1305", EVP_chacha20, chacha},
    {"aes256-ctr", EVP_aes_256_ctr, ctr},
};

/* Opening costs what sealing does. Packets lie one behind the other, as in an I/O buffer. */
static void time_packets(const char *name, size_t size, size_t count)
{
    struct sealing s = {.cipher = NULL};
    EVP_MAC *poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL);
    uint8_t *packets = block;
    size_t i = 0, step = size + 64, at = 0;
    double begin;

    while (i < sizeof protections / sizeof protections[0] && strcmp(protections[i].name, name) != 0)
        i++;
    if (i == sizeof protections / sizeof protections[0] || size > PACKET_MAX)
        fail("no such CIPHER or SIZE");
    start_cipher(&s, protections[i].cipher());
    s.mac = EVP_MAC_CTX_new(poly1305);
    (void)SHA256_Init(&s.inner);
    (void)SHA256_Update(&s.inner, block, 64);
    s.outer = s.inner;
    begin = cpu_ns();
    for (size_t n = 0; n < count; n++) {
        at = at + 2 * step > BLOCK ? 0 : at + step;
        protections[i].work(&s, packets + at, size);
    }
    (void)printf("%.1f\n", (cpu_ns() - begin) / (double)count);
    EVP_MAC_CTX_free(s.mac);
    EVP_MAC_free(poly1305);
    EVP_CIPHER_CTX_free(s.cipher);
}

static void time_login(const struct kex *kex, size_t count)
{
    struct login *l = new_login();
    double begin = cpu_ns();

    for (size_t i = 0; i < count; i++) {
        exchange(l, kex);
        verify(l);
    }
    (void)printf("%.2f\n", (cpu_ns() - begin) / (double)count / 1e3);
    free(l);
}

/* ---- inetd ---- */

static void reap(int number)
{
    int kept = errno;

    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = kept;
}

static void accept_for(char **command)
{
    int listener = listen_anywhere(0);

    (void)signal(SIGCHLD, reap);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        pid_t child;

        if (fd < 0)
            continue;
        /* NOLINTNEXTLINE(clang-analyzer-*): the cheapest way there is, which is what is measured */
        child = vfork();
        if (child == 0) {
            (void)dup2(fd, STDIN_FILENO); /* NOLINT(clang-analyzer-unix.Vfork): the same */
            (void)dup2(fd, STDOUT_FILENO);
            (void)execvp(command[0], command);
            _exit(127);
        }
        (void)close(fd);
    }
}

/* ---- start ---- */

static void end(int number)
{
    while (number != 0 && waitpid(-1, NULL, 0) > 0) /* so that their CPU time is counted */
        ;
    _exit(0);
}

int main(int argc, char **argv)
{
    (void)signal(SIGTERM, end);
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(find_kind(argv[2]));
    else if (argc == 6 && strcmp(argv[1], "drive") == 0)
        drive(atoi(argv[2]), argv[3], strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
    else if (argc == 5 && strcmp(argv[1], "packet") == 0)
        time_packets(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "login") == 0)
        time_login(find_kex(argv[2]), strtoull(argv[3], NULL, 10));
    else if (argc >= 3 && strcmp(argv[1], "accept") == 0)
        accept_for(argv + 2);
    else
        return 2;
    return 0;
}
