/* KECCAK-p[1600, 24] (FIPS 202 section 3.3), written once for any type of lane. Each file that
 * needs the permutation includes this one after defining
 *
 *     LANE     the type of a lane: uint64_t, or a vector of them for several states at once
 *     TARGET   the attributes that functions of this type need
 *     ROTATE   the names of the functions
 *     CHI
 *     ROUND
 *     PERMUTE
 *
 * This file undefines them again. GNU C's vectors have the same operators as integers. */

/* Rotate each lane to the left by 1 to 63 bits. */
TARGET static inline LANE ROTATE(LANE lane, unsigned bits)
{
    return lane << bits | lane >> (64 - bits);
}

/* Section 3.2.4: chi, for one row of five lanes. */
TARGET static inline void CHI(LANE *row, LANE b0, LANE b1, LANE b2, LANE b3, LANE b4)
{
    row[0] = b0 ^ (~b1 & b2);
    row[1] = b1 ^ (~b2 & b3);
    row[2] = b2 ^ (~b3 & b4);
    row[3] = b3 ^ (~b4 & b0);
    row[4] = b4 ^ (~b0 & b1);
}

/* One round from state `a` to state `e`: theta (section 3.2.1) adds to each lane the parities of
 * two neighbouring columns; rho and pi (3.2.2, 3.2.3) rotate it and move lane (x, y) to
 * (y, 2x + 3y); chi; iota (3.2.5) adds the round's constant. The indices are written out so that
 * the compiler can keep lanes in registers. */
TARGET static inline void ROUND(LANE *restrict e, const LANE *restrict a, uint64_t constant)
{
    LANE b0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20];
    LANE b1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21];
    LANE b2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22];
    LANE b3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23];
    LANE b4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24];
    LANE d0 = b4 ^ ROTATE(b1, 1), d1 = b0 ^ ROTATE(b2, 1), d2 = b1 ^ ROTATE(b3, 1);
    LANE d3 = b2 ^ ROTATE(b4, 1), d4 = b3 ^ ROTATE(b0, 1);

    b0 = a[0] ^ d0;
    b1 = ROTATE(a[6] ^ d1, 44);
    b2 = ROTATE(a[12] ^ d2, 43);
    b3 = ROTATE(a[18] ^ d3, 21);
    b4 = ROTATE(a[24] ^ d4, 14);
    CHI(e + 0, b0, b1, b2, b3, b4);
    b0 = ROTATE(a[3] ^ d3, 28);
    b1 = ROTATE(a[9] ^ d4, 20);
    b2 = ROTATE(a[10] ^ d0, 3);
    b3 = ROTATE(a[16] ^ d1, 45);
    b4 = ROTATE(a[22] ^ d2, 61);
    CHI(e + 5, b0, b1, b2, b3, b4);
    b0 = ROTATE(a[1] ^ d1, 1);
    b1 = ROTATE(a[7] ^ d2, 6);
    b2 = ROTATE(a[13] ^ d3, 25);
    b3 = ROTATE(a[19] ^ d4, 8);
    b4 = ROTATE(a[20] ^ d0, 18);
    CHI(e + 10, b0, b1, b2, b3, b4);
    b0 = ROTATE(a[4] ^ d4, 27);
    b1 = ROTATE(a[5] ^ d0, 36);
    b2 = ROTATE(a[11] ^ d1, 10);
    b3 = ROTATE(a[17] ^ d2, 15);
    b4 = ROTATE(a[23] ^ d3, 56);
    CHI(e + 15, b0, b1, b2, b3, b4);
    b0 = ROTATE(a[2] ^ d2, 62);
    b1 = ROTATE(a[8] ^ d3, 55);
    b2 = ROTATE(a[14] ^ d4, 39);
    b3 = ROTATE(a[15] ^ d0, 41);
    b4 = ROTATE(a[21] ^ d1, 2);
    CHI(e + 20, b0, b1, b2, b3, b4);
    e[0] ^= constant;
}

/* The whole permutation, in place. */
TARGET static void PERMUTE(LANE a[25])
{
    LANE e[25];

    for (size_t round = 0; round < 24; round += 2) {
        ROUND(e, a, keccak_round_constants[round]);
        ROUND(a, e, keccak_round_constants[round + 1]);
    }
    wipe(e, sizeof e);
}

#undef LANE
#undef TARGET
#undef ROTATE
#undef CHI
#undef ROUND
#undef PERMUTE
