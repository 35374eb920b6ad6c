import Dispatch
import SecretMemory
import Synchronization
package import Vocabulary

/// SHA-256 that is taken beside what else is done with the same bytes.
package final class ConcurrentDigest: Sendable {
  /// So much may wait to be hashed, that no memory grows where hashing is what takes longest.
  private static let mostWaiting = 8 << 20

  // Bytes may reach a hasher in one order only. One thread keeps up with all that workers hash.
  private static let order = DispatchQueue(label: "coffer.digests")
  private let hasher = Mutex<SHA256Hasher?>(SHA256Hasher())
  private let waiting = Mutex(0)
  /// Less is hashed at once where nothing waits: a worker would be longer about it.
  private static let small = 32 << 10

  /// What is known of a content whose runs come.
  private enum Runs {
    case none
    /// All that came, and its digest is known.
    case one(CheckedRun)
    case hashed
  }

  private let runs = Mutex(Runs.none)

  /// Starts with nothing hashed.
  package init() {}

  /// Takes the next run of checked content; one that is a chunk and all of the content is not hashed again.
  package func update(_ run: CheckedRun) {
    let before = runs.withLock { runs in
      defer {
        if case .none = runs, run.sha256 != nil { runs = .one(run) } else { runs = .hashed }
      }
      return runs
    }
    switch before {
    case .none where run.sha256 != nil: return
    case .one(let first): update(first.bytes)
    case .none, .hashed: break
    }
    update(run.bytes)
  }

  /// Takes the next bytes, and returns at once, unless many wait already.
  package func update(_ bytes: [UInt8]) {
    if bytes.count < Self.small, waiting.withLock({ $0 == 0 }) { return hash(bytes) }
    let isFull = waiting.withLock { waiting in
      waiting += bytes.count
      return waiting > Self.mostWaiting
    }
    Self.order.async { self.hash(bytes) }
    guard isFull else { return }
    Self.order.sync { waiting.withLock { $0 = 0 } }
  }

  /// Waits for the digest, which is asked for once; bytes that were hashed have none a second time.
  package func finish() -> SHA256Digest? {
    if case .one(let run) = runs.withLock({ $0 }) { return run.sha256 }
    if waiting.withLock({ $0 > 0 }) { Self.order.sync {} }
    return hasher.withLock { $0.take()?.finish() }
  }

  /// Takes bytes at once, where no others are on their way.
  func hash(_ bytes: [UInt8]) {
    hasher.withLock { hasher in
      guard var running = hasher.take() else { return }
      bytes.withBytes { running.update($0) }
      hasher = consume running
    }
  }
}
