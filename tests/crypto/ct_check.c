/* Checks that no branch and no address depends on a secret. Run under valgrind (make ct-check).
 *
 * Secrets are marked as undefined memory. Memcheck follows undefined bits through all arithmetic
 * and complains as soon as a branch is taken on one or an address is computed from one: the two
 * ways in which secrets affect the time of code without variable-time instructions. The checks
 * cover what nacre computes itself; libsodium and libcrypto check their own primitives. Of an ECDSA
 * signature that is everything up to what libcrypto gets: a nonce of fixed length, and one that is
 * blinded.
 *
 * At the end the program starts itself under valgrind again with a leak planted on purpose, once
 * of each kind, and fails if that goes unnoticed. */
#include <openssl/opensslv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <valgrind/memcheck.h>

#include "crypto/crypto.h"
#include "crypto/ecdsa_nonce.h"
#include "crypto/hmac.h"
#include "crypto/mlkem768.h"
#include "crypto/mlkem768_pke.h"
#include "crypto/sntrup761.h"
#include "crypto/sntrup761_keys.h"
#include "crypto/sort.h"

enum {
    NOTICED = 99, /* valgrind's exit status when it has complained */
    KNOWN_ANSWERS_FAILED = 98,
    SMALL_LEN = 191,                                  /* bytes of an encoded small element */
    SNTRUP_RHO_AT = 2 * SMALL_LEN + SNTRUP761_PK_LEN, /* in sk */
};

static void make_secret(const void *at, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(at, len);
}

static void make_public(const void *at, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(at, len);
}

/* A source whose bytes are all secret. */
static void fill_secret(void *context, uint8_t *out, size_t len)
{
    struct random_source *seeded = context;

    random_fill(seeded, out, len);
    make_secret(out, len);
}

/* The data of the checks. All of it is public until a check marks it as secret. */
struct bench {
    struct random_seeded state;
    struct random_source seeded;
    struct random_source secret;
    struct mlkem768_scratch mlkem;
    struct sntrup761_scratch sntrup;
    uint8_t mlkem_ek[MLKEM768_EK_LEN], mlkem_dk[MLKEM768_DK_LEN], mlkem_ct[MLKEM768_CT_LEN];
    uint8_t sntrup_pk[SNTRUP761_PK_LEN], sntrup_sk[SNTRUP761_SK_LEN], sntrup_ct[SNTRUP761_CT_LEN];
    uint8_t ss[32], expected[32];
    uint32_t numbers[SORT_LEN];
};

/* --- the checks: each also returns whether its result was right --- */

static bool check_equal(struct bench *b)
{
    bool same;

    make_secret(b->ss, sizeof b->ss);
    memcpy(b->expected, b->ss, sizeof b->ss);
    same = secrets_equal(b->ss, b->expected, sizeof b->ss);
    make_public(&same, sizeof same);
    return same;
}

static bool check_hmac(struct bench *b)
{
    const struct bytes data = {b->ss, sizeof b->ss};
    uint8_t out[HASH_MAX];
    struct hmac m;
    bool done;

    make_secret(b->ss, sizeof b->ss);
    done = hmac_init(&m, &hash_sha256, data) && hmac_compute(&m, &data, 1, out);
    hmac_clear(&m);
    return done;
}

static bool check_sort(struct bench *b)
{
    random_fill(&b->secret, (uint8_t *)b->numbers, sizeof b->numbers);
    sort_1024(b->numbers);
    make_public(b->numbers, sizeof b->numbers);
    for (size_t i = 1; i < SORT_LEN; i++)
        if (b->numbers[i - 1] > b->numbers[i])
            return false;
    return true;
}

/* From sigma on; rho, which comes from the same seed, is public. */
static bool check_mlkem_keypair(struct bench *b)
{
    uint8_t rho[32], sigma[32];

    random_fill(&b->seeded, rho, sizeof rho);
    random_fill(&b->secret, sigma, sizeof sigma);
    pke_keypair(b->mlkem_ek, b->mlkem_dk, rho, sigma, &b->mlkem);
    return true;
}

/* A public key pair and a ciphertext, as input for the checks. */
static void prepare_mlkem(struct bench *b)
{
    uint8_t d[32], z[32], m[32];

    random_fill(&b->seeded, d, sizeof d);
    random_fill(&b->seeded, z, sizeof z);
    random_fill(&b->seeded, m, sizeof m);
    if (!mlkem768_keypair(b->mlkem_ek, b->mlkem_dk, d, z, &b->mlkem) ||
        !mlkem768_encapsulate(b->mlkem_ct, b->expected, b->mlkem_ek, m, &b->mlkem))
        exit(KNOWN_ANSWERS_FAILED);
}

static bool check_mlkem_encapsulate(struct bench *b)
{
    uint8_t m[32];

    prepare_mlkem(b);
    random_fill(&b->secret, m, sizeof m);
    return mlkem768_encapsulate(b->mlkem_ct, b->ss, b->mlkem_ek, m, &b->mlkem);
}

