internal import CSodium

/// X25519, RFC 7748: a secret shared over a public wire.
package enum X25519 {
  /// How many bytes a secret scalar, a point and a shared secret have.
  package static let size = 32

  /// Why no secret can be shared.
  package enum Failure: Error, Sendable, Equatable {
    /// A point is 32 bytes.
    case wrongSize
    /// The point is of low order: the shared secret would be known to everybody.
    case lowOrderPoint
  }

  /// The public point of a 32-byte secret.
  package static func publicKey(of secret: borrowing SecretBytes) -> [UInt8] {
    precondition(secret.count == size, "an X25519 secret is 32 bytes")
    return secret.withBytes { secret in
      [UInt8](count: size) { point in
        unsafe point.withPointer { point, _ in
          _ = unsafe secret.withPointer { secret, _ in
            unsafe crypto_scalarmult_base(point, secret)
          }
        }
      }
    }
  }

  /// The secret shared with whoever holds the secret of `point`; never all zeros.
  package static func sharedSecret(
    secret: borrowing SecretBytes, point: [UInt8]
  ) throws(Failure) -> SecretBytes {
    precondition(secret.count == size, "an X25519 secret is 32 bytes")
    guard point.count == size else { throw .wrongSize }
    return try SecretBytes(count: size) { shared throws(Failure) in
      let status = secret.withBytes { secret in
        unsafe shared.withPointer { output, _ in
          unsafe secret.withPointer { secret, _ in
            unsafe crypto_scalarmult(output, secret, point)
          }
        }
      }
      // libsodium refuses exactly the points whose product is all zeros.
      guard status == 0 else { throw .lowOrderPoint }
    }
  }
}
