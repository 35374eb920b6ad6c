import Dispatch
package import Keeping
import LocalFiles
import Repository
import Signatures
import Stores
import Synchronization
package import SystemPackage
package import Vocabulary

/// Receipts for what comes in over one connection, signed while it comes in, so that the time of a receipt is that
/// of the arrival.
///
/// Nobody waits for them, and nothing fails with them: what has no receipt yet gets it from whichever verb of the
/// keeper looks next. A connection costs the keeper's chain two entries at most, whatever a host sends over it.
package final class ArrivalReceipts: Sendable {
  /// What to do where the keeper has no key yet.
  package enum KeyRule: Sendable {
    /// Make it.
    case make
    /// Make no receipts.
    case require
  }

  private enum State {
    case nothingCame
    /// A receipt is made, or being made, for all that came.
    case seen
    /// Something came that has none.
    case due
  }

  /// How long another run of the keeper may hold his lock before this one gives up.
  private static let patience = Duration.seconds(5)

  private let store: FilePath
  private let keeper: KeeperFolder
  private let rule: KeyRule
  private let failed: @Sendable (OperatorError) -> Void
  private let state = Mutex(State.nothingCame)
  private let queue = DispatchQueue(label: "coffer.receipts")

  /// Prepares to sign; nothing is read yet.
  ///
  /// - Parameters:
  ///   - store: the store's folder.
  ///   - keeper: the keeper's folder; where it is not this account's, no receipts are made, for what is written
  ///     to it could lock the keeper's own account out.
  ///   - rule: what to do without a key.
  ///   - failed: hears why there is no receipt, where no other run is the reason.
  package init(
    in store: FilePath, of keeper: KeeperFolder, withoutKey rule: KeyRule,
    failed: @escaping @Sendable (OperatorError) -> Void
  ) {
    (self.store, self.keeper, self.rule, self.failed) = (store, keeper, rule, failed)
  }

  /// Hears that an entry is in the store; returns at once.
  package func entryCame() {
    let isFirst = state.withLock { state in
      defer { state = state == .nothingCame ? .seen : .due }
      return state == .nothingCame
    }
    if isFirst { queue.async { self.receive() } }
  }

  /// Waits for what is under way, and makes the receipts that are due.
  package func connectionEnded() {
    queue.sync {
      guard state.withLock({ $0 }) == .due else { return }
      receive()
    }
  }

  private func receive() {
    guard keeper.isOurs else { return }
    do {
      let lock = try keeper.lock(within: Self.patience)
      try sign()
      lock.release()
    } catch let error as OperatorError where error.status == .locked {
      state.withLock { $0 = .due }
    } catch {
      failed(
        error as? OperatorError
          ?? OperatorError("unexpected", .failed, "no receipt was made: \(error)"))
    }
  }

  private func sign() throws {
    if case .require = rule, try KeeperKey(in: keeper).load() == nil { return }
    let store = DirectoryStore(store, writer: "keeper")
    let lease = try store.prepareForWriting()
    defer { lease.release() }
    var record = try KeeperRecord(in: store, of: keeper)
    _ = try Reception(in: store, of: KnownHosts(in: keeper)).receive(into: &record)
  }
}
