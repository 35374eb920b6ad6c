package import SecretMemory
package import Signatures
package import Vocabulary

/// What an officer rewrapped of one compartment, and for whom.
package struct RewrappedCompartment: Sendable, Hashable, Codable {
  package let name: CompartmentName
  /// The mark of the recipients, as in `CompartmentSeal`.
  package let recipients: String
  /// The objects as they are since.
  package let objects: [ObjectRecord]
  /// A keyed hash over all of this, under the compartment's chunk-id key, in hexadecimal: the host, who
  /// knows no officer, sees by it that somebody wrote this who can open the compartment.
  package let proof: String

  /// Puts a compartment's part together.
  ///
  /// - Parameters:
  ///   - seal: for whom it is rewrapped; its chunk-id key's mark does not matter.
  ///   - objects: the objects as they are since.
  ///   - place: the entry that says so.
  ///   - key: the compartment's chunk-id key.
  package init(
    _ seal: CompartmentSeal, objects: [ObjectRecord], at place: RewrapPlace, under key: KeyedHash
  ) {
    (name, recipients, self.objects) = (seal.name, seal.recipients, objects)
    proof = Self.proof(seal.name, seal.recipients, objects, place, key)
  }

  /// Whether somebody wrote this who knows the compartment's chunk-id key.
  package func isProven(at place: RewrapPlace, under key: KeyedHash) -> Bool {
    let expected = Array(Self.proof(name, recipients, objects, place, key).utf8)
    return expected.withBytes { expected in
      Array(proof.utf8).withBytes { ConstantTime.equal(expected, $0) }
    }
  }

  private static func proof(
    _ name: CompartmentName, _ recipients: String, _ objects: [ObjectRecord],
    _ place: RewrapPlace, _ key: KeyedHash
  ) -> String {
    var hasher = SHA256Hasher()
    for object in objects {
      Array("\(object.name) \(object.size) \(object.sha256)\n".utf8).withBytes {
        hasher.update($0)
      }
    }
    let text = [
      "coffer rewrap", place.store, place.host, "\(place.sequence)", name.text, recipients,
      "\(hasher.finish())",
    ].joined(separator: "\n")
    return Hexadecimal.encode(Array(text.utf8).withBytes { key.hash($0) })
  }
}

/// Which entry about rewrapped objects something stands in.
package struct RewrapPlace: Sendable, Hashable {
  package let store: String
  /// Whose objects they are.
  package let host: String
  package let sequence: LedgerSequence

  package init(store: String, host: String, sequence: LedgerSequence) {
    (self.store, self.host, self.sequence) = (store, host, sequence)
  }
}

/// What an officer rewrapped of a host's objects: plain, signed, with the hash of the entry before.
package struct RewrapEntry: Sendable, ChainedEntry {
  package static let type = "coffer-rewrap-entry"

  package let type: String
  package let format: Int
  package let store: String
  /// Whose objects they are: the id of the host's key.
  package let host: String
  /// The id of the officer's key.
  package let officer: String
  package let sequence: LedgerSequence
  package let previous: SHA256Digest?
  /// By the officer's clock.
  package let time: Timestamp
  package let compartments: [RewrappedCompartment]

  package var signer: String { officer }
  package var place: RewrapPlace { RewrapPlace(store: store, host: host, sequence: sequence) }

  package init(
    at place: RewrapPlace, officer: KeyID, previous: SHA256Digest?, time: Timestamp,
    compartments: [RewrappedCompartment]
  ) {
    (type, format) = (Self.type, StoreFormat.version)
    (store, host, sequence) = (place.store, place.host, place.sequence)
    (self.officer, self.previous) = (officer.description, previous)
    (self.time, self.compartments) = (time, compartments)
  }

  /// Synthesised encoding would leave a missing `previous` out.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type, forKey: .type)
    try container.encode(format, forKey: .format)
    try container.encode(store, forKey: .store)
    try container.encode(host, forKey: .host)
    try container.encode(officer, forKey: .officer)
    try container.encode(sequence, forKey: .sequence)
    try container.encode(previous, forKey: .previous)
    try container.encode(time, forKey: .time)
    try container.encode(compartments, forKey: .compartments)
  }
}
