"""A family of private key files: the ways in which programs write them, and ways in which nobody should.

family() yields (name, text, verdict). USED and REFUSED are the verdict of both nacre and OpenSSH. What others say of the rest
depends on their version.
"""
import base64
import textwrap

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

USED, REFUSED = "used", "refused"
USED_BY_US = "used by nacre only"  # the latitude that OpenSSH gives to one format only, and newer types of key
REFUSED_BY_US = "refused by nacre"  # by OpenSSH not always: not DER, or numbers that do not belong together

DER = serialization.Encoding.DER


# DER ----------------------------------------------------------------------------------------------

def der(tag, *parts):
    body = b"".join(parts)
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([len(body)]) if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body


def sequence(*parts):
    return der(0x30, *parts)


def integer(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def octets(data):
    return der(4, data)


def bits(data):
    return der(3, b"\0" + data)


PRIME_FIELD = bytes.fromhex("06072a8648ce3d0101")
EC = bytes.fromhex("06072a8648ce3d0201")
P256 = bytes.fromhex("06082a8648ce3d030107")
P384 = bytes.fromhex("06052b81040022")
RSA = bytes.fromhex("06092a864886f70d010101")
RSA_PSS = bytes.fromhex("06092a864886f70d01010a")
ED25519 = bytes.fromhex("06032b6570")
NULL = b"\5\0"

# FIPS 186-4 appendix D.1.2.3
P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)
SEED = bytes.fromhex("c49d360886e704936a6678e1139d26b7819f7e90")


def point(xy, form, size=32):
    """SEC 1 section 2.3.3: uncompressed, compressed or hybrid."""
    x, y = (n.to_bytes(size, "big") for n in xy)
    return {"u": b"\4" + x + y, "c": bytes([2 | y[-1] & 1]) + x, "h": bytes([6 | y[-1] & 1]) + x + y}[form]


def explicit(p=P, b=B, n=N, form="u", seed=b"", cofactor=integer(1), version=1):
    field = [value.to_bytes(32, "big") for value in (P - 3, b)]
    return sequence(integer(version), sequence(PRIME_FIELD, integer(p)), sequence(octets(field[0]), octets(field[1]), seed),
                    octets(point(G, form)), integer(n), cofactor)


def pem(label, data, width=64):
    text = base64.b64encode(data).decode()
    return "\n".join([f"-----BEGIN {label}-----", *textwrap.wrap(text, width), f"-----END {label}-----", ""])


# Keys ---------------------------------------------------------------------------------------------

class Keys:
    def __init__(self):
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()
        self.pkcs1, self.rsa8 = self.raw(self.rsa)
        self.sec1, self.ec8 = self.raw(self.ec)
        self.ed8 = self.raw(self.ed)[1]
        numbers = self.ec.private_numbers()
        self.scalar = numbers.private_value.to_bytes(32, "big")
        self.xy = numbers.public_numbers.x, numbers.public_numbers.y

    @staticmethod
    def raw(key):
        kinds = serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8
        return [key.private_bytes(DER, kind, serialization.NoEncryption()) if i or not isinstance(key, ed25519.Ed25519PrivateKey)
                else None for i, kind in enumerate(kinds)]

    @staticmethod
    def openssh(key):
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH,
                                 serialization.NoEncryption()).decode()

    def ec_key(self, parameters=b"", form="u", scalar=None, xy=None):
        return sequence(integer(1), octets(scalar or self.scalar), der(0xa0, parameters) if parameters else b"",
                        der(0xa1, bits(point(xy or self.xy, form))) if form else b"")

    def rsa_key(self, version=0, **other):
        numbers = self.rsa.private_numbers()
        values = {"n": numbers.public_numbers.n, "e": 65537, **{name: getattr(numbers, name) for name in
                                                                  ("d", "p", "q", "dmp1", "dmq1", "iqmp")}, **other}
        return sequence(integer(version), *map(integer, values.values()))


def pkcs8(algorithm, key, *more, version=0):
    return sequence(integer(version), sequence(*algorithm), octets(key), *more)


# The text around the key --------------------------------------------------------------------------

