"""Bech32 without a limit on its length: how age writes keys (BIP 173)."""

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def polymod(values: list[int]) -> int:
    """The checksum's remainder."""
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit in range(5):
            check ^= GENERATOR[bit] if top >> bit & 1 else 0
    return check


def expanded(name: str) -> list[int]:
    return [ord(character) >> 5 for character in name] + [0] + [ord(character) & 31 for character in name]


def decode(text: str, name: str) -> bytes:
    """The bytes of a key that must have this name."""
    text = text.lower()
    found, _, data = text.rpartition("1")
    values = [ALPHABET.index(character) for character in data]
    assert found == name.lower(), f"a key of '{found}'"
    assert polymod(expanded(found) + values) == 1, "the checksum of a key"
    bits = "".join(f"{value:05b}" for value in values[:-6])
    assert len(bits) % 8 < 5 and "1" not in bits[len(bits) - len(bits) % 8 :], "the padding of a key"
    return bytes(int(bits[start : start + 8], 2) for start in range(0, len(bits) - 7, 8))


def encode(name: str, data: bytes) -> str:
    """A key as it is written, in lower case."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    values = [int(bits[start : start + 5], 2) for start in range(0, len(bits), 5)]
    check = polymod(expanded(name) + values + [0] * 6) ^ 1
    values += [check >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{name}1" + "".join(ALPHABET[value] for value in values)
