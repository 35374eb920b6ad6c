package import Repository
import Signatures
package import Vocabulary

/// What officers say they rewrapped of a host's objects, as far as it can be followed.
///
/// What an identity opens proves itself, so entries that do not hold are no reason to restore nothing, or to
/// save nothing tonight.
package enum OfficersWord: Sendable {
  case ledger(RewrapLedger)
  /// It does not hold: as if nobody had said anything.
  case broken(OperatorError)

  /// Reads the entries about a host's objects.
  ///
  /// - Parameters:
  ///   - store: the store.
  ///   - host: whose objects.
  ///   - officers: whose signatures count.
  /// - Throws: `rewraps.missing-entry` and the like, where somebody's word was to be taken and does not hold.
  init(in store: any BlobSource, of host: KeyID, trusting officers: [VerifyingKey] = []) throws {
    do {
      self = .ledger(try RewrapLedger(in: store, of: host, trusting: officers))
    } catch let error as OperatorError where error.status == .untrusted && officers.isEmpty {
      self = .broken(error)
    }
  }

  /// The entries; nil where they do not hold.
  package var ledger: RewrapLedger? {
    if case .ledger(let ledger) = self { ledger } else { nil }
  }

  /// Why they do not hold; nil where they do.
  package var problem: OperatorError? {
    if case .broken(let problem) = self { problem } else { nil }
  }
}