def texts(text, is_openssh):
    """OpenSSH reads its own format with a reader of its own, and all others with libcrypto's."""
    begin, *body, end = text.splitlines()
    pem_only, openssh_only = (USED_BY_US, USED) if is_openssh else (USED, USED_BY_US)
    certificate, parameters = pem("CERTIFICATE", bytes(99)), pem("EC PARAMETERS", P256)

    def lines(*body_lines, first=begin, last=end):
        return "\n".join([first, *body_lines, last, ""])

    yield "as it is", text, USED
    for name, variant in (("CR LF", text.replace("\n", "\r\n")), ("no line end", text[:-1]), ("byte order mark", "\ufeff" + text),
                          ("mark and text", "\ufefftext\n" + text), ("text before", "hello\nworld\n\n" + text),
                          ("dashes before", "-----hello\n----- BEGIN\n" + text), ("blank lines before", "\n\n" + text),
                          ("attributes before", "Bag Attributes\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n" + text),
                          ("certificate before", certificate + text), ("parameters before", parameters + text),
                          ("public key before", pem("PUBLIC KEY", bytes(99)) + text), ("NUL before", "\0\n" + text),
                          ("another type before", pem("DSA PRIVATE KEY", b"0\3\2\1\0") + text),
                          ("white space after lines", text.replace("\n", "  \t\n")), ("after the first", lines(*body, first=begin + " "))):
        yield name, variant, pem_only
    for name, variant in (("text after", text + "\nhello\n"), ("certificate after", text + certificate), ("twice", text + text),
                          ("white space before lines", lines(*("  " + line for line in body))),
                          ("space within", lines(*(line[:20] + " " + line[20:] for line in body))),
                          ("tab within", lines(*(line[:20] + "\t" + line[20:] for line in body))),
                          ("blank line", lines("", *body)), ("one line", lines("".join(body))),
                          ("76 characters", lines(*textwrap.wrap("".join(body), 76))),
                          ("3 characters", lines(*textwrap.wrap("".join(body), 3))), ("1 character", lines(*"".join(body)))):
        yield name, variant, USED
    for name, variant in (("two blank lines", lines("", "", *body)), ("blank line in the middle", lines(body[0], "", *body[1:])),
                          ("blank line at the end", lines(*body, "")),
                          ("other white space", lines(*(line[:20] + "\v\f" + line[20:] for line in body)))):
        yield name, variant, openssh_only
    for name, variant in (("indented", "".join("  " + line + "\n" for line in text.splitlines())),
                          ("header", lines("Comment: x", "", *body)), ("clear", lines("Proc-Type: 4,CLEAR", "", *body)),
                          ("no end", "\n".join([begin, *body, ""])), ("wrong end", lines(*body, last="-----END X-----")),
                          ("text after the end", lines(*body, last=end + "x")), ("CR only", text.replace("\n", "\r")),
                          ("not base64", lines("*" + body[0][1:], *body[1:])), ("half", lines(*body[:len(body) // 2]))):
        yield name, variant, REFUSED


# What is in the key -------------------------------------------------------------------------------

def labels(k):
    """Each kind of key under each label. Ed25519 in PKCS #8 needs OpenSSH 9.6."""
    keys = {"PKCS #1": k.pkcs1, "PKCS #8 RSA": k.rsa8, "SEC 1": k.sec1, "PKCS #8 EC": k.ec8, "PKCS #8 Ed25519": k.ed8}
    used = {"": {"PKCS #8 RSA", "PKCS #8 EC"}, "RSA ": {"PKCS #1", "PKCS #8 RSA"}, "EC ": {"SEC 1", "PKCS #8 EC"}}
    for label in "", "RSA ", "EC ", "DSA ", "ANY ", "X ", "OPENSSH ", "ED25519 ":
        for kind, key in keys.items():
            verdict = USED if kind in used.get(label, ()) else REFUSED
            if (label, kind) == ("", "PKCS #8 Ed25519"):
                verdict = USED_BY_US
            yield f"{kind} as {label}PRIVATE KEY", label, key, verdict


def curves(k):
    """Curves by name and by parameters, in both places where they may be."""
    yield "no curve", "EC ", k.ec_key(), REFUSED
    yield "other curve inside", "", pkcs8((EC, P256), k.ec_key(P384)), REFUSED
    yield "two ways to say it", "", pkcs8((EC, explicit()), k.ec_key(P256)), USED
    yield "null for a curve", "", pkcs8((EC, NULL), k.ec_key(P256)), REFUSED
    yield "nothing for a curve", "", pkcs8((EC,), k.ec_key(P256)), REFUSED
    for name, parameters, verdict in (
            ("name", P256, USED), ("explicit", explicit(), USED), ("seed", explicit(seed=bits(SEED)), USED),
            ("compressed generator", explicit(form="c"), USED), ("hybrid generator", explicit(form="h"), USED),
            ("no cofactor", explicit(cofactor=b""), USED), ("version 2", explicit(version=2), USED),
            ("other b", explicit(b=7), REFUSED), ("other p", explicit(p=P - 2), REFUSED), ("other n", explicit(n=N - 2), REFUSED),
            ("other cofactor", explicit(cofactor=integer(2)), REFUSED_BY_US)):
        yield f"{name} in SEC 1", "EC ", k.ec_key(parameters), verdict
        yield f"{name} in PKCS #8", "", pkcs8((EC, parameters), k.ec_key()), verdict
        yield f"{name} in both", "", pkcs8((EC, parameters), k.ec_key(parameters)), verdict
    for form in "", "c", "h":
        yield f"point {form or 'missing'} in SEC 1", "EC ", k.ec_key(P256, form), USED
        yield f"point {form or 'missing'} in PKCS #8", "", pkcs8((EC, P256), k.ec_key(b"", form)), USED
    yield "other point", "EC ", k.ec_key(P256, xy=G), REFUSED_BY_US
    yield "zeros before the scalar", "EC ", k.ec_key(P256, scalar=b"\0\0" + k.scalar), USED
    yield "scalar of 0", "EC ", k.ec_key(P256, scalar=bytes(32)), REFUSED


def contents(k):
    attributes = der(0xa0, sequence(bytes.fromhex("0603551d0f"), der(0x31, bits(b"\x80"))))
    seed = octets(k.ed8[-32:])
    public = der(0x81, b"\0" + k.ed.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))
    numbers = k.rsa.private_numbers()
    yield "attributes, RSA", "", pkcs8((RSA, NULL), k.pkcs1, attributes), USED
    yield "attributes, EC", "", pkcs8((EC, P256), k.ec_key(), attributes), USED
    yield "attributes, Ed25519", "", pkcs8((ED25519,), seed, attributes), USED_BY_US
    yield "attributes and public key", "", pkcs8((ED25519,), seed, attributes, public, version=1), USED_BY_US
    yield "wrong public key", "", pkcs8((ED25519,), seed, der(0x81, bytes(33)), version=1), REFUSED_BY_US  # OpenSSL 3.5 ignores it
    yield "Ed25519 with NULL", "", pkcs8((ED25519, NULL), seed), REFUSED
    yield "RSA without NULL", "", pkcs8((RSA,), k.pkcs1), USED
    yield "RSA-PSS", "", pkcs8((RSA_PSS,), k.pkcs1), REFUSED
    yield "primes swapped", "RSA ", k.rsa_key(p=numbers.q, q=numbers.p, dmp1=numbers.dmq1, dmq1=numbers.dmp1,
                                              iqmp=pow(numbers.p, -1, numbers.q)), USED
    yield "longer d", "RSA ", k.rsa_key(d=numbers.d + (numbers.p - 1) * (numbers.q - 1)), USED
    yield "more primes", "RSA ", k.rsa_key(1), REFUSED
    for name in "n", "e", "dmp1", "iqmp":
        yield f"other {name}", "RSA ", k.rsa_key(**{name: 2 ** 2047 + 1 if name == "n" else 5}), REFUSED_BY_US
    yield "bytes after the key", "RSA ", k.pkcs1 + b"\0", REFUSED_BY_US
    yield "long length", "RSA ", b"\x30\x84\0\0" + k.pkcs1[2:], REFUSED_BY_US
    yield "no length", "RSA ", b"\x30\x80" + k.pkcs1[4:] + b"\0\0", REFUSED_BY_US


def family():
    k = Keys()
    for name, text, is_openssh in (("PKCS #1", pem("RSA PRIVATE KEY", k.pkcs1), False), ("SEC 1", pem("EC PRIVATE KEY", k.sec1), False),
                                   ("PKCS #8", pem("PRIVATE KEY", k.ec8), False), ("OpenSSH", k.openssh(k.ed), True),
                                   ("OpenSSH, RSA", k.openssh(k.rsa), True)):
        for variant, changed, verdict in texts(text, is_openssh):
            yield f"{name}, {variant}", changed, verdict
    for part in labels, curves, contents:
        for name, label, key, verdict in part(k):
            yield name, pem(f"{label}PRIVATE KEY", key), verdict
