package import SecretMemory
package import TrustedHardware
internal import Vocabulary

extension SealedSecret {
  /// Has the TPM give the key, and decrypts the secret.
  ///
  /// - Parameters:
  ///   - tpm: connected to anew.
  ///   - pin: asked for only where there is one.
  /// - Returns: the secret, byte for byte as it was sealed.
  /// - Throws: `OperatorError` `tpm.policy` where PCRs have changed, `counter.passed` where it was
  ///   sealed anew since, `tpm.lockout-near` where a wrong PIN would lock the TPM, `sealed.damaged`,
  ///   or what the TPM fails with.
  package func open(
    by tpm: TPMAddress, pin: () throws -> PIN
  ) throws -> SecretBytes {
    let tpm = try tpm.connect()
    if header.hasPIN { try tpm.properties().lockout.requireTry() }
    try requirePCRs(of: tpm)
    let parent = StorageParent.persistent(reference: header.parent)
    let key: SecretBytes
    if let salt = header.salt {
      key = try tpm.unseal(
        header.blob, under: parent, steps: header.steps, digest: header.policy.bytes,
        authorization: pin().authorization(salt: salt))
    } else {
      key = try tpm.unseal(
        header.blob, under: parent, steps: header.steps, digest: header.policy.bytes,
        authorization: AuthorizationValue())
    }
    return try decrypt(with: key)
  }

  /// How many times the counter must move before the file that this one replaces is closed; 0 where
  /// all is done or it has no counter.
  package func outstanding(in tpm: TPMAddress) throws -> Int {
    guard let limit = header.counter else { return 0 }
    let now = try tpm.connect()
      .value(of: limit.counter, under: .persistent(reference: header.parent))
    return limit.value > now ? Int(clamping: limit.value - now) : 0
  }

  /// The policy would say only that something is not as it was.
  private func requirePCRs(of tpm: borrowing TPMConnection) throws {
    guard let bank = header.bank else { return }
    let live = try tpm.read(Set(header.values.keys), of: bank)
    let changed = header.values.filter { live[$0.key] != $0.value }.keys.sorted()
    guard changed.isEmpty else {
      throw OperatorError(
        "tpm.policy", .mismatch,
        "PCR \(changed.map(String.init).joined(separator: ", ")) of the \(bank.rawValue) bank is not "
          + "what the secret was sealed to, so the TPM would not give it",
        hint: "was that a wanted update? then seal it anew, from the copy that is kept elsewhere: "
          + "'coffer-custody seal --replace'")
    }
  }

  private func decrypt(with key: borrowing SecretBytes) throws -> SecretBytes {
    guard key.count == Self.keySize else { throw Self.damaged("the sealed secret") }
    var cipher = ChaCha20Poly1305(key: key)
    var isWhole = false
    let secret = SecretBytes(count: ciphertext.count - ChaCha20Poly1305.tagSize) { secret in
      isWhole = ciphertext.withBytes { ciphertext in
        preamble.withBytes {
          cipher.open(ciphertext, nonce: Self.nonce, with: $0, into: &secret)
        }
      }
    }
    guard isWhole else { throw Self.damaged("the sealed secret") }
    return secret
  }

  /// A key seals one secret, so that one nonce is enough.
  private static let nonce = InlineArray<12, UInt8>(repeating: 0)

  static func encrypt(
    _ secret: borrowing SecretBytes, with key: borrowing SecretBytes, beside preamble: [UInt8]
  ) -> [UInt8] {
    var cipher = ChaCha20Poly1305(key: key)
    return [UInt8](count: secret.count + ChaCha20Poly1305.tagSize) { output in
      secret.withBytes { secret in
        preamble.withBytes { cipher.seal(secret, nonce: nonce, with: $0, into: &output) }
      }
    }
  }
}
