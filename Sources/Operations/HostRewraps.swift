import Repository
import SecretMemory
import Vocabulary

/// What officers rewrapped of a host's objects, as far as the host believes it.
///
/// A host knows no officer's key. It takes for true what somebody wrote who knows a compartment's chunk-id
/// key, and so can open it.
struct HostRewraps {
  /// Nil where what officers say does not hold: then what they rewrapped is stored again.
  let ledger: RewrapLedger?
  private var proven: [CompartmentName: [ObjectName: RewrapLedger.Generation]] = [:]

  /// Reads what concerns the compartments of a host.
  ///
  /// - Parameters:
  ///   - word: about the host's objects.
  ///   - seals: the compartments.
  ///   - keys: the host's.
  init(_ word: OfficersWord, sealed seals: [CompartmentSeal], _ keys: HostKeys) {
    ledger = word.ledger
    guard let ledger, ledger.head != nil else { return }
    for seal in seals {
      guard let own = keys.compartments[seal.name] else { continue }
      proven[seal.name] = ledger.proven(seal.name, under: KeyedHash(key: own.chunkIDKey))
    }
  }

  /// Whether an object may have this size, other than the one that the host signed for.
  func explains(_ size: Int?, of name: ObjectName) -> Bool {
    guard let size else { return false }
    return proven.values.contains { $0[name]?.facts.size == size }
  }

  /// Whether an object was rewrapped, last of all, for the recipients of a seal.
  func isSealed(_ name: ObjectName, under seal: CompartmentSeal) -> Bool {
    proven[seal.name]?[name]?.recipients == seal.recipients
  }

  /// Whether any object was.
  func hasAny(under seal: CompartmentSeal) -> Bool {
    proven[seal.name]?.values.contains { $0.recipients == seal.recipients } == true
  }

  /// Whether an object was rewrapped, last of all, for others than the recipients of a seal.
  func isSealed(_ name: ObjectName, otherwiseThan seal: CompartmentSeal) -> Bool {
    proven[seal.name]?[name].map { $0.recipients != seal.recipients } ?? false
  }
}