/* The secrets in dk are the decryption key at its start and z at its end. */
static bool decapsulate_mlkem(struct bench *b)
{
    make_secret(b->mlkem_dk, MLKEM768_PKE_DK_LEN);
    make_secret(b->mlkem_dk + MLKEM768_DK_LEN - 32, 32);
    if (!mlkem768_decapsulate(b->ss, b->mlkem_dk, b->mlkem_ct, &b->mlkem))
        return false;
    make_public(b->ss, sizeof b->ss);
    return true;
}

static bool check_mlkem_decapsulate(struct bench *b)
{
    prepare_mlkem(b);
    return decapsulate_mlkem(b) && memcmp(b->ss, b->expected, sizeof b->ss) == 0;
}

static bool check_mlkem_reject(struct bench *b)
{
    prepare_mlkem(b);
    b->mlkem_ct[77] ^= 1;
    return decapsulate_mlkem(b) && memcmp(b->ss, b->expected, sizeof b->ss) != 0;
}

/* Generating g again when it has no inverse reveals nothing about the final g. */
static bool check_sntrup_keypair(struct bench *b)
{
    int invertible;

    do {
        invertible = sntrup761_generate_g(&b->secret, &b->sntrup);
        make_public(&invertible, sizeof invertible);
    } while (invertible == 0);
    return sntrup761_finish_keys(b->sntrup_pk, b->sntrup_sk, &b->secret, &b->sntrup);
}

static void prepare_sntrup(struct bench *b)
{
    if (!sntrup761_keypair(b->sntrup_pk, b->sntrup_sk, &b->seeded, &b->sntrup) ||
        !sntrup761_encapsulate(b->sntrup_ct, b->expected, b->sntrup_pk, &b->seeded, &b->sntrup))
        exit(KNOWN_ANSWERS_FAILED);
}

static bool check_sntrup_encapsulate(struct bench *b)
{
    prepare_sntrup(b);
    return sntrup761_encapsulate(b->sntrup_ct, b->ss, b->sntrup_pk, &b->secret, &b->sntrup);
}

/* The secrets in sk are the two small elements at its start, and rho after the public key. */
static bool decapsulate_sntrup(struct bench *b)
{
    make_secret(b->sntrup_sk, SNTRUP_RHO_AT - SNTRUP761_PK_LEN);
    make_secret(b->sntrup_sk + SNTRUP_RHO_AT, SMALL_LEN);
    if (!sntrup761_decapsulate(b->ss, b->sntrup_sk, b->sntrup_ct, &b->sntrup))
        return false;
    make_public(b->ss, sizeof b->ss);
    return true;
}

static bool check_sntrup_decapsulate(struct bench *b)
{
    prepare_sntrup(b);
    return decapsulate_sntrup(b) && memcmp(b->ss, b->expected, sizeof b->ss) == 0;
}

static bool check_sntrup_reject(struct bench *b)
{
    prepare_sntrup(b);
    b->sntrup_ct[77] ^= 1;
    return decapsulate_sntrup(b) && memcmp(b->ss, b->expected, sizeof b->ss) != 0;
}

/* The group order of nistp521: FIPS 186-4 appendix D.1.2.5. */
static const uint8_t nistp521_order[66] = {
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b,
    0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c,
    0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09};

/* Taking the next candidate after one that is not usable reveals nothing about the final nonce. */
static bool check_ecdsa_nonce(struct bench *b)
{
    struct ecdsa_generator g = {.curve = &ec_nistp521, .order = nistp521_order};
    uint8_t secret[EC_LEN_MAX], digest[HASH_MAX], nonce[EC_LEN_MAX], blind[HASH_MAX];
    unsigned usable = 0;
    bool done;

    random_fill(&b->seeded, digest, sizeof digest);
    random_fill(&b->secret, secret, sizeof secret);
    done = ecdsa_generator_start(&g, secret, digest) && ecdsa_generator_next(&g, nonce, &usable);
    make_public(&usable, sizeof usable);
    while (done && usable == 0) {
        done = ecdsa_generator_reject(&g) && ecdsa_generator_next(&g, nonce, &usable);
        make_public(&usable, sizeof usable);
    }
    return done && ecdsa_generator_blind(&g, blind);
}

static bool check_ecdsa_length(struct bench *b)
{
    uint8_t nonce[EC_LEN_MAX], fixed[EC_LEN_MAX + 1];

    random_fill(&b->secret, nonce, sizeof nonce);
    nonce[0] &= 1;
    ecdsa_fix_length(&ec_nistp521, nistp521_order, nonce, fixed);
    make_public(fixed, sizeof fixed);
    return fixed[0] == 0 && fixed[1] >> 1 == 1;
}

/* --- planted leaks --- */

