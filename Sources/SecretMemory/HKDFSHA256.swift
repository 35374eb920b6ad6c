/// HKDF with SHA-256, RFC 5869: keys made of a secret, one for each purpose.
package enum HKDFSHA256 {
  /// Extracts and expands `count` bytes, at most 8160; `info` names the purpose.
  package static func derive(
    secret: RawSpan, salt: RawSpan, info: String, count: Int
  ) -> SecretBytes {
    precondition(count <= 255 * HMACSHA256.size, "HKDF gives at most 255 blocks")
    let extracted = SecretBytes(count: HMACSHA256.size) {
      HMACSHA256.write(key: salt, message: secret, then: RawSpan(), into: &$0)
    }
    let purpose = Array(info.utf8)
    var last = SecretBytes(count: 0) { _ in }
    return SecretBytes(count: count) { output in
      for (index, offset) in stride(from: 0, to: count, by: HMACSHA256.size).enumerated() {
        let suffix = purpose + [UInt8(index + 1)]
        let block = SecretBytes(count: HMACSHA256.size) { bytes in
          extracted.withBytes { key in
            last.withBytes { previous in
              suffix.withBytes {
                HMACSHA256.write(key: key, message: previous, then: $0, into: &bytes)
              }
            }
          }
        }
        let taken = min(HMACSHA256.size, count - offset)
        block.withBytes { bytes in
          for position in 0..<taken {
            output.storeBytes(
              of: bytes[byteAt: position], toByteOffset: offset + position, as: UInt8.self)
          }
        }
        last = block
      }
    }
  }

  /// The same with a salt in an array; the empty one where the specification says so.
  package static func derive(
    secret: borrowing SecretBytes, salt: [UInt8] = [], info: String, count: Int
  ) -> SecretBytes {
    secret.withBytes { secret in
      salt.withBytes { derive(secret: secret, salt: $0, info: info, count: count) }
    }
  }

  /// The same over arrays, for what is not secret.
  package static func derive(
    secret: [UInt8], salt: [UInt8], info: String, count: Int
  ) -> SecretBytes {
    secret.withBytes { secret in
      salt.withBytes { derive(secret: secret, salt: $0, info: info, count: count) }
    }
  }
}
