package import SecretMemory
package import SystemPackage
package import TrustedHardware
internal import Vocabulary

extension PCRSignatureFile {
  /// Where systemd looks for signatures that nobody named.
  ///
  /// Source: systemd 252, `src/shared/tpm2-util.c`, `tpm2_load_pcr_signature`.
  private static let places: [FilePath] = ["/etc/systemd", "/run/systemd", "/usr/lib/systemd"]

  /// The file that is named, or that systemd would find; nil where there is none.
  ///
  /// - Throws: `OperatorError` `pcr-signature.malformed`.
  package static func find(_ named: FilePath?) throws -> PCRSignatureFile? {
    if let named { return try PCRSignatureFile(named) }
    for folder in places {
      let path = folder.appending("tpm2-pcr-signature.json")
      if (try? FileDescriptor.open(path, .readOnly).close()) != nil {
        return try PCRSignatureFile(path)
      }
    }
    return nil
  }

  /// The policies over PCRs that a key has signed, in the order of the file.
  ///
  /// - Parameters:
  ///   - pcrs: exactly these.
  ///   - bank: of this bank.
  ///   - key: whose signature is wanted.
  /// - Returns: those that a TPM can be asked to check.
  package func policies(
    over pcrs: Set<Int>, of bank: PCRBank, by key: RSAPublicKey
  ) -> [SignedPCRPolicy] {
    guard case .list(let entries)? = banks[bank.rawValue] else { return [] }
    return entries.compactMap { entry in
      guard case .object(let fields) = entry, fields["ref"] == nil,
        case .list(let listed)? = fields["pcrs"],
        Set(listed) == Set(pcrs.map { JSONValue.integer($0) }),
        case .text(let fingerprint)? = fields["pkfp"],
        fingerprint.lowercased() == key.fingerprint.hex,
        case .text(let policy)? = fields["pol"], let approved = Hexadecimal.decode(policy),
        case .text(let text)? = fields["sig"],
        let signature = Base64.decode(text, padding: .required)
      else { return nil }
      return SignedPCRPolicy(
        modulus: key.modulus, pcrs: pcrs, bank: bank, approved: approved, signature: signature)
    }
  }

  /// The signature that vouches for values.
  package func policy(
    over values: [Int: [UInt8]], of bank: PCRBank, by key: RSAPublicKey
  ) -> SignedPCRPolicy? {
    guard !values.isEmpty else { return nil }
    var wanted = PolicyDigest()
    wanted.requirePCRs(values, of: bank)
    return policies(over: Set(values.keys), of: bank, by: key).first {
      $0.approved == wanted.bytes
    }
  }
}
