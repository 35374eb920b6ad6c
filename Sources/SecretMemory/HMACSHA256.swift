internal import CSodium

/// HMAC-SHA-256, RFC 2104.
package enum HMACSHA256 {
  /// How many bytes a code has.
  package static let size = 32

  /// The 32-byte code of a message under a key of any size.
  package static func code(key: RawSpan, message: RawSpan) -> [UInt8] {
    [UInt8](count: size) { write(key: key, message: message, then: RawSpan(), into: &$0) }
  }

  /// The same over arrays.
  package static func code(key: [UInt8], message: [UInt8]) -> [UInt8] {
    key.withBytes { key in message.withBytes { code(key: key, message: $0) } }
  }

  /// Writes the code of two spans that follow each other to 32 bytes the caller owns, so that a code
  /// which is itself a key never lies in ordinary memory.
  package static func write(
    key: RawSpan, message: RawSpan, then rest: RawSpan = RawSpan(),
    into code: inout MutableRawSpan
  ) {
    precondition(code.byteCount == size, "an HMAC-SHA-256 is 32 bytes")
    Sodium.start()
    var state = crypto_auth_hmacsha256_state()
    defer { unsafe sodium_memzero(&state, MemoryLayout<crypto_auth_hmacsha256_state>.size) }
    _ = unsafe key.withPointer { unsafe crypto_auth_hmacsha256_init(&state, $0, $1) }
    _ = unsafe message.withPointer { unsafe crypto_auth_hmacsha256_update(&state, $0, UInt64($1)) }
    _ = unsafe rest.withPointer { unsafe crypto_auth_hmacsha256_update(&state, $0, UInt64($1)) }
    _ = unsafe code.withPointer { pointer, _ in
      unsafe crypto_auth_hmacsha256_final(&state, pointer)
    }
  }
}
