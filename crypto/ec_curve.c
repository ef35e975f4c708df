#include "crypto/ec_curve.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "crypto/number.h"

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

static bool is_number(const BIGNUM *number, struct bytes bytes)
{
    BIGNUM *other = number_read(bytes);
    bool same = other != NULL && BN_cmp(number, other) == 0;

    BN_free(other);
    return same;
}

static bool is_generator(const EC_GROUP *group, struct bytes bytes)
{
    EC_POINT *point = EC_POINT_new(group);
    bool same = point != NULL && EC_POINT_oct2point(group, point, bytes.at, bytes.len, NULL) == 1 &&
                EC_POINT_cmp(group, point, EC_GROUP_get0_generator(group), NULL) == 0;

    EC_POINT_free(point);
    return same;
}

static bool has(const struct ec_curve *curve, const struct ec_parameters *parameters)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve->id);
    BIGNUM *p = BN_new(), *a = BN_new(), *b = BN_new();
    bool same = group != NULL && p != NULL && a != NULL && b != NULL &&
                EC_GROUP_get_curve(group, p, a, b, NULL) == 1 && is_number(p, parameters->p) &&
                is_number(a, parameters->a) && is_number(b, parameters->b) &&
                is_number(EC_GROUP_get0_order(group), parameters->order) &&
                is_generator(group, parameters->generator);

    BN_free(p);
    BN_free(a);
    BN_free(b);
    EC_GROUP_free(group);
    return same;
}

const struct ec_curve *ec_curve_find(const struct ec_parameters *parameters)
{
    static const struct ec_curve *const curves[] = {&ec_nistp256, &ec_nistp384, &ec_nistp521};

    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (has(curves[i], parameters))
            return curves[i];
    return NULL;
}
