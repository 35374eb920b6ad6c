package import MeasuredBoot
internal import SecretMemory
package import TrustedHardware
package import Vocabulary

/// What a TPM was asked for a volume's sake.
package struct TPMState: Sendable {
  /// Who made it, and how far it is from a lockout.
  package let properties: TPMProperties
  /// The banks that are allocated, with their PCRs.
  package let banks: [PCRBank: [Int]]
  /// The live values of the PCRs that the volume's tokens name.
  package let values: [PCRBank: [Int: [UInt8]]]
  private let signatures: PCRSignatureFile?

  /// Asks a TPM.
  ///
  /// - Parameters:
  ///   - tpm: whom.
  ///   - volume: for whose sake.
  ///   - signatures: by which signed policies are judged; nil where there are none.
  /// - Throws: `OperatorError` `tpm.failed`.
  package init(
    of tpm: borrowing TPMConnection, for volume: Volume, signatures: PCRSignatureFile? = nil
  ) throws {
    self.signatures = signatures
    properties = try tpm.properties()
    let banks = try tpm.banks()
    self.banks = banks
    var wanted: [PCRBank: Set<Int>] = [:]
    for token in volume.tokens.compactMap(\.tpm2) {
      let bank = Self.bank(of: token, among: banks)
      wanted[bank, default: []].formUnion(token.pcrs + token.publicKeyPCRs)
    }
    var values: [PCRBank: [Int: [UInt8]]] = [:]
    for (bank, indexes) in wanted {
      values[bank] = try tpm.read(indexes.intersection(banks[bank] ?? []), of: bank)
    }
    self.values = values
  }

  /// The live values one by one, by bank and index.
  package var pcrs: [(bank: PCRBank, index: Int, value: [UInt8])] {
    values.sorted { $0.key < $1.key }.flatMap { bank, values in
      values.sorted { $0.key < $1.key }.map { (bank, $0.key, $0.value) }
    }
  }

  /// The bank whose PCRs a token means.
  ///
  /// Where it names none, systemd takes SHA-256, or SHA-1 where the TPM has no other.
  package func bank(of token: SystemdTPM2Token) -> PCRBank { Self.bank(of: token, among: banks) }

  /// Whether the PCRs now are those that a token was sealed to, or that its key has signed; nil where
  /// that cannot be told: no signatures are at hand, or an NV index would have to be asked.
  package func matches(_ token: SystemdTPM2Token) -> Bool? {
    guard !token.isPCRLock, token.policyHashes.count == 1 else { return nil }
    let bank = bank(of: token)
    var policy = PolicyDigest()
    if !token.publicKeyPCRs.isEmpty {
      guard let signatures, let pem = token.publicKey,
        let key = try? RSAPublicKey(pem: pem, of: "the token")
      else { return nil }
      let signed = (values[bank] ?? [:]).filter { token.publicKeyPCRs.contains($0.key) }
      guard signatures.policy(over: signed, of: bank, by: key) != nil else { return false }
      policy.authorize(keyName: RSAKeyName(modulus: key.modulus).bytes)
    }
    let live = (values[bank] ?? [:]).filter { token.pcrs.contains($0.key) }
    guard live.count == token.pcrs.count else { return false }
    if !live.isEmpty { policy.requirePCRs(live, of: bank) }
    if token.hasPIN { policy.requireAuthValue() }
    return Hexadecimal.encode(policy.bytes) == token.policyHashes[0]
  }

  static func bank(of token: SystemdTPM2Token, among banks: [PCRBank: [Int]]) -> PCRBank {
    token.bank ?? (banks[.sha256] == nil && banks[.sha1] != nil ? .sha1 : .sha256)
  }
}

/// The TPM that a status is about, or why there is none.
package enum TPMAnswer: Sendable {
  case state(TPMState)
  /// None answered, and this is why.
  case none(OperatorError)

  /// Its state; nil where none answered.
  package var state: TPMState? {
    if case .state(let state) = self { state } else { nil }
  }
}
