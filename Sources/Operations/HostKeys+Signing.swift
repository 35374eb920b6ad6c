import Configuration
import LocalFiles
import SecretMemory
import Signatures
import SystemPackage
import Vocabulary

extension HostKeys {
  /// The host's signing key, read from its file, or opened where it lies sealed.
  ///
  /// - Parameters:
  ///   - configuration: names the file.
  ///   - opener: opens it where it lies sealed.
  /// - Returns: the key.
  /// - Throws: `keys.damaged`, `keys.not-sealed`, or what the opener throws.
  static func signingKey(
    _ configuration: CofferConfiguration, by opener: any HostKeyOpener
  ) throws -> SigningKey {
    let path = configuration.hostKey
    do {
      return try text(of: configuration, by: opener).withBytes { try SigningKey(parsing: $0) }
    } catch let error as SignatureError {
      throw OperatorError(
        "keys.damaged", .usage, "the host key \(path) cannot be used: \(error)",
        hint: "put the key back from a copy; with a new one the store's ledger starts anew")
    }
  }

  /// What only an officer makes is not there yet.
  static func requireSealed(_ configuration: CofferConfiguration) throws {
    let path = configuration.hostKey
    guard configuration.hostKeySeal != nil, !LocalPath(path).exists else { return }
    throw OperatorError(
      "keys.not-sealed", .usage, "there is no sealed host key \(path)",
      hint: "have 'coffer-backup init' make a key with a plain path as host_key, seal that by "
        + "'coffer-custody seal --purpose minisign-key --pcrs … --in KEY --out \(path)', and name the "
        + "sealed one then")
  }

  private static func text(
    of configuration: CofferConfiguration, by opener: any HostKeyOpener
  ) throws -> SecretBytes {
    guard let seal = configuration.hostKeySeal else {
      return try SecretFile.read(configuration.hostKey)
    }
    try requireSealed(configuration)
    return try opener.open(configuration.hostKey, seal)
  }
}
