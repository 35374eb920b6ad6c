import SecretMemory
import Synchronization
import Vocabulary

@testable import Repository

/// A store whose writer dies at a chosen change: before it is made, or right after.
final class CrashingStore: BlobStore {
  /// What a death looks like to the proofs.
  struct Death: Error {}

  private let store: any BlobStore
  private let left = Mutex<Int?>(nil)

  init(_ store: any BlobStore) {
    self.store = store
  }

  /// Dies at the change after so many; nil for a long life.
  func die(after changes: Int?) { left.withLock { $0 = changes } }

  private func change(_ body: () throws -> Void) throws {
    let now = left.withLock { left -> Int? in
      guard let count = left else { return nil }
      left = max(0, count - 1)
      return count
    }
    if now == 0 { throw Death() }
    try body()
    if now == 1 {
      left.withLock { $0 = 0 }
      throw Death()
    }
  }

  var location: String { store.location }

  func prepareForWriting() throws -> any WriterLease { try store.prepareForWriting() }

  func put(_ name: ObjectName, _ bytes: RawSpan) throws {
    let bytes = bytes.copied()
    try change { try bytes.withBytes { try store.put(name, $0) } }
  }

  func stage(
    _ write: (_ take: @escaping @Sendable (RawSpan) throws -> Void) throws -> Void
  ) throws -> any StagedObject {
    Staged(object: try store.stage(write), store: self)
  }

  /// An object whose naming is a change.
  private struct Staged: StagedObject {
    let object: any StagedObject
    let store: CrashingStore

    func keep(as name: ObjectName) throws { try store.change { try object.keep(as: name) } }
    func keep(inPlaceOf name: ObjectName) throws {
      try store.change { try object.keep(inPlaceOf: name) }
    }
  }

  func putTogether(_ objects: [(name: ObjectName, bytes: [UInt8])]) throws {
    for object in objects { try change { try store.putTogether([object]) } }
  }

  func read(_ name: ObjectName, _ range: Range<Int>?) throws -> [UInt8] {
    try store.read(name, range)
  }

  func stream(_ name: ObjectName, _ consume: (RawSpan) throws -> Void) throws {
    try store.stream(name, consume)
  }

  func size(of name: ObjectName) throws -> Int? { try store.size(of: name) }

  func list(_ folder: String) throws -> [String] { try store.list(folder) }

  func remove(_ name: ObjectName) throws { try change { try store.remove(name) } }
}
