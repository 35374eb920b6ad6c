import AgeFormat
package import Repository
import SecretMemory
package import Vocabulary

/// What is to be rewrapped: every object of a snapshot that is kept and not for the policy's recipients
/// yet.
package struct RewrapPlan: Sendable {
  /// The objects of a compartment that were stored under one chunk-id key.
  package struct Part: Sendable {
    /// For whom they are to be.
    let seal: CompartmentSeal
    let readers: RewrapPolicy.Readers
    /// The host's own recipient, of indexes.
    let host: (any Recipient)?
    let key: KeyedHash
    package internal(set) var objects: [ObjectName] = []

    package var compartment: CompartmentName { seal.name }
  }

  package internal(set) var parts: [Part] = []
  package internal(set) var exposures: [Exposure] = []
  /// Compartments of the policy that no identity opens.
  package internal(set) var sealed: [CompartmentName] = []
  /// What cannot be rewrapped, for it is missing or damaged.
  package internal(set) var problems: [OperatorError] = []
  /// How many objects are for the policy's recipients already.
  package internal(set) var current = 0

  /// How many objects are to be rewrapped.
  package var count: Int { parts.reduce(0) { $0 + $1.objects.count } }
}
