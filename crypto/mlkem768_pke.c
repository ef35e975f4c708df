#include "crypto/mlkem768_pke.h"

#include "crypto/mlkem768_poly.h"

enum {
    K = 3,             /* polynomials in a vector */
    ENCODED_LEN = 384, /* bytes of a polynomial with 12 bits per coefficient */
    RHO_AT = 1152,     /* in ek: after K of these */
    U_LEN = 320,       /* bytes of a polynomial of u: 10 bits per coefficient */
    V_AT = 960,        /* in the ciphertext: after K of these */
    SEED_LEN = 32,     /* bytes of rho and sigma */
};

_Static_assert(RHO_AT + SEED_LEN == MLKEM768_EK_LEN, "parts of ek");
_Static_assert(V_AT + MLKEM_N / 2 == MLKEM768_CT_LEN, "parts of ct");

/* Sample row `i` of A, or of its transpose: entry (i, j) comes from rho || j || i (algorithm 13
 * line 5), that of the transpose from rho || i || j (algorithm 14 line 6). The fourth stream is not
 * used. Three blocks are enough for most polynomials; the others take more, one at a time. */
static void sample_row(struct mlkem768_scratch *s, const uint8_t rho[SEED_LEN], size_t i,
                       bool transpose)
{
    uint8_t seeds[KECCAK_WAYS][SEED_LEN + 2] = {{0}};
    const uint8_t *const in[KECCAK_WAYS] = {seeds[0], seeds[1], seeds[2], seeds[3]};
    size_t have[K] = {0}, least = 0;

    for (size_t j = 0; j < K; j++) {
        memcpy(seeds[j], rho, SEED_LEN);
        seeds[j][SEED_LEN] = (uint8_t)(transpose ? i : j);
        seeds[j][SEED_LEN + 1] = (uint8_t)(transpose ? j : i);
    }
    keccak4_start(&s->sponges, &keccak_shake128, in, sizeof seeds[0]);
    while (least < MLKEM_N) {
        uint8_t *const out[KECCAK_WAYS] = {s->streams[0], s->streams[1], s->streams[2], NULL};

        keccak4_squeeze(&s->sponges, out);
        least = MLKEM_N;
        for (size_t j = 0; j < K; j++) {
            have[j] = poly_sample_uniform(s->row[j], have[j], s->streams[j], SHAKE128_RATE);
            least = have[j] < least ? have[j] : least;
        }
    }
}

/* Sample up to four noise polynomials from PRF(seed, first), PRF(seed, first + 1)... (formula 4.3
 * and algorithm 8). */
static void sample_noise(struct mlkem768_scratch *s, int16_t *const out[KECCAK_WAYS],
                         const uint8_t seed[SEED_LEN], uint8_t first)
{
    uint8_t seeds[KECCAK_WAYS][SEED_LEN + 1];
    const uint8_t *const in[KECCAK_WAYS] = {seeds[0], seeds[1], seeds[2], seeds[3]};
    uint8_t *const streams[KECCAK_WAYS] = {s->streams[0], s->streams[1], s->streams[2],
                                           s->streams[3]};

    for (size_t way = 0; way < KECCAK_WAYS; way++) {
        memcpy(seeds[way], seed, SEED_LEN);
        seeds[way][SEED_LEN] = (uint8_t)(first + way);
    }
    keccak4_start(&s->sponges, &keccak_shake256, in, sizeof seeds[0]);
    keccak4_squeeze(&s->sponges, streams);
    for (size_t way = 0; way < KECCAK_WAYS; way++)
        if (out[way] != NULL)
            poly_sample_noise(out[way], streams[way]);
    wipe(seeds, sizeof seeds);
}

/* Transform the vector s->secret to the NTT domain and prepare its products. */
static void transform_secret(struct mlkem768_scratch *s)
{
    for (size_t i = 0; i < K; i++) {
        poly_ntt(s->secret[i]);
        poly_prepare(s->products[i], s->secret[i]);
    }
}

