#include "crypto/ec_curve.h"

#include <openssl/obj_mac.h>

const struct ec_curve ec_nistp256 = {
    .name = "nistp256",
    .len = 32,
    .point_len = 65,
    .order_bits = 256,
    .id = NID_X9_62_prime256v1,
    .hash = &hash_sha256,
};

const struct ec_curve ec_nistp384 = {
    .name = "nistp384",
    .len = 48,
    .point_len = 97,
    .order_bits = 384,
    .id = NID_secp384r1,
    .hash = &hash_sha384,
};

const struct ec_curve ec_nistp521 = {
    .name = "nistp521",
    .len = 66,
    .point_len = 133,
    .order_bits = 521,
    .id = NID_secp521r1,
    .hash = &hash_sha512,
};
