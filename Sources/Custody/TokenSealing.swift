package import SecretMemory
package import TrustedHardware
internal import Vocabulary

/// What a token is sealed to: a profile, PCRs with the values that are meant, a PIN or none.
package struct TokenSealing: Sendable {
  /// For which systemd it is written.
  package let profile: TokenProfile
  /// The bank of the PCRs.
  package let bank: PCRBank
  /// The values sealed to, by index; empty where a PIN is all.
  package let values: [Int: [UInt8]]
  /// PCRs that a key vouches for; nil for none.
  package let signed: SignedPCRs?
  /// Whether a PIN is asked for.
  package let hasPIN: Bool

  package init(
    profile: TokenProfile, bank: PCRBank, values: [Int: [UInt8]], signed: SignedPCRs? = nil,
    hasPIN: Bool
  ) {
    self.profile = profile
    self.bank = bank
    self.values = values
    self.signed = signed
    self.hasPIN = hasPIN
  }

  /// The policy's digest, worked out here; the TPM's own is compared when it is opened.
  var policy: PolicyDigest {
    var policy = PolicyDigest()
    if let signed { policy.authorize(keyName: RSAKeyName(modulus: signed.key.modulus).bytes) }
    if !values.isEmpty { policy.requirePCRs(values, of: bank) }
    if hasPIN { policy.requireAuthValue() }
    return policy
  }

  /// Seals a new random secret, and writes the token of a keyslot.
  ///
  /// - Parameters:
  ///   - keyslot: which the secret will open.
  ///   - tpm: who seals.
  ///   - pin: asked for only where there is one.
  /// - Returns: the token, and the keyslot's passphrase: the secret of 32 bytes in Base64.
  /// - Throws: `OperatorError` of the kinds that TPMs fail with.
  func seal(
    for keyslot: Int, by tpm: borrowing TPMConnection, pin: () throws -> PIN
  ) throws -> SealedKeyslot {
    let secret = SecretBytes.random(count: 32)
    let parent = try profile.parent(in: tpm)
    let salt = hasPIN && profile.salts ? Randomness.bytes(count: 32) : nil
    let blob: [UInt8]
    if hasPIN {
      blob = try tpm.seal(
        secret, policy: policy, authorization: pin().authorization(salt: salt), under: parent)
    } else {
      blob = try tpm.seal(
        secret, policy: policy, authorization: AuthorizationValue(), under: parent)
    }
    return SealedKeyslot(
      token: token(blob, parent, salt, keyslot: keyslot),
      passphrase: secret.withBytes { Base64.encodeSecret($0, padding: .required) })
  }

  /// Source: systemd 252, `src/shared/tpm2-util.c`, `tpm2_make_luks2_json`; 253 and 254 for
  /// `tpm2_salt` and `tpm2_srk`.
  private func token(
    _ blob: [UInt8], _ parent: StorageParent, _ salt: [UInt8]?, keyslot: Int
  ) -> JSONValue {
    var fields: [String: JSONValue] = [
      "type": .text("systemd-tpm2"),
      "keyslots": .list([.text(String(keyslot))]),
      "tpm2-blob": .text(Base64.encode(blob, padding: .required)),
      "tpm2-pcrs": .list(values.keys.sorted().map { .integer($0) }),
      "tpm2-pcr-bank": .text(bank.rawValue),
      "tpm2-primary-alg": .text("ecc"),
      "tpm2-policy-hash": .text(Hexadecimal.encode(policy.bytes)),
      "tpm2-pin": .boolean(hasPIN),
    ]
    if let signed {
      fields["tpm2_pubkey_pcrs"] = .list(signed.pcrs.sorted().map { .integer($0) })
      fields["tpm2_pubkey"] = .text(Base64.encode(signed.pem, padding: .required))
    }
    if let salt { fields["tpm2_salt"] = .text(Base64.encode(salt, padding: .required)) }
    if case .persistent(let reference) = parent {
      fields["tpm2_srk"] = .text(Base64.encode(reference, padding: .required))
    }
    return .object(fields)
  }
}

/// PCRs, and the key whose signature vouches for their values.
package struct SignedPCRs: Sendable {
  /// The PCRs; at least one.
  package let pcrs: Set<Int>
  /// The key.
  package let key: RSAPublicKey
  /// The text of its file, which the token has whole.
  let pem: [UInt8]

  /// - Parameters:
  ///   - pcrs: at least one.
  ///   - pem: the key, `-----BEGIN PUBLIC KEY-----`.
  ///   - source: where it was read from, for the error.
  /// - Throws: `OperatorError` `policy-key.unusable`.
  package init(_ pcrs: Set<Int>, signedBy pem: [UInt8], of source: String) throws {
    self.pcrs = pcrs
    self.pem = pem
    key = try RSAPublicKey(pem: pem, of: source)
  }
}

/// A token, and what opens its keyslot.
struct SealedKeyslot: ~Copyable {
  let token: JSONValue
  let passphrase: SecretBytes
}
