internal import COpenSSL

/// PBKDF2-HMAC-SHA-256, RFC 8018 section 5.2.
package enum PBKDF2 {
  /// Stretches a password.
  ///
  /// - Parameters:
  ///   - password: of any size.
  ///   - salt: of any size.
  ///   - iterations: at least 1.
  ///   - count: how many bytes are wanted.
  /// - Returns: `count` bytes.
  package static func key(
    from password: RawSpan, salt: [UInt8], iterations: Int, count: Int
  ) -> SecretBytes {
    SecretBytes(count: count) { key in
      unsafe key.withPointer { key, count in
        unsafe password.withPointer { password, size in
          unsafe password.withMemoryRebound(to: CChar.self, capacity: size) { password in
            let made = unsafe PKCS5_PBKDF2_HMAC(
              password, Int32(size), salt, Int32(salt.count), Int32(iterations), EVP_sha256(),
              Int32(count), key)
            precondition(made == 1, "libcrypto refused PBKDF2")
          }
        }
      }
    }
  }
}
