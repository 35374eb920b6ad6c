import Keeping
import OperatorConsole
import Repository
import Stores
import SystemPackage
import Vocabulary

/// A rewrapping that was killed once its entry was signed: some objects still wait to take their places.
///
/// No key is needed to end it, for the entry says what each object must be.
struct CutOffRewrapping {
  private let store: any BlobStore
  private let hosts: KnownHosts
  private let staging: RewrapStaging

  init(in store: any BlobStore, of hosts: KnownHosts, _ options: KeeperOptions) {
    (self.store, self.hosts) = (store, hosts)
    staging = RewrapStaging(of: FilePath(options.store))
  }

  /// Puts in place what known officers vouch for.
  ///
  /// The caller has the keeper's right to write.
  ///
  /// - Throws: `run.locked` where an officer is at work; what the store fails with.
  func end(_ console: Console) throws {
    guard try !staging.folder.objects().isEmpty else { return }
    let lease = try staging.prepareForWriting()
    defer { lease.release() }
    let count = try staging.settle(by: .knownOfficers, of: ledgers())
    if count > 0 {
      console.tell("ended a rewrapping that was cut off: \(count) objects took their places")
    }
  }

  /// The objects that wait, whoever signed for them.
  func waiting() throws -> Set<ObjectName> {
    guard try !staging.folder.objects().isEmpty else { return [] }
    return Set(try staging.ready(by: .anybodys, of: ledgers()))
  }

  /// What is to be said where some wait still.
  static func error(_ count: Int) -> OperatorError {
    OperatorError(
      "scrub.rewrapping-cut-off", .partly,
      "a rewrapping was cut off: \(count) objects still have their old headers, and the new ones wait",
      hint: "'coffer-store scrub --repair' ends it, where the officer's key is known (--officer), "
        + "and so does the officer's next 'coffer-custody recipients rewrap'")
  }

  /// Entries that hold; what is wrong with others is told where holdings are read.
  private func ledgers() throws -> [RewrapLedger] {
    let officers = try hosts.officers()
    return try RewrapLedger.hosts(in: store).compactMap { host in
      do {
        return try RewrapLedger(in: store, of: host, trusting: officers)
      } catch let error as OperatorError where error.status == .untrusted {
        return nil
      }
    }
  }
}