static volatile unsigned sink;

static bool plant_branch(struct bench *b)
{
    random_fill(&b->secret, b->ss, 1);
    if (b->ss[0] & 1)
        sink++;
    return true;
}

static bool plant_address(struct bench *b)
{
    random_fill(&b->secret, b->ss, 1);
    sink += b->mlkem_ek[b->ss[0]];
    return true;
}

struct check {
    const char *name;
    bool (*run)(struct bench *b);
    bool skipped;
};

/* From OpenSSL 3.5 on ML-KEM is libcrypto's. Its import of a decapsulation key stops at the first
 * coefficient that is out of range, and ends by comparing the two secrets of a trial encapsulation.
 * These branches on secrets always go the same way for a valid key, but memcheck cannot know. */
#define MLKEM_IS_LIBCRYPTOS (OPENSSL_VERSION_NUMBER >= 0x30500000L)

static const struct check checks[] = {
    {"secrets_equal", check_equal, false},
    {"hmac", check_hmac, false},
    {"ecdsa nonce", check_ecdsa_nonce, false},
    {"ecdsa fixed length", check_ecdsa_length, false},
    {"sort", check_sort, false},
    {"mlkem768 keypair", check_mlkem_keypair, false},
    {"mlkem768 encapsulate", check_mlkem_encapsulate, false},
    {"mlkem768 decapsulate", check_mlkem_decapsulate, MLKEM_IS_LIBCRYPTOS},
    {"mlkem768 decapsulate, rejected", check_mlkem_reject, MLKEM_IS_LIBCRYPTOS},
    {"sntrup761 keypair", check_sntrup_keypair, false},
    {"sntrup761 encapsulate", check_sntrup_encapsulate, false},
    {"sntrup761 decapsulate", check_sntrup_decapsulate, false},
    {"sntrup761 decapsulate, rejected", check_sntrup_reject, false},
    {NULL, NULL, false},
};

static const struct check planted[] = {
    {"branch", plant_branch, false},
    {"address", plant_address, false},
    {NULL, NULL, false},
};

/* Run one check on fresh memory; print and return whether it is clean and its result right. */
static bool run_check(const struct check *check, const char *cpu)
{
    static const uint8_t seed[32] = {3};
    struct bench *b = calloc(1, sizeof *b);
    unsigned before = (unsigned)VALGRIND_COUNT_ERRORS;
    bool right, clean;

    if (b == NULL)
        return false;
    b->seeded = random_from_seed(&b->state, seed);
    b->secret = (struct random_source){.fill = fill_secret, .context = &b->seeded};
    right = check->run(b);
    clean = (unsigned)VALGRIND_COUNT_ERRORS == before;
    printf("%-32s %-8s %s\n", check->name, cpu,
           !right  ? "wrong result"
           : clean ? "ok"
                   : "DEPENDS ON A SECRET");
    fflush(stdout);
    free(b);
    return right && clean;
}

static bool run_all(const char *cpu)
{
    bool all = true;

    for (const struct check *check = checks; check->name != NULL; check++)
        if (check->skipped)
            printf("%-32s %-8s skipped: libcrypto's code\n", check->name, cpu);
        else
            all = run_check(check, cpu) && all;
    return all;
}

/* Run this program under another valgrind with one leak planted. True when it is noticed. */
static bool planted_is_noticed(const char *self, const char *name)
{
    pid_t child;
    int status = 0;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) != NULL && freopen("/dev/null", "w", stdout) != NULL)
            execlp("valgrind", "valgrind", "-q", "--error-exitcode=99", self, "--planted", name,
                   (char *)NULL);
        _exit(EXIT_FAILURE);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == NOTICED;
}

static int run_planted(const char *name)
{
    for (const struct check *check = planted; check->name != NULL; check++)
        if (strcmp(check->name, name) == 0)
            return run_check(check, "") ? EXIT_SUCCESS : EXIT_FAILURE;
    return EXIT_FAILURE;
}

/* As Check prints it, for tests/tools/run_tests. */
static int say_result(bool all)
{
    printf("100%%: Checks: 1, Failures: %d, Errors: 0\n", !all);
    return all ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    bool all;

    if (!RUNNING_ON_VALGRIND) {
        fputs("ct_check must run under valgrind: make ct-check\n", stderr);
        return 2;
    }
    if (argc == 3 && strcmp(argv[1], "--planted") == 0)
        return run_planted(argv[2]);
    all = run_all("any CPU"); /* before the libraries detect the CPU's features */
    if (!crypto_init())
        return EXIT_FAILURE;
    all = run_all("this CPU") && all;
    for (const struct check *check = planted; check->name != NULL; check++) {
        bool noticed = planted_is_noticed(argv[0], check->name);

        printf("planted %-33s %s\n", check->name, noticed ? "noticed" : "NOT NOTICED");
        all = all && noticed;
    }
    return say_result(all);
}