/* s->result = the product of the row or vector s->row with the vector s->secret, divided by R. */
static void multiply_row(struct mlkem768_scratch *s)
{
    memset(s->sum, 0, sizeof s->sum);
    for (size_t i = 0; i < K; i++)
        poly_multiply_add(s->sum, s->row[i], s->secret[i], s->products[i]);
    poly_from_sum(s->result, s->sum);
}

void pke_keypair(uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_PKE_DK_LEN],
                 const uint8_t rho[SEED_LEN], const uint8_t sigma[SEED_LEN],
                 struct mlkem768_scratch *s)
{
    int16_t *const first[] = {s->secret[0], s->secret[1], s->secret[2], s->noise[0]};
    int16_t *const second[] = {s->noise[1], s->noise[2], NULL, NULL};

    sample_noise(s, first, sigma, 0);
    sample_noise(s, second, sigma, 4);
    transform_secret(s);
    for (size_t i = 0; i < K; i++) { /* t = A s + e */
        sample_row(s, rho, i, false);
        multiply_row(s);
        poly_to_montgomery(s->result);
        poly_ntt(s->noise[i]);
        poly_add(s->result, s->noise[i]);
        poly_encode_12(ek + i * ENCODED_LEN, s->result);
        poly_encode_12(dk + i * ENCODED_LEN, s->secret[i]);
    }
    memcpy(ek + RHO_AT, rho, SEED_LEN);
}

/* c1: u = NTT^-1(A^T y) + e1, compressed. */
static void encrypt_u(uint8_t ct[MLKEM768_CT_LEN], const uint8_t rho[SEED_LEN],
                      struct mlkem768_scratch *s)
{
    for (size_t i = 0; i < K; i++) {
        sample_row(s, rho, i, true);
        multiply_row(s);
        poly_inverse_ntt(s->result);
        poly_add(s->result, s->noise[i]);
        poly_compress_10(ct + i * U_LEN, s->result);
    }
}

/* c2: v = NTT^-1(t^T y) + e2 + the message, compressed. */
static bool encrypt_v(uint8_t ct[MLKEM768_CT_LEN], const uint8_t ek[MLKEM768_EK_LEN],
                      const uint8_t m[32], struct mlkem768_scratch *s)
{
    bool below_q = true;

    for (size_t i = 0; i < K; i++)
        below_q = poly_decode_12(s->row[i], ek + i * ENCODED_LEN) && below_q;
    multiply_row(s);
    poly_inverse_ntt(s->result);
    poly_add(s->result, s->noise[K]);
    poly_from_message(s->row[0], m);
    poly_add(s->result, s->row[0]);
    poly_compress_4(ct + V_AT, s->result);
    return below_q;
}

bool pke_encrypt(uint8_t ct[MLKEM768_CT_LEN], const uint8_t ek[MLKEM768_EK_LEN],
                 const uint8_t m[32], const uint8_t r[32], struct mlkem768_scratch *s)
{
    int16_t *const first[] = {s->secret[0], s->secret[1], s->secret[2], s->noise[0]};
    int16_t *const second[] = {s->noise[1], s->noise[2], s->noise[3], NULL};

    sample_noise(s, first, r, 0);
    sample_noise(s, second, r, 4);
    transform_secret(s);
    encrypt_u(ct, ek + RHO_AT, s);
    return encrypt_v(ct, ek, m, s);
}

void pke_decrypt(uint8_t m[32], const uint8_t dk[MLKEM768_PKE_DK_LEN],
                 const uint8_t ct[MLKEM768_CT_LEN], struct mlkem768_scratch *s)
{
    for (size_t i = 0; i < K; i++) {
        poly_decompress_10(s->secret[i], ct + i * U_LEN);
        (void)poly_decode_12(s->row[i], dk + i * ENCODED_LEN); /* below q, since we encoded it */
    }
    transform_secret(s);
    multiply_row(s); /* s^T u */
    poly_inverse_ntt(s->result);
    poly_decompress_4(s->row[0], ct + V_AT);
    for (size_t i = 0; i < MLKEM_N; i++)
        s->result[i] = (int16_t)(s->row[0][i] - s->result[i]); /* above -q, below 2q */
    poly_to_message(m, s->result);
}
