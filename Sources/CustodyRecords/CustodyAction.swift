package import Vocabulary

/// Something that was done to a key, as it is handed to the record; it holds no secret.
package struct CustodyAction: Sendable {
  /// What it was done to.
  package struct Subject: Sendable, Hashable, Codable {
    /// The path that was named.
    package let device: String?
    /// The UUID of the volume.
    package let uuid: String?

    package init(device: String?, uuid: String?) {
      self.device = device
      self.uuid = uuid
    }
  }

  /// How it ended.
  package enum Outcome: String, Sendable, Codable {
    /// Done and checked.
    case done
    /// Begun; another entry says how it ended.
    case begun
    /// Tried, and it failed.
    case failed
    /// Taken back: all is as it was before.
    case rolledBack = "rolled-back"
  }

  /// What was done, `luks.enroll` for example.
  package let action: String
  /// What it was done to.
  package let subject: Subject
  /// What mattered of it before; null where nothing did.
  package let before: JSONValue
  /// What mattered of it after that.
  package let after: JSONValue
  /// What else should be known; never a secret.
  package let details: [String: JSONValue]
  /// SHA-256 digests by what they are of.
  package let digests: [String: SHA256Digest]
  /// How it ended.
  package let outcome: Outcome

  package init(
    _ action: String, on subject: Subject, before: JSONValue = .null, after: JSONValue = .null,
    details: [String: JSONValue] = [:], digests: [String: SHA256Digest] = [:],
    outcome: Outcome = .done
  ) {
    self.action = action
    self.subject = subject
    self.before = before
    self.after = after
    self.details = details
    self.digests = digests
    self.outcome = outcome
  }
}
