internal import SecretMemory
package import TrustedHardware
package import Vocabulary

/// A token of type `systemd-tpm2`: a secret sealed by a TPM, under a policy, that opens a keyslot.
///
/// Source: systemd, `src/shared/tpm2-util.c`, `tpm2_parse_luks2_json`, v252 to v261.
package struct SystemdTPM2Token: Sendable, Equatable, Encodable {
  /// PCRs sealed to by value, in ascending order.
  package let pcrs: [Int]
  /// The bank of all its PCRs; nil where the token leaves the choice to who opens it.
  package let bank: PCRBank?
  /// PCRs that a signed policy vouches for.
  package let publicKeyPCRs: [Int]
  /// The key that vouches for them, the PEM text as its file has it; nil where there is none.
  package let publicKey: [UInt8]?
  /// Whether a PIN is asked for.
  package let hasPIN: Bool
  /// What the PIN is salted with, which systemd 252 does not understand; nil where it is not.
  package let salt: [UInt8]?
  /// Whether the policy lies in an NV index that `systemd-pcrlock` keeps.
  package let isPCRLock: Bool
  /// Under which parent the secret is sealed.
  package let parent: TokenParent
  /// The policy digests, one a shard, in hexadecimal; several since systemd 257.
  package let policyHashes: [String]
  /// The sealed secrets, one a shard.
  package let blobs: [[UInt8]]

  /// Reads the token.
  ///
  /// - Returns: nil where a field that is needed is missing or of another form.
  package init?(_ json: [String: JSONValue]) {
    guard let pcrs = json["tpm2-pcrs"]?.pcrs, let hashes = json["tpm2-policy-hash"]?.texts,
      let blobs = json["tpm2-blob"]?.texts?.bytes,
      let publicKeyPCRs = (json["tpm2_pubkey_pcrs"] ?? .list([])).pcrs
    else { return nil }
    self.pcrs = pcrs
    self.publicKeyPCRs = publicKeyPCRs
    policyHashes = hashes.map { $0.lowercased() }
    switch json["tpm2-pcr-bank"] {
    case nil: bank = nil
    case .text(let name)?:
      guard let known = PCRBank(rawValue: name.lowercased()) else { return nil }
      bank = known
    default: return nil
    }
    hasPIN = json["tpm2-pin"] == .boolean(true)
    self.blobs = blobs
    do {
      salt = try json["tpm2_salt"]?.decoded()
      publicKey = try json["tpm2_pubkey"]?.decoded()
    } catch {
      return nil
    }
    isPCRLock = json["tpm2_pcrlock"] == .boolean(true)
    guard let parent = TokenParent(json) else { return nil }
    self.parent = parent
  }

  /// Whether the PIN is salted.
  package var isSalted: Bool { salt != nil }

  /// What must hold before the TPM gives the secret, in the order in which it is asked.
  package var policy: [PolicyPart] {
    var parts: [PolicyPart] = []
    if !publicKeyPCRs.isEmpty { parts.append(.signedPCRs) }
    if isPCRLock { parts.append(.pcrlock) }
    if !pcrs.isEmpty { parts.append(.pcrs) }
    if hasPIN { parts.append(.pin) }
    return parts
  }

  /// A part of a policy.
  package enum PolicyPart: String, Sendable, Codable {
    /// PCR values that a key has signed: PolicyAuthorize.
    case signedPCRs = "signed-pcrs"
    /// PCR values that an NV index holds: PolicyAuthorizeNV.
    case pcrlock
    /// The PCR values of the enrolment: PolicyPCR.
    case pcrs
    /// A PIN: PolicyAuthValue.
    case pin
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(pcrs, forKey: .pcrs)
    try fields.encode(bank, forKey: .bank)
    try fields.encode(policy, forKey: .policy)
    try fields.encode(publicKeyPCRs, forKey: .publicKeyPCRs)
    try fields.encode(hasPIN, forKey: .pin)
    try fields.encode(isSalted, forKey: .salted)
    try fields.encode(parent, forKey: .parent)
    try fields.encode(policyHashes, forKey: .policyHashes)
  }

  private enum Field: CodingKey {
    case pcrs, bank, policy, publicKeyPCRs, pin, salted, parent, policyHashes
  }
}

extension [String] {
  /// What they say in Base64; nil where one says nothing.
  fileprivate var bytes: [[UInt8]]? {
    let bytes = compactMap { Base64.decode($0, padding: .required) }
    return bytes.count == count ? bytes : nil
  }
}

extension JSONValue {
  /// What a text says in Base64.
  fileprivate func decoded() throws -> [UInt8] {
    guard case .text(let text) = self, let bytes = Base64.decode(text, padding: .required) else {
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not Base64"))
    }
    return bytes
  }

  /// Numbers of PCRs, in ascending order; nil where this is anything else.
  fileprivate var pcrs: [Int]? {
    guard case .list(let values) = self else { return nil }
    var indexes: Set<Int> = []
    for value in values {
      guard case .integer(let index) = value, (0..<24).contains(index) else { return nil }
      indexes.insert(index)
    }
    return indexes.sorted()
  }

  /// One text or several; nil where this is anything else.
  fileprivate var texts: [String]? {
    switch self {
    case .text(let text): return [text]
    case .list(let values):
      let texts = values.compactMap { if case .text(let text) = $0 { text } else { nil } }
      return texts.count == values.count && !texts.isEmpty ? texts : nil
    default: return nil
    }
  }
}
