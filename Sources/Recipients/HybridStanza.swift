internal import AgeFormat
internal import Crypto
internal import FoundationEssentials
internal import SecretMemory

/// What both sides of a hybrid stanza agree on: X-Wing, that is ML-KEM-768 and X25519, in HPKE.
///
/// age.md, "mlkem768x25519 recipient stanza". swift-crypto speaks `Data`; what is secret in it is
/// wiped before it is let go.
enum HybridStanza {
  static let type = "mlkem768x25519"
  static let recipientName = "age1pq"
  static let identityName = "AGE-SECRET-KEY-PQ-"
  static let pluginIdentityName = "AGE-PLUGIN-PQ-"

  /// A recipient: ML-KEM's encapsulation key, then X25519's point.
  static let recipientSize = 1_216
  /// ML-KEM's part of it.
  static let encapsulationKeySize = 1_184
  /// An identity: the seed of both.
  static let seedSize = 32
  /// What is sent along: ML-KEM's ciphertext, then X25519's share.
  static let encapsulationSize = 1_120

  static let suite = HPKE.Ciphersuite(
    kem: .XWingMLKEM768X25519, kdf: .HKDF_SHA256, aead: .chaChaPoly)
  static let info = Data("age-encryption.org/mlkem768x25519".utf8)
}

extension FileKey {
  /// Takes the 16 bytes of a file key out of `Data`, which is wiped; nil for another size.
  static func takenFrom(_ data: inout Data) -> FileKey? {
    var bytes = [UInt8](data)
    var room = data.mutableBytes
    room.wipe()
    defer { bytes.wipe() }
    guard bytes.count == FileKey.size else { return nil }
    return FileKey { key in bytes.withBytes { key.copy(from: $0) } }
  }

  /// Lends the bytes to a library that wants an array, which is wiped after that.
  borrowing func withArray<R>(_ body: ([UInt8]) throws -> R) rethrows -> R {
    var bytes = withBytes { $0.copied() }
    defer { bytes.wipe() }
    return try body(bytes)
  }
}
