package import Repository
import SecretMemory
package import Signatures
import Vocabulary

/// A keeper's signed word on which snapshots he let go of, for another keeper: `docs/formats/volumes.md`.
package struct RemovalNotice: Sendable, Hashable {
  /// Whose word it claims to be; `isSigned(by:)` tells.
  package let keeper: KeyID
  /// The store's id.
  package let store: String
  /// What is gone, in the order of hosts and ledgers.
  package let snapshots: [SnapshotPlace]
  private let signature: String

  /// Signs what a keeper's entries say is gone; nil where nothing is, or the keeper has no key yet.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - folder: the keeper's.
  /// - Throws: what is wrong with his key or entries.
  package init?(in store: any BlobStore, of folder: KeeperFolder) throws {
    guard let key = try KeeperKey(in: folder).load(),
      let gone = try KeeperRecord.ledger(in: store, of: folder)?.book.gone, !gone.isEmpty
    else { return nil }
    try self.init(
      gone.keys.sorted(), in: StoreFormat.load(from: store).store, signedWith: key)
  }

  /// Signs that snapshots of a store, named by its id, are gone.
  ///
  /// - Throws: nothing that a keeper's key and a store's id can cause.
  package init(
    _ snapshots: [SnapshotPlace], in store: String, signedWith key: SigningKey
  ) throws {
    (self.store, self.snapshots) = (store, snapshots)
    keeper = key.verifyingKey.keyID
    let text = Self.text(store, keeper, snapshots)
    signature = try Array(text.utf8).withBytes {
      try key.sign($0, trustedComment: Self.title(store, key.verifyingKey.keyID))
    }
  }

  /// Whether a key's owner signed it.
  package func isSigned(by key: VerifyingKey) -> Bool {
    let text = Array(Self.text(store, keeper, snapshots).utf8)
    return (try? text.withBytes { try key.verify(signature, of: $0) }) != nil
  }

  /// The first line, which no entry of a keeper begins with.
  private static func title(_ store: String, _ keeper: KeyID) -> String {
    "coffer removals, store \(store), keeper \(keeper)"
  }

  private static func text(_ store: String, _ keeper: KeyID, _ snapshots: [SnapshotPlace]) -> String
  {
    let lines = snapshots.map { "\($0.host) \($0.sequence.number) \($0.snapshot)\n" }
    return title(store, keeper) + "\n" + lines.joined()
  }
}

extension RemovalNotice: Codable {
  private enum Key: String, CodingKey { case text, signature }

  /// Reads a notice; whether anybody signed it is not looked at.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let text = try container.decode(String.self, forKey: .text)
    signature = try container.decode(String.self, forKey: .signature)
    let lines = text.split(separator: "\n")
    let words = lines.first?.split(separator: " ") ?? []
    let snapshots = lines.dropFirst().compactMap { line -> SnapshotPlace? in
      let words = line.split(separator: " ").map(String.init)
      guard words.count == 3, let host = KeyID(words[0]), let number = Int(words[1]), number > 0,
        let snapshot = SnapshotID(words[2])
      else { return nil }
      return SnapshotPlace(host: host, sequence: LedgerSequence(number), snapshot: snapshot)
    }
    guard words.count == 6, let keeper = KeyID(String(words[5])),
      case let store = String(words[3].dropLast()), Self.text(store, keeper, snapshots) == text
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .text, in: container, debugDescription: "not a list of removals as keepers write it"
      )
    }
    (self.keeper, self.store, self.snapshots) = (keeper, store, snapshots)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(Self.text(store, keeper, snapshots), forKey: .text)
    try container.encode(signature, forKey: .signature)
  }
}
