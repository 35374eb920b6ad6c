internal import SecretMemory
internal import Vocabulary

extension Bech32 {
  /// The bytes of a recipient that is written under a name.
  ///
  /// - Throws: `OperatorError` `recipient.malformed`.
  static func recipient(
    _ text: String, name: String, isSize: (Int) -> Bool
  ) throws -> [UInt8] {
    do {
      return try Array(text.utf8).withBytes { (bytes) throws(Failure) in
        let decoded = try Bech32(decoding: bytes)
        guard decoded.name == name, isSize(decoded.bytes.count) else { throw .otherKind }
        return decoded.bytes.withBytes { $0.copied() }
      }
    } catch {
      throw malformed(recipient: text, error.reason)
    }
  }

  /// Checks a recipient of any name, whose bytes only a plugin knows.
  ///
  /// - Throws: `OperatorError` `recipient.malformed`.
  static func check(recipient text: String) throws {
    do {
      try Array(text.utf8).withBytes { (bytes) throws(Failure) in _ = try Bech32(decoding: bytes) }
    } catch {
      throw malformed(recipient: text, error.reason)
    }
  }

  /// The name that an identity is written under.
  ///
  /// - Throws: `OperatorError` `identity.malformed`, which never repeats the text.
  static func name(ofIdentity text: RawSpan) throws -> String {
    do {
      let decoded = try Bech32(decoding: text)
      return decoded.name
    } catch {
      throw OperatorError(
        "identity.malformed", .usage, "this is not an age identity: \(error.reason)",
        hint: "copy its line again, all of it")
    }
  }

  /// The 32 secret bytes of an identity that is written under a name.
  ///
  /// - Throws: `OperatorError` `identity.malformed`, which never repeats the text.
  static func identity(_ text: RawSpan, name: String) throws -> SecretBytes {
    do {
      return try secret(text, name)
    } catch {
      throw OperatorError(
        "identity.malformed", .usage, "this is not an age identity: \(error.reason)",
        hint: "copy the line that starts with \(name)1 again, all of it")
    }
  }

  /// Public bytes, written under a name.
  static func text(of bytes: [UInt8], name: String) -> String {
    let text = bytes.withBytes { encode(name: name, $0) }
    return text.withBytes { String(decoding: $0.copied(), as: UTF8.self) }
  }

  static func malformed(recipient text: String, _ reason: String) -> OperatorError {
    // What does not even begin like a recipient may be a secret: it is not repeated.
    let shown = text.utf8.count > 80 ? "\(text.prefix(24))…" : text
    let subject = text.hasPrefix("age1") ? shown : "this text"
    return OperatorError(
      "recipient.malformed", .usage, "\(subject) is not an age recipient: \(reason)",
      hint: "copy the line that starts with age1 again, all of it")
  }

  private static func secret(
    _ text: RawSpan, _ name: String
  ) throws(Failure) -> SecretBytes {
    let decoded = try Bech32(decoding: text)
    guard decoded.name == name, decoded.bytes.count == 32 else { throw .otherKind }
    return decoded.bytes.withBytes { SecretBytes(copying: $0) }
  }
}
