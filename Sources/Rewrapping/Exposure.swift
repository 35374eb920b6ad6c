package import Repository
package import Vocabulary

/// Somebody whom the policy leaves out, and the snapshots that he could have opened until now.
package struct Exposure: Sendable {
  /// The recipient as age writes it; nil for whoever it was, where a snapshot does not say.
  package let recipient: String?
  package let compartment: CompartmentName
  /// In the order of the ledger.
  package internal(set) var snapshots: [SnapshotID]
}

extension RewrapPlan {
  /// Takes in who could open a compartment of a snapshot, of those whom the policy leaves out.
  ///
  /// - Parameters:
  ///   - snapshot: the snapshot.
  ///   - compartment: the compartment.
  ///   - readers: who could open it, as age writes them; nil where it does not say.
  ///   - policy: who may.
  mutating func note(
    _ snapshot: SnapshotID, of compartment: CompartmentName, openTo readers: [String]?,
    but policy: [String]
  ) {
    let left = readers.map { Set($0).subtracting(policy).sorted().map { Optional($0) } } ?? [nil]
    for reader in left {
      let known = exposures.firstIndex {
        $0.recipient == reader && $0.compartment == compartment
      }
      if let known {
        exposures[known].snapshots.append(snapshot)
      } else {
        exposures.append(
          Exposure(recipient: reader, compartment: compartment, snapshots: [snapshot]))
      }
    }
  }
}
