import Configuration
import LocalFiles
import SealedSecrets
import SecretMemory
import Signatures
import SystemPackage
import TrustedHardware
import Vocabulary

extension HostKeys {
  /// The host's signing key, read from its file or opened by the TPM.
  ///
  /// - Throws: `keys.damaged`, `keys.not-sealed`, `keys.sealed-with-pin`, or what sealed secrets and
  ///   TPMs fail with.
  static func signingKey(_ configuration: CofferConfiguration) throws -> SigningKey {
    let path = configuration.hostKey
    do {
      return try text(of: configuration).withBytes { try SigningKey(parsing: $0) }
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

  private static func text(of configuration: CofferConfiguration) throws -> SecretBytes {
    guard let seal = configuration.hostKeySeal else {
      return try SecretFile.read(configuration.hostKey)
    }
    try requireSealed(configuration)
    let sealed = try SealedSecret(from: configuration.hostKey)
    guard !sealed.header.hasPIN else { throw asksForPIN(configuration.hostKey) }
    return try sealed.open(by: TPMAddress(seal.tcti ?? TPMConnection.defaultTCTI)) {
      throw asksForPIN(configuration.hostKey)
    }
  }

  private static func asksForPIN(_ path: FilePath) -> OperatorError {
    OperatorError(
      "keys.sealed-with-pin", .usage,
      "the sealed host key \(path) asks for a PIN, and nobody is there at night to type it",
      hint: "seal it without one: 'coffer-custody seal' with PCRs and no --pin")
  }
}
