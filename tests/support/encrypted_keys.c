#include "tests/support/encrypted_keys.h"

const char *const pbes2_keys[ENCRYPTED_KEYS] = {
    /* AES-128-CBC, HMAC with SHA-1, which is not named */
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGMMEgGCSqGSIb3DQEFDTA7MBoGCSqGSIb3DQEFDDANBAggfc7tNX5wrQIBZDAd\n"
    "BglghkgBZQMEAQIEEI5VKji25HMZqt1uJmDdm+4EQI22qdfTKnlTb6yEfe5FcsxW\n"
    "7I0wMWg8DL99iFz5Xfx/uypee3k1IZsYkYVcwxI7FppQczLhyl4P41/D0WHzbaA=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n",
    /* AES-192-CBC, SHA-384 */
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGaMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAiGNdCHffEzcgIBZDAM\n"
    "BggqhkiG9w0CCgUAMB0GCWCGSAFlAwQBFgQQYr18HYm5k5JggpVAl9lGiwRAn0ts\n"
    "9yUqQpEzgmo9xmkiPd6uJ2uuYJ85OyFbrOo9h0wr95M2rqTS2P3XIMU01QtTR84w\n"
    "p0uTKbYbYJuIZvQ10Q==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n",
    /* AES-256-CBC, SHA-512 */
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGaMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAgSqgYMKT0qpQIBZDAM\n"
    "BggqhkiG9w0CCwUAMB0GCWCGSAFlAwQBKgQQ4g0ZeEC+7RoOhWouRMaz3QRAeHkE\n"
    "3qF6GL4RdnaXijc4EHYIAo/xWzeshWo9e7B2sLmwWElOjRGWPotEvak/v80JY0TS\n"
    "b/srFNGauN2uOMI/HQ==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n",
    /* Triple DES, SHA-256 */
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGJME0GCSqGSIb3DQEFDTBAMCgGCSqGSIb3DQEFDDAbBAiA/mN+wYbGNgIBZDAM\n"
    "BggqhkiG9w0CCQUAMBQGCCqGSIb3DQMHBAjWah5Twi8edAQ4BvpPGBmJWXLyG95f\n"
    "A6Vnp8dSfFnoDqUttatRacY2d0AqkgcPPVXOlpZ3mphtjP7lcPAZMAFJPgI=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n",
};

const char *const pem_keys[ENCRYPTED_KEYS] = {
    /* AES-128-CBC */
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,00471088B39077CBDFA9F7C8E2CF59C9\n"
    "\n"
    "9PrCYKV697UgYOemqu+e6mPf4mHDYKDiSmkYoiu6dxihnKur7BlGHnLCaJtqX6uz\n"
    "6rSN7jMnmNX3UyarQ40L3UQBEopqEUmEp7YkKhbFfrhviRcYFrS9ZiRCAtaaMy4h\n"
    "6mEp9+S8wfWBdoR3ldQfjeVDYHoeOTbbwDcQzahEtRA=\n"
    "-----END EC PRIVATE KEY-----\n",
    /* AES-192-CBC */
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-192-CBC,5A2772602FCBE1B7F76C6F9EE0EDED74\n"
    "\n"
    "VseRmTjwwCHpU1Ga/2RPNiiZidOfU7WQ+X/n6D/AQ8j6fMVafQ34CydLKGGTsQKc\n"
    "6WYTkrf6SPtHQBJTOrncP7eRDFOAlhpOWPZYjI2ozURInWR3GP09bzTwupRh75Ot\n"
    "pwXgsV0oLtHE/XCMdqT4Dngj9dJhVbxU6kGFBQ3dswo=\n"
    "-----END EC PRIVATE KEY-----\n",
    /* AES-256-CBC */
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-256-CBC,49847F2D80DC3CC8850CD7AE13F3D8D7\n"
    "\n"
    "PrYk8Cygt5UGBmkoN7LpTgFbT1BLBbu/UZK5Q2sRv1whYibnQfUy1htICsFBBU4H\n"
    "2N5Q3WHR+/mYMboJYKI3i9ibnuxwdM91/rjodXhswhBq77lCPwuFger5MT8ojv0P\n"
    "w4yH+xrP0j6KKcYuYHWWlrBmwzes/bvFoWooFSwqtGI=\n"
    "-----END EC PRIVATE KEY-----\n",
    /* Triple DES */
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: DES-EDE3-CBC,B641C1F0D6511471\n"
    "\n"
    "E1ncJ7MTYVdgfCkOIg4FOKyfsSinS507cyHmbGEnRI3IZs/WMUM51tBMs88yzXiz\n"
    "u9dFyUlnGbd89JsAyloHlkImcYpW/Kt2x7pcsAWzfLlmsf0KEIdaCreDULiQZH+A\n"
    "WxLa7/j/HbYvAtk1OPB4HlXUdnhUTyDIFKC2TryQYVA=\n"
    "-----END EC PRIVATE KEY-----\n",
};

const char *const unsupported_keys[ENCRYPTED_KEYS] = {
    /* scrypt */
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGTME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAjvVCftdvSsJQICQAAC\n"
    "AQgCAQEwHQYJYIZIAWUDBAEqBBAB9nqJBLCwW9jUOLVruj/rBEDPdmP6/a3c+SnN\n"
    "BGXwtUSVg7+19fSo7vZeIvSVjPhGgVMvWAXJzcGpTp5oP1by/fqYZzfHem/WJjuw\n"
    "hYDoMSe5\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n",
    /* PBES1 */
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MFgwHAYKKoZIhvcNAQwBAzAOBAg9/nMtGe5UdgICCAAEOFZY3ScJcqPyLTZTjemW\n"
    "SMlGJafDkDDXnO4DStZZ3C1nb6Gd+a+SxD85M8nJEl0yDVYIZvvGBfRT\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n",
    /* Camellia */
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGcMFgGCSqGSIb3DQEFDTBLMCgGCSqGSIb3DQEFDDAbBAj0jRWG/kitCAIBZDAM\n"
    "BggqhkiG9w0CCQUAMB8GCyqDCIyaSz0BAQECBBAxWJ0Qj2+6e3djd69gsrBLBECM\n"
    "GE/LnFZWt4JxcBZXW793HLi+QNV+oUzbj8wP0D65zjxanQjWYR9Xmzg0xKLSgPG5\n"
    "h1oGxVzjcFNFE+IQWIIg\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n",
    /* Camellia */
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: CAMELLIA-128-CBC,96EFA392A04AE3776A44144C206177B5\n"
    "\n"
    "mI6x5Pkdg7YZtu5EQjDZYLY6czTO1OOnQBH5SdJctbfdoXf4h+LaC7YZY1MQy+za\n"
    "LqaWgO4lFeldt9yvWE00ZlgLFnNVtx0fMWQB/o/xaBb2zsQD808o0Pv5UKPV2OVD\n"
    "S3YYbdKraEOyweFafqd/6AQ6GpH7mxmoeD9UyLyz70o=\n"
    "-----END EC PRIVATE KEY-----\n",
};
