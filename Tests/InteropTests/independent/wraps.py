"""How file keys are wrapped: the hybrid stanza through cryptography's own HPKE, the tagged ones by hand."""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import bech32
from .agefile import Stanza, bytes_of, unpadded

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ENCAPSULATION_KEY, CIPHERTEXT, XWING_SHARE = 1184, 1088, 1120


class Hybrid:
    """`mlkem768x25519`: an identity of age 1.3."""

    kind = "mlkem768x25519"
    info = b"age-encryption.org/mlkem768x25519"
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)

    def __init__(self, identity: str) -> None:
        expanded = hashlib.shake_256(bech32.decode(identity, "age-secret-key-pq-")).digest(96)
        self._key = MLKEM768X25519PrivateKey(
            mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        )

    def unwrap(self, stanza: Stanza) -> bytes:
        [share] = stanza.arguments[1:]
        return self.suite.decrypt(bytes_of(share) + stanza.body, self._key, self.info)

    @classmethod
    def wrap(cls, recipient: str, file_key: bytes) -> Stanza:
        key = bech32.decode(recipient, "age1pq")
        public = MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(key[:ENCAPSULATION_KEY]),
            x25519.X25519PublicKey.from_public_bytes(key[ENCAPSULATION_KEY:]),
        )
        sealed = cls.suite.encrypt(file_key, public, cls.info)
        return Stanza([cls.kind, unpadded(sealed[:XWING_SHARE])], sealed[XWING_SHARE:])


def extract(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), secret, "sha256")


class Schedule:
    """RFC 9180: labels, and the key schedule of its base mode, in which one message is opened."""

    def __init__(self, suite: bytes) -> None:
        self._suite = suite

    def extract(self, salt: bytes, label: str, secret: bytes) -> bytes:
        return extract(salt, b"HPKE-v1" + self._suite + label.encode() + secret)

    def expand(self, key: bytes, label: str, info: bytes, count: int) -> bytes:
        assert count <= 32
        text = count.to_bytes(2, "big") + b"HPKE-v1" + self._suite + label.encode() + info
        return hmac.digest(key, text + b"\x01", "sha256")[:count]

    def open(self, shared: bytes, info: bytes, body: bytes) -> bytes:
        context = b"\x00" + self.extract(b"", "psk_id_hash", b"") + self.extract(b"", "info_hash", info)
        secret = self.extract(shared, "secret", b"")
        key, nonce = self.expand(secret, "key", context, 32), self.expand(secret, "base_nonce", context, 12)
        return ChaCha20Poly1305(key).decrypt(nonce, body, None)


class Tagged:
    """What both tagged kinds share: a P-256 key, and a tag that tells whether a stanza is for it."""

    kind = "p256tag"
    kem, form = 0x0010, PublicFormat.CompressedPoint

    def __init__(self, scalar: int) -> None:
        self._key = ec.derive_private_key(scalar, ec.SECP256R1())

    @classmethod
    def from_hex(cls, text: str) -> "Tagged":
        return cls(int(text, 16))

    @property
    def info(self) -> bytes:
        return f"age-encryption.org/{self.kind}".encode()

    def point(self, form: PublicFormat) -> bytes:
        return self._key.public_key().public_bytes(Encoding.X962, form)

    def recipient(self) -> str:
        return bech32.encode("age1tag", self.point(PublicFormat.CompressedPoint))

    def agreed(self, share: bytes) -> bytes:
        return self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), share))

    def unwrap(self, stanza: Stanza) -> bytes:
        tag, share = map(bytes_of, stanza.arguments[1:])
        own = hashlib.sha256(self.point(self.form)).digest()[:4]
        assert tag == extract(self.info, share + own)[:4], "the tag of a stanza"
        suite = b"HPKE" + self.kem.to_bytes(2, "big") + b"\x00\x01\x00\x03"
        return Schedule(suite).open(self.shared(share), self.info, stanza.body)

    def shared(self, share: bytes) -> bytes:
        """DHKEM(P-256, HKDF-SHA256)."""
        schedule = Schedule(b"KEM" + self.kem.to_bytes(2, "big"))
        secret = schedule.extract(b"", "eae_prk", self.agreed(share))
        return schedule.expand(secret, "shared_secret", share + self.point(PublicFormat.UncompressedPoint), 32)


class HybridTagged(Tagged):
    """`mlkem768p256tag`: ML-KEM-768 beside P-256."""

    kind = "mlkem768p256tag"
    kem, form = 0x0050, PublicFormat.UncompressedPoint

    def __init__(self, seed: bytes) -> None:
        expanded = hashlib.shake_256(seed).digest(64 + 128)
        self._post_quantum = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        scalars = (int.from_bytes(expanded[start : start + 32], "big") for start in range(64, 192, 32))
        super().__init__(next(scalar for scalar in scalars if 0 < scalar < ORDER))

    @classmethod
    def from_hex(cls, text: str) -> "HybridTagged":
        return cls(bytes.fromhex(text))

    def recipient(self) -> str:
        return bech32.encode("age1tagpq", self._post_quantum.public_key().public_bytes_raw() + self.point(self.form))

    def shared(self, share: bytes) -> bytes:
        ciphertext, ephemeral = share[:CIPHERTEXT], share[CIPHERTEXT:]
        parts = [self._post_quantum.decapsulate(ciphertext), self.agreed(ephemeral), ephemeral, self.point(self.form)]
        return hashlib.sha3_256(b"".join(parts) + b"MLKEM768-P256").digest()
