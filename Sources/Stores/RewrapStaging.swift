package import Repository
package import SystemPackage
import Vocabulary

/// Where objects with new headers wait until an entry names them, and from where they take their places:
/// `.tmp/officer/rewrapped` of a store.
///
/// A rewrapping that was killed after its entry leaves some of them there. Whoever goes on needs no key:
/// the entry says what each must be.
package struct RewrapStaging: Sendable {
  /// Whose temporary files an officer's are.
  package static let writer = "officer"

  /// Whose word says what an object is to be.
  package enum Word: Sendable {
    /// Any entry's.
    case anybodys
    /// That of entries which a known officer signed.
    case knownOfficers
  }

  /// The objects that wait.
  package let folder: DirectoryStore
  private let store: DirectoryStore

  /// Names the place; nothing is looked at yet.
  ///
  /// - Parameter root: the store's folder.
  package init(of root: FilePath) {
    store = DirectoryStore(root, writer: Self.writer)
    folder = DirectoryStore(
      root.appending(".tmp").appending(Self.writer).appending("rewrapped"), writer: "staging")
  }

  /// Takes an officer's right to write.
  ///
  /// - Throws: `run.locked` where an officer is at work.
  package func prepareForWriting() throws -> any WriterLease { try store.prepareForWriting() }

  /// What waits to replace an object that is there, and is exactly what the newest entry that names it
  /// says.
  ///
  /// - Parameters:
  ///   - word: whose entries count.
  ///   - ledgers: of all hosts of the store.
  /// - Returns: the names of such objects.
  /// - Throws: `store.failed`.
  package func ready(by word: Word, of ledgers: [RewrapLedger]) throws -> [ObjectName] {
    try folder.objects().filter { name in
      // What a keeper removed meanwhile does not come back.
      guard try store.size(of: name) != nil else { return false }
      return ledgers.contains { ledger in
        guard let generation = ledger[name], word == .anybodys || generation.isVouchedFor else {
          return false
        }
        return (try? ObjectCheck.run(name, generation.facts, in: folder)) != nil
      }
    }
  }

  /// Puts what is ready in its place, durably.
  ///
  /// The caller has an officer's right to write.
  ///
  /// - Returns: how many objects that were.
  /// - Throws: as `ready` and `replace`; each object is the old or the new one then.
  @discardableResult
  package func settle(by word: Word, of ledgers: [RewrapLedger]) throws -> Int {
    let ready = try ready(by: word, of: ledgers)
    if !ready.isEmpty { try store.replace(ready, from: folder) }
    return ready.count
  }

  /// Removes all that waits.
  ///
  /// - Throws: `store.failed`.
  package func clear() throws {
    for name in try folder.objects() { try folder.remove(name) }
  }
}
