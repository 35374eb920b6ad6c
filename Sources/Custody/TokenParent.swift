internal import SecretMemory
package import TrustedHardware
internal import Vocabulary

/// The key of the TPM under which a token's secret is sealed.
///
/// A pinned parent is known by its name, so that a TPM in between that plays another is found out.
package enum TokenParent: Sendable, Equatable, Encodable {
  /// Made anew each time from a template, as systemd before 254 does; nothing is pinned.
  ///
  /// The kind is `ecc` or `rsa`.
  case legacyPrimary(kind: String)
  /// Persistent in the TPM, its name pinned by the token.
  ///
  /// `name` is the hash of its public area, with the hash's number before it; `reference` is what
  /// the token holds of it.
  case pinned(handle: UInt32, name: [UInt8], kind: String, reference: [UInt8])

  /// The handle of the storage root key (TCG TPM v2.0 Provisioning Guidance 1.0, section 7.8).
  package static let storageRootKeyHandle: UInt32 = 0x8100_0001

  /// Reads it from a token's fields `tpm2_srk` and `tpm2-primary-alg`.
  ///
  /// - Returns: nil where one of them is of another form.
  init?(_ json: [String: JSONValue]) {
    let kind: String
    switch json["tpm2-primary-alg"] {
    // systemd tries ECC first, and then it was not written.
    case nil: kind = "ecc"
    case .text(let name)?: kind = name.lowercased()
    default: return nil
    }
    switch json["tpm2_srk"] {
    case nil: self = .legacyPrimary(kind: kind)
    case .text(let text)?:
      guard let bytes = Base64.decode(text, padding: .required),
        let (handle, name) = Self.reference(bytes)
      else { return nil }
      self = .pinned(handle: handle, name: name, kind: kind, reference: bytes)
    default: return nil
    }
  }

  /// The handle where it is persistent, as `0x81000001`.
  package var handle: String? {
    guard case .pinned(let handle, _, _, _) = self else { return nil }
    return "0x"
      + Hexadecimal.encode((0..<4).map { UInt8(truncatingIfNeeded: handle >> (24 - 8 * $0)) })
  }

  /// How it is made, or which persistent key it is.
  package var form: String {
    switch self {
    case .legacyPrimary: "legacy-primary"
    case .pinned(Self.storageRootKeyHandle, _, _, _): "srk"
    case .pinned: "persistent"
    }
  }

  /// `ecc` or `rsa`.
  package var kind: String {
    switch self {
    case .legacyPrimary(let kind), .pinned(_, _, let kind, _): kind
    }
  }

  /// The parent as a TPM takes it; nil for a kind of key that it cannot make.
  package var storage: StorageParent? {
    switch self {
    case .legacyPrimary(let kind): KeyKind(rawValue: kind).map { .legacyPrimary($0) }
    case .pinned(_, _, _, let reference): .persistent(reference: reference)
    }
  }

  /// What `Esys_TR_Serialize` writes: handle, name with its length before it, and what is not needed
  /// here (tpm2-tss, `src/tss2-esys/esys_mu.c`, 3.2.1 and 4.2.0).
  private static func reference(_ bytes: [UInt8]) -> (UInt32, [UInt8])? {
    guard bytes.count >= 6 else { return nil }
    let handle = bytes[0..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let size = Int(bytes[4]) << 8 | Int(bytes[5])
    guard size > 2, bytes.count >= 6 + size else { return nil }
    return (handle, Array(bytes[6..<6 + size]))
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(form, forKey: .form)
    try fields.encode(kind, forKey: .primary)
    try fields.encode(handle, forKey: .handle)
    if case .pinned(_, let name, _, _) = self {
      try fields.encode(Hexadecimal.encode(name), forKey: .name)
    }
  }

  private enum Field: CodingKey {
    case form, primary, handle, name
  }
}
