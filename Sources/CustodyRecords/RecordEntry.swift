package import Vocabulary

/// One entry of the custody record; `docs/formats/custody-record.md`.
package struct RecordEntry: Sendable, Codable {
  /// Which program wrote it.
  package struct Tool: Sendable, Hashable, Codable {
    package let name: String
    package let version: String
  }

  static let type = "coffer-custody-record"
  static let format = 1

  package let type: String
  package let version: Int
  /// Its place, counted from 1.
  package let sequence: Int
  /// SHA-256 of the entry before it; nil for the first.
  package let previous: SHA256Digest?
  package let time: Timestamp
  package let who: Actor
  package let tool: Tool
  package let action: String
  package let subject: CustodyAction.Subject
  package let before: JSONValue
  package let after: JSONValue
  package let details: [String: JSONValue]
  package let digests: [String: SHA256Digest]
  package let outcome: CustodyAction.Outcome

  init(
    _ action: CustodyAction, sequence: Int, previous: SHA256Digest?, time: Timestamp, who: Actor,
    tool: Tool
  ) {
    type = Self.type
    version = Self.format
    (self.sequence, self.previous) = (sequence, previous)
    (self.time, self.who, self.tool) = (time, who, tool)
    (self.action, subject) = (action.action, action.subject)
    (before, after) = (action.before, action.after)
    (details, digests, outcome) = (action.details, action.digests, action.outcome)
  }

  /// Reads the bytes of an entry; nil where they are none of this version.
  init?(_ bytes: [UInt8]) {
    guard let entry = try? JSONDocument.decode(RecordEntry.self, from: bytes),
      entry.type == Self.type, entry.version == Self.format
    else { return nil }
    self = entry
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    type = try fields.decode(String.self, forKey: .type)
    version = try fields.decode(Int.self, forKey: .version)
    sequence = try fields.decode(Int.self, forKey: .sequence)
    previous = try fields.decodeIfPresent(SHA256Digest.self, forKey: .previous)
    time = try fields.decode(Timestamp.self, forKey: .time)
    who = try fields.decode(Actor.self, forKey: .who)
    tool = try fields.decode(Tool.self, forKey: .tool)
    action = try fields.decode(String.self, forKey: .action)
    subject = try fields.decode(CustodyAction.Subject.self, forKey: .subject)
    before = try fields.decodeIfPresent(JSONValue.self, forKey: .before) ?? .null
    after = try fields.decodeIfPresent(JSONValue.self, forKey: .after) ?? .null
    details = try fields.decode([String: JSONValue].self, forKey: .details)
    digests = try fields.decode([String: SHA256Digest].self, forKey: .digests)
    outcome = try fields.decode(CustodyAction.Outcome.self, forKey: .outcome)
  }

  /// Synthesised encoding would leave a missing `previous` out.
  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(type, forKey: .type)
    try fields.encode(version, forKey: .version)
    try fields.encode(sequence, forKey: .sequence)
    try fields.encode(previous, forKey: .previous)
    try fields.encode(time, forKey: .time)
    try fields.encode(who, forKey: .who)
    try fields.encode(tool, forKey: .tool)
    try fields.encode(action, forKey: .action)
    try fields.encode(subject, forKey: .subject)
    try fields.encode(before, forKey: .before)
    try fields.encode(after, forKey: .after)
    try fields.encode(details, forKey: .details)
    try fields.encode(digests, forKey: .digests)
    try fields.encode(outcome, forKey: .outcome)
  }

  private enum CodingKeys: CodingKey {
    case type, version, sequence, previous, time, who, tool, action, subject, before, after
    case details, digests, outcome
  }
}

/// An entry of the record, by which it can be found again.
package struct RecordHead: Sendable, Hashable, Codable {
  /// The entry's place, counted from 1.
  package let sequence: Int
  /// SHA-256 of the entry's bytes.
  package let sha256: SHA256Digest
}

/// An entry whose signature and place in the chain hold.
package struct VerifiedRecordEntry: Sendable {
  package let entry: RecordEntry
  package let head: RecordHead
}
