/// Somebody a file can be encrypted to: a public key, or what stands for one.
package protocol Recipient: Sendable {
  /// Wraps a file key, usually in one stanza; throws where this recipient cannot be encrypted to.
  func wrap(_ fileKey: borrowing FileKey) throws -> WrappedFileKey
}

/// An identity that can be written down.
package protocol WrittenIdentity: KeyPair {
  /// Lends the identity as age writes it; the text is wiped after `body`.
  func withText(_ body: (RawSpan) throws -> Void) throws
}

/// A recipient that can be written down.
package protocol WrittenRecipient: Recipient {
  /// The recipient as age writes it.
  var text: String { get }
}

/// What a recipient makes of a file key.
package struct WrappedFileKey: Sendable {
  /// The label of what a quantum computer does not open; age's one public label.
  package static let postQuantum = "postquantum"

  /// What goes into the header.
  package let stanzas: [Stanza]
  /// What sets the recipient apart from those it must not share a file with.
  ///
  /// All recipients of a file have the same labels. Most kinds have none.
  package let labels: Set<String>

  package init(_ stanzas: [Stanza], labels: Set<String> = []) {
    self.stanzas = stanzas
    self.labels = labels
  }
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

/// An identity that knows whom to encrypt to so that it can open what comes of it.
package protocol KeyPair: Identity {
  /// The public half; throws where it can be had only by asking, and nobody answers.
  func publicHalf() throws -> any Recipient
}
