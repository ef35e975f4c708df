/* The keys that nacre-spec uses as a server, and that the client logs in with. Everyone knows them:
 * they protect nothing. */
#include "apps/spec/client_keys.h"

const char client_key_nistp256[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWYo6bXj7S9Lpj8RW\n"
    "/VpNkb9MFKraNWtzbzQakpVcqCyhRANCAAR9oOTrLdznGSrQnLFKRYVGvmxzjfoZ\n"
    "MYsMdl5xQogQfzDzHePDrik5i1fuMVOPQHKOc/4LO3rcgomH7oYdv8Qx\n"
    "-----END PRIVATE KEY-----\n";

const char client_key_nistp384[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDARtqZfGLdiNIYjWN8W\n"
    "QOoUbuuhoLKIdtkmFxSTyYg/vRREsm+AAimK+A6AMwFtUAChZANiAARpC3BFRD+O\n"
    "3p3EpMd3+WM/FDLI0dlL+SqFt/tk+kspl/kSEMHcs14p5HKwAuZPFjAEg+e1n1m6\n"
    "Co11t2yuVbaeWObYIE1gmQVUjyiDyQs1CSQ1yNiTYtvexup2QrjJCew=\n"
    "-----END PRIVATE KEY-----\n";

const char client_key_nistp521[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIAtG+cYtOnj6rcV8/c\n"
    "d6vxUBikfW7N3nSH2L8E+rr0FfaenncFB4uQKKuEBmQ+RRvnpSwhQiwktLkTzRmx\n"
    "bPFxfrWhgYkDgYYABAGFIVrX7SYc1P5gS4ysLyYP1G6pKrzp1MxWPR5TAMq7wzuO\n"
    "mhVtwWr03HuSkBXDlYeZH+r8bJQaVgiF5OQx+wdiFwGoAF69wyLBspjj31qyHCW+\n"
    "rm0cqHhExjIv26fO/cOV37CrOkSQHCZ/2NjYT4lL2N1BVRde+UM00kUjW4VWPjLJ\n"
    "Vw==\n"
    "-----END PRIVATE KEY-----\n";

const char client_key_rsa[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC3SVAIhaog8jqN\n"
                              "JcVBfX9+cRrBQzqFWlLGIrCtuWKnkeXZRvO3lfuAbKOmf7Jkn0/8MBvzuUa0Dwn5\n"
                              "MAQZSKRBL6Yj7UyW8zp9Kg9zBUWtd7t9uPFdxJsZKKZKN4P9Kk3nHxEfiNn1MOKU\n"
                              "D4MiRxBlLuKBFPcvFhlfzGc/AyPuxsHzjQImIy7kHnxRXNIXlPStPQU/myKSl9nh\n"
                              "emq1O1RKaTaPZNbOQwECXJXDZ2lb28pt+ADBk06h16sCamDAZwMa69PCbMuaO8CE\n"
                              "F+d1S2B/29kxFlXOPgpj4Cnvm/4yQ0ysejmrTgdWdHuWv4VRh185rggZFeZaUY1I\n"
                              "iCxoBqQhAgMBAAECggEAULPapg34tY4CovCdFLOGBi4WCj+oTlxRcwWGRtAIdOEk\n"
                              "VBHOMSk8drUfL6otaenN5axnOl77lz/B8/Mk8t8N19f7rvkHDrYlLERvTgVlwzYj\n"
                              "m31p5ZAyfJbt9WLRXpEYgSooN3riAXiXY3sbEeY5fVvyBsUs+5Ie9RQC5/dhhHpH\n"
                              "e1GnvyIT74Tkw0NOvvk10eBp4BczZoU8zTDPXrBYFOMrb1ffI6dR8ApjCKWZoiT8\n"
                              "DFbhYk4ICFCyh4fFlS7wCmNu21EGW1Szy9lS2T0cjbvIGGheocmPgMXfak2S1J3Y\n"
                              "/UTJOmb8Cf7L9IMKb6VMShPh/EpcDjhJfAD6C1vWqwKBgQDmybxt28bExPZsGEGV\n"
                              "wRAWCnHiZDIYvYgbLmpkEtT3PLJ+kM1zWgkkiNOjzTaZskbcaTKT/reU6w61xXWa\n"
                              "OVccbWzfOOEjCs2hEg4f49WVOX6mEICXvxy6r3/boF+vbq33Zm9v4jXGDEDgwwjX\n"
                              "vC6WQu+IW2QCVbPruOOGOCGYUwKBgQDLTyLJSmTDEh8R0q85rIz2WT8vrkakzCK0\n"
                              "cdWCUhR5DMeuvc371/2cF1esGlYauxNFc/+BJWz5q352ByJ2b6wZbbgTmBmqzTXu\n"
                              "AjdtELDd3c5jWLg1MWB0vFN+aeByWs4ZzXVeyhB1IEkHpXZOmWPf/IgAOseeSrlb\n"
                              "a6pKf1AzOwKBgAb7ra7pSn9jsk0dAscEO3dfQ4jlHTrwaTDhW6jBhR4iAQihWwYV\n"
                              "gFdRqI25ROCrq0c6C6S8vVNNNXm8is1q1L7wdK3ga7eCuSwZfsHqQ+kq/zEJKMru\n"
                              "pnDjpIvBs4N8ZtkoiVCqWJQwhLoITLkyYXp8dgD7OvBzJWmJg6DpC+MvAoGASr9i\n"
                              "m70VRL8B20ypjbvJ67yuRXp+kJJY5BzCEfLZghPXyoAQHlqv7FaMrkLUi2liUXOv\n"
                              "aaz33udVTFGdMwwlqwey2MlgDnL6M/JurFOpozisa8wvlab8vo6K5/xHP+PwyH3I\n"
                              "fDwwRs/C6ePElmtA1BYFbogt4h24/kqcRl1+gAcCgYBAaIznorp04wWdEuwzC8kt\n"
                              "SJsGEouCgf4cxiUqT6T6X3brpGAhEu0Q1b9iD6wHF1M9rPQKcBXPpndF5vL5LOa3\n"
                              "sl26X7s5r0uVd3YAEKXF9w0EayJFINhk+uOsXlIaxBB8HIJ2pxXy/AH3Cbgpsbjc\n"
                              "uOiIbSMTEzPykBZWqPM5WQ==\n"
                              "-----END PRIVATE KEY-----\n";

/* e is 3. */
const char client_key_rsa3[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC1+Zgi1joJrT70\n"
                               "+bZT/IfviKpvUpiQCCSsEiQ3wNDyRJz0u68l4vXIgFUcG6NcCW+LInzuNE7Juycm\n"
                               "ML9hZSUvPSKupbns4GT7G3vpfuuWjtDe+3ho6DBjRlGrBVPCWUwe+AAXoFYQaZbg\n"
                               "5hyycUS3+lJgnQpJ53b6bkEIvTqoO0EhUi+QNEte4HQTrcUV0aeS1u8yvR7RTvQi\n"
                               "NIkYMOKEQ8neuiGU6kVlAPiBZMWGS0Hln+gAQNfTRe9zXc2audcEiRwpllnspg1u\n"
                               "8MZI1AaViGydMmYRtzOdncvPbmnknOlKu8p4uUWMWqGo8ySlCETdICWnAwLyWkJZ\n"
                               "MgxFTg//AgEDAoIBAHlREBc5fAZzf037zuKoWp+wcZ+MZbVawx1hbXqAi0wtvfh9\n"
                               "H26XToWq42gSbOgGSlzBqJ7NidvSGhl11OuYw3TTbHRue/NAQ1ISUpup8mRfNen8\n"
                               "+vCayuzZi8dY4oGQ3Wn6qrpq5ArxD0CZaHb2Lc/8NusTXDFE+fxJgLB+JxrRCrXc\n"
                               "iiGbqusV7R6IfMQioB9isWoINVmB65MYxZ1WORv9inhoThVJzPBNkd77Jztny1A2\n"
                               "1hgGddMTiYZdEcqPGVnhWTqsNtd8pUYwopFQyW/2GHpOs2sF8xyaP+snr5HRcW+o\n"
                               "K009on9Zvtfz1sD1Y4lughuKZjQOi4w2WVmrAcsCgYEA6d8Bo0rsHPnSSMO5Krh5\n"
                               "Hy8kvtTIEYtEX3L6A4Ipo41Msk0VwHjueDs+Zpr1IyFP+x/C1JJdbbvJOBkGbL9m\n"
                               "ojOQRXAxfG23gUnO78D6HPBb9n5u2woBBFxx3DTjOmN/5STzhMar4GBNHoghvK+A\n"
                               "CLXykHxKMuXlilSErkyfw8kCgYEAxzGFvRLergRtR6In3zckmDSeJj7ovT/Hs1KV\n"
                               "XSoF6Uz6x90H6/wNGcFONxf254vflc2K0knZuVrfaRDLxit8jsom0OFiizuzlDvY\n"
                               "4q3gu307UWdNfectQpZEj7nPqCZi2f5MBL4w8W0G5NzjpdQYJtkH0gFpNr5e5rJb\n"
                               "1/ItyYcCgYEAm+oBF4dIE1E22y0mHHr7ah9t1I3atlzYP6H8AlbGbQjdzDNj1aX0\n"
                               "UCd+7xH4whY1UhUsjbbo89KGJWYESH+ZwXe1g6Ag/Z56VjE0n9X8E0rn+amfPLFW\n"
                               "AuhL6CNCJuz/7hiiWIRylZWIvwVr0x+qsHlMYFLcIe6ZBuMDHt2/19sCgYEAhMuu\n"
                               "fgyUdALzhRbFP3oYZXhpbtSbKNUvzOG46Maum4inL+iv8qgIu9Y0JLqkml0/uTOx\n"
                               "4YaRJjyU8LXdLseoXzFvNeuXB30iYtKQlx6V0lN84O+I/poeLGQttSaKcBmXO/7d\n"
                               "WH7LS54EmJNCbo1lbztajADwzymUmcw9OqFz268CgYEAhiYYuVQglRJKREO0wAs4\n"
                               "Ez6xmOpNE575e6uZHgutwdpX4O5y8ewZmt1mqTmPGHo9PSRGRkU0Q5s8/ChyDKpZ\n"
                               "ufEFLT2ezNkKAWXeYPThobcd/gCQjVC7yAf56HSZH6scSgI9V3mjtVrslpgBY0+w\n"
                               "rGQf+H+P3r6p3Q33dCotUs0=\n"
                               "-----END PRIVATE KEY-----\n";

const char client_user_rsa[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQClfCjJhBkx5leB\n"
                               "cnictFHD3hRR3x35nnj9FRxhCsCTvY6XIz4hUx1EpyMsrRM+1BBA0Gn8OswWfApx\n"
                               "Uj6NEYoONTAgfX+g8NX6KJQQ+QvN+EnMZ14wLDjz1x1KzaBRTOrOfPQrPoRohksJ\n"
                               "C/uPrTQV2oEDyGF0sByuxTUS/N2WY0fhKAlRcsamEnFiEAy+qeTQs7P+wVzZki3h\n"
                               "d5n2n95Z3EfAAA0aUvt3SrKFl45F8QrOOvO39e78uyK3DphMLGtTDcmEDAFUtfzC\n"
                               "OBk6psznzq+9z2ybVbaUOQ/lbARFN2fuO6+lUvRtwAjBcenswKbZXeIFpZT+hwOb\n"
                               "9L6Ty+i7AgMBAAECggEAFbSXVPcypszjpWLyVvt/zgUO/T4anGcgz3E5a7ERWU9/\n"
                               "qGtC9vQD3sFdZ7q7z33ZM+ciP6cmpbxXUk3LTo2CYiKv0VMkrmNobYttAFzqI3Xx\n"
                               "mBHm1MK4JaONgAZAhOll0veovxNQIrWamfEsacf6EPO8AFcEEV4YJQRQ1dC878CX\n"
                               "vQxqYRUzfqYcfu/FZQoq79NSMysMzjcnMC4Rz3KTCQcxW/qnuW6AXJbrDVK35JlX\n"
                               "8S5gjuHAJiqrzN/wMaArBySAsyi878ghBN2rWL8orer/GCDKmQ9P8TSpnqX4CT6e\n"
                               "peGiRANtl0/vizoe/3FbuDCWKFEyZmXMR/pj/28kIQKBgQDfNd1djhOc8ulu3xcQ\n"
                               "GjWIFomB2CmDO4DmqXa8jKFETQPcQ0ocm5K/xyotm5BvomzsxxtCMmxavifIgyEs\n"
                               "l5c24MjBN3xyE/T5Pq+WS0VFsY7aQV/3aZHSvHBK5MEQogWbRfvrDhDDy6eBfnYw\n"
                               "8hiavdW0/IWHQrWlTCdQyQiqXQKBgQC9y3NtxgFGadmyqqIigAPoo9I4oOXCOzHg\n"
                               "bwBywHfMGDcNpCQFGeecNNqad/joVoY+1MiuJgylSCQH5p97JSU1LoBch9egoTav\n"
                               "gDyfVYQIMUF4trDlPG34jiWaYFZpecdsgh7ij7QGnpiAvBWBqJGOvePzlyRC4CUn\n"
                               "GpfSwX8d9wKBgQCCtd5d7Ndbb3x3arjsuwxiFyCLIvScXvoLGW3o2EmP37HFCLqb\n"
                               "qhbzq0Pt1U1tsiYrOiWiTDjbosNVTkTdAiCRCG1HiKCdhUZNtwHH92gneeT3tpTm\n"
                               "I7I7QBJaKT9N6DN0TDVL3r6+icIbuNypqPvzkftVsxLWtJ/+nmvfiPpEGQKBgBN7\n"
                               "93Wlhiv8YeT9r3drPPt9Fe/KVMwD17L6skkViTbipYQ4/ZmodyaKJocFGgCAIXgB\n"
                               "0DhQn6u4JDrLakPyJEe5ZmQZbgGHi12pBJA27z8ID3idCLv/4CpMLYATs8tQPTDe\n"
                               "it0nc4vabD2LEYomDAtjYyt2sLpM2IOTL1LrmmkxAoGALO1AjDu4tLRc5oIMd14I\n"
                               "G9NsPIcgdxDezPoKNllQgsFeWMLR15cil4fMdga6OhlGufXfs0Vn8wG6Ls3dhc2O\n"
                               "Jk5jrlUkKW+sBeBEEe/Uq9ZxDSjErZjryBAUQhIHGUZkjChHhUoJ45Phc2vqmhWM\n"
                               "mywJts+212IUAbqFqRB8mJw=\n"
                               "-----END PRIVATE KEY-----\n";

/* RSA of 1024 bits: n, d, p, q and the inverse of q. e is 65537. */
const char client_rsa1024_n[] =
    "\xd1\x84\xf5\x68\x75\x3f\x1e\x1e\xb6\xa9\xd2\xf1\x22\x86\x63\xf4\x0c\x4b\x12\x62\x98\xaf"
    "\x49\x7c\xf6\x59\x5e\xf2\x79\x56\xa1\x69\x29\x85\x28\xb9\x77\xc6\x82\x05\x92\xc6\x72\x1e"
    "\x78\x6b\x73\x1b\x51\x11\x41\x28\xc6\x68\xf5\x29\x90\x99\xca\xc5\x50\xf6\xd3\x02\x44\x62"
    "\x81\x45\x6f\x55\x37\xba\xdd\x56\xdf\x46\xc2\x1e\xef\x29\xed\x76\xc6\x0a\xc1\xf2\xa4\x87"
    "\x80\x0c\x89\x6b\x23\xfa\xb6\xee\x85\x3f\x12\x93\x86\x1d\x02\xf1\x67\x8f\x27\x44\x45\xb2"
    "\x41\xd5\x27\x16\xf4\xe3\x3e\x00\x30\xcb\x17\x63\x05\x78\xfd\x5e\x9d\x39";

const char client_rsa1024_d[] =
    "\x0c\x53\xd6\x5c\x9f\x09\x67\xac\x46\xf3\x17\x06\x39\x11\xcf\x2f\xbc\xc9\x6d\xfb\x7f\x20"
    "\x51\x22\x99\x1c\x09\x0a\x1b\x39\x8d\xa5\xb2\x5b\xb3\x59\xb6\x42\x67\xc4\x0c\x2e\xc0\xe8"
    "\x2a\x0d\xa8\x68\x23\x0c\xf0\xd8\x85\x54\x07\x98\xba\x79\x52\x04\xea\x0e\x9b\xbb\x9b\x28"
    "\x11\x70\xf5\x67\xdd\xa0\xc2\x4f\xff\x92\x15\x1e\x13\xb6\x8a\x71\x0d\xea\xd1\xac\xf4\xbd"
    "\x86\xb0\x99\xf9\x09\x22\x47\xa5\x91\x90\x34\x3a\xd6\xe3\xb9\x2a\xcd\xb8\xe8\xd9\x08\x23"
    "\x51\xb7\x51\xa7\xae\x62\x16\x9b\xd5\x0f\x2d\x40\x84\x65\xa2\x17\x73\x41";

const char client_rsa1024_p[] =
    "\xec\x7d\xb0\x8d\x99\x14\xdc\x8a\x2c\xfb\x03\x93\x23\x0b\xd6\x85\x6e\xac\x3b\x89\xb1\xed"
    "\xb9\xa7\xb0\x03\xbc\x01\x9d\x59\xe0\x93\xeb\x44\x29\x4b\x86\x12\x3f\x63\xe5\x7e\x78\x69"
    "\x2a\xbb\x9a\x9f\x47\xb5\xb3\x4e\x5f\xf4\xcf\x2b\xbd\xa8\xbe\xae\x9e\xb3\x4f\xff";

const char client_rsa1024_q[] =
    "\xe2\xcd\xac\x00\xad\x4c\xe6\xd5\x57\x14\x90\x24\xf8\x4a\xcf\x0a\x97\xc7\xdc\x92\x15\xe0"
    "\x60\x16\x4a\x50\xfd\xa2\xae\x3d\xff\x42\x9e\xe8\x77\xf3\x58\x4d\xae\x67\xdf\x4b\xbb\x79"
    "\x50\x51\x5a\x05\xd9\x12\xa5\xd8\x84\xf4\x4c\xb5\x81\x0d\x05\x95\xe3\xa4\x92\xc7";

const char client_rsa1024_iqmp[] =
    "\x36\x84\x38\xf2\x76\x77\x4c\xcc\x9d\xf9\x73\xd7\xb5\x66\x5e\x6f\xdb\x4c\x9a\xd2\x72\xa9"
    "\x12\x72\x5e\x74\xd1\xce\xf4\x26\x38\xc7\x48\x80\xc9\xbc\x0a\x51\x37\xc3\xc5\xb0\x11\x7f"
    "\xca\x16\xd3\x9e\x20\x58\xb5\x1e\xd6\x39\x34\x79\x8a\xea\x6d\x10\x3b\x33\xa9\x67";
