import AgeFormat
package import Configuration
import LocalFiles
import Repository
import SecretMemory
package import Signatures
internal import SystemPackage
package import Vocabulary

/// All keys of a backed-up host: its signing key, and the keys of its compartments.
package struct HostKeys: Sendable {
  package let signing: SigningKey
  package let compartments: [CompartmentName: CompartmentKeys]

  /// Reads the keys that a configuration names.
  ///
  /// - Parameters:
  ///   - configuration: names the files.
  ///   - opener: opens a host key that lies sealed.
  /// - Returns: all of them.
  /// - Throws: `keys.missing` where `init` has not made one yet, and what a host key fails with.
  package static func load(
    _ configuration: CofferConfiguration, by opener: any HostKeyOpener
  ) throws -> HostKeys {
    let signing = try signingKey(configuration, by: opener)
    var compartments: [CompartmentName: CompartmentKeys] = [:]
    for compartment in configuration.compartments {
      let path = path(of: compartment.name, configuration)
      guard LocalPath(path).exists else {
        throw OperatorError(
          "keys.missing", .usage, "compartment '\(compartment.name)' has no key at \(path)",
          hint:
            "put a lost one back from a copy; 'coffer-backup init' makes the keys that are missing, "
            + "and all of their compartments is then stored again")
      }
      compartments[compartment.name] = try CompartmentKeys(
        parsing: SecretFile.read(path), called: path)
    }
    return HostKeys(signing: signing, compartments: compartments)
  }

  /// The compartments that have no key yet.
  static func missing(in configuration: CofferConfiguration) -> [CompartmentName] {
    configuration.compartments.map(\.name).filter { !LocalPath(path(of: $0, configuration)).exists }
  }

  /// Makes the keys that are missing; keeps all others.
  ///
  /// - Parameters:
  ///   - configuration: names the files.
  ///   - recipients: of the compartments, with whom their index identities share files.
  ///   - opener: opens a host key that lies sealed.
  /// - Returns: the files it made or added a key to.
  /// - Throws: `keys.damaged`, `keys.not-sealed`, and what a recipient throws that cannot be encrypted to.
  static func makeMissing(
    _ configuration: CofferConfiguration, for recipients: [CompartmentName: [any Recipient]],
    by opener: any HostKeyOpener
  ) throws -> [FilePath] {
    try requireSealed(configuration)
    do {
      let made = try make(configuration, for: recipients, by: opener)
      // Those that were there may be a killed run's, whose names no disk has yet.
      try DurableFile.syncFolder(configuration.hostKey.removingLastComponent())
      try DurableFile.syncFolder(configuration.compartmentKeys)
      return made
    } catch let problem as Errno {
      throw OperatorError(
        "keys.unwritable", .failed,
        "cannot write the keys beside \(configuration.hostKey): \(problem)",
        hint: "check that disk, then run 'coffer-backup init' again: it keeps what it made")
    }
  }

  private static func make(
    _ configuration: CofferConfiguration, for recipients: [CompartmentName: [any Recipient]],
    by opener: any HostKeyOpener
  ) throws -> [FilePath] {
    var made: [FilePath] = []
    try DurableFile.makeFolder(configuration.hostKey.removingLastComponent())
    if !LocalPath(configuration.hostKey).exists {
      let key = SigningKey.generate()
      try key.withText {
        try DurableFile.write($0, to: configuration.hostKey, taken: .refuse)
      }
      made.append(configuration.hostKey)
    }
    let signing = try signingKey(configuration, by: opener)
    if !LocalPath(configuration.hostPublicKey).exists {
      try Array(signing.verifyingKey.text.utf8).withBytes {
        try DurableFile.write(
          $0, to: configuration.hostPublicKey, mode: [.ownerReadWrite, .groupRead, .otherRead],
          taken: .refuse)
      }
      made.append(configuration.hostPublicKey)
    }
    try DurableFile.makeFolder(configuration.compartmentKeys)
    for compartment in configuration.compartments {
      let path = path(of: compartment.name, configuration)
      let readers = recipients[compartment.name] ?? []
      guard LocalPath(path).exists else {
        try CompartmentKeys(for: readers).withText {
          try DurableFile.write($0, to: path, taken: .refuse)
        }
        made.append(path)
        continue
      }
      let keys = try CompartmentKeys(parsing: SecretFile.read(path), called: path)
      guard try keys.indexRecipient(beside: readers) == nil else { continue }
      try CompartmentKeys(keys, andFor: readers).withText { try DurableFile.write($0, to: path) }
      made.append(path)
    }
    return made
  }

  /// What to say where a compartment's recipients became of another kind, classic or post-quantum.
  static func otherKind(_ compartment: CompartmentName) -> OperatorError {
    OperatorError(
      "keys.other-kind", .usage,
      "compartment '\(compartment)' has recipients of another kind than its index identity",
      hint: "'coffer-backup init' adds one of their kind")
  }

  /// Refuses a night whose indexes could not be sealed at its end.
  func check(_ plan: NightPlan) throws {
    for (compartment, recipients) in plan.recipients.sorted(by: { $0.key < $1.key }) {
      guard try compartments[compartment]?.indexRecipient(beside: recipients) != nil else {
        throw Self.otherKind(compartment)
      }
    }
  }

  /// The seals of a configuration's compartments: which keys and recipients they have now.
  func seals(of configuration: CofferConfiguration) -> [CompartmentSeal] {
    configuration.compartments.compactMap { compartment in
      compartments[compartment.name].map {
        CompartmentSeal(
          compartment.name, chunkIDKey: $0.chunkIDKey, recipients: compartment.recipients)
      }
    }
  }

  static func path(
    of compartment: CompartmentName, _ configuration: CofferConfiguration
  ) -> FilePath {
    configuration.compartmentKeys.appending("\(compartment).key")
  }
}
