internal import CSodium

/// Ed25519 signatures, RFC 8032.
///
/// A secret key is 64 bytes, seed and public key, as libsodium and minisign keep it.
package enum Ed25519 {
  /// How many bytes a seed has.
  package static let seedSize = 32
  /// How many bytes a secret key has.
  package static let secretKeySize = 64
  /// How many bytes a public key has.
  package static let publicKeySize = 32
  /// How many bytes a signature has.
  package static let signatureSize = 64

  /// The 64-byte secret key that grows from a 32-byte seed.
  package static func secretKey(fromSeed seed: borrowing SecretBytes) -> SecretBytes {
    precondition(seed.count == seedSize, "an Ed25519 seed is 32 bytes")
    return SecretBytes(count: secretKeySize) { secretKey in
      seed.withBytes { seed in
        unsafe secretKey.withPointer { secretKey, _ in
          unsafe seed.withPointer { seed, _ in
            var publicKey = [UInt8](repeating: 0, count: publicKeySize)
            _ = unsafe crypto_sign_seed_keypair(&publicKey, secretKey, seed)
          }
        }
      }
    }
  }

  /// The public half that a 64-byte secret key carries.
  package static func publicKey(of secretKey: borrowing SecretBytes) -> [UInt8] {
    precondition(secretKey.count == secretKeySize, "an Ed25519 secret key is 64 bytes")
    return secretKey.withBytes { $0.extracting(seedSize..<secretKeySize).copied() }
  }

  /// The 64-byte signature over a message.
  package static func sign(_ message: RawSpan, with secretKey: borrowing SecretBytes) -> [UInt8] {
    precondition(secretKey.count == secretKeySize, "an Ed25519 secret key is 64 bytes")
    return secretKey.withBytes { secretKey in
      [UInt8](count: signatureSize) { signature in
        unsafe signature.withPointer { signature, _ in
          unsafe message.withPointer { message, count in
            _ = unsafe secretKey.withPointer { secretKey, _ in
              unsafe crypto_sign_detached(signature, nil, message, UInt64(count), secretKey)
            }
          }
        }
      }
    }
  }

  /// Whether a signature over a message was made with the secret of a public key.
  package static func verify(
    _ signature: [UInt8], of message: RawSpan, by publicKey: [UInt8]
  ) -> Bool {
    guard signature.count == signatureSize, publicKey.count == publicKeySize else { return false }
    Sodium.start()
    return unsafe message.withPointer { message, count in
      unsafe crypto_sign_verify_detached(signature, message, UInt64(count), publicKey) == 0
    }
  }

  // MARK: The same key on the other form of the curve

  /// The X25519 point of a 32-byte public key (RFC 7748, 4.1); nil where it is none.
  package static func montgomeryPoint(of publicKey: [UInt8]) -> [UInt8]? {
    guard publicKey.count == publicKeySize else { return nil }
    Sodium.start()
    var point = [UInt8](repeating: 0, count: X25519.size)
    return unsafe crypto_sign_ed25519_pk_to_curve25519(&point, publicKey) == 0 ? point : nil
  }

  /// The 32-byte X25519 secret that a 64-byte secret key stands for.
  package static func montgomerySecret(of secretKey: borrowing SecretBytes) -> SecretBytes {
    precondition(secretKey.count == secretKeySize, "an Ed25519 secret key is 64 bytes")
    return SecretBytes(count: X25519.size) { scalar in
      secretKey.withBytes { secretKey in
        unsafe scalar.withPointer { scalar, _ in
          unsafe secretKey.withPointer { secretKey, _ in
            _ = unsafe crypto_sign_ed25519_sk_to_curve25519(scalar, secretKey)
          }
        }
      }
    }
  }
}
