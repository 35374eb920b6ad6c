/// Somebody a file can be encrypted to: a public key, or what stands for one.
package protocol Recipient: Sendable {
  /// Wraps a file key, usually in one stanza; throws where this recipient cannot be encrypted to.
  func wrap(_ fileKey: borrowing FileKey) throws -> [Stanza]

  /// What sets this recipient apart from those it must not share a file with.
  ///
  /// All recipients of a file have the same labels; age has one that is public, "postquantum".
  var labels: Set<String> { get }
}

extension Recipient {
  /// None, as for most kinds.
  package var labels: Set<String> { [] }
}

/// What opens files: a secret key, or what stands for one.
package protocol Identity: Sendable {
  /// Unwraps the file key from whichever stanza is for this identity.
  ///
  /// - Returns: the file key, or nil where no stanza is for this identity. Stanzas of other kinds are
  ///   passed over.
  /// - Throws: where a stanza of this kind breaks its rules, which is no mere "not mine".
  func unwrap(_ stanzas: [Stanza]) throws -> FileKey?
}
