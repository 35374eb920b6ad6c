package import SecretMemory
package import SystemPackage
package import TrustedHardware
internal import Vocabulary

/// PCR policies that a key has signed, in the form that systemd reads: `tpm2-pcr-signature.json`.
///
/// Whatever else stands in a file is kept. A signature cannot be taken back: whoever has a copy of
/// the file opens with it what the key was trusted for.
///
/// Source: systemd, `src/shared/tpm2-util.c`, `tpm2_find_signature`, and `src/boot/measure.c`, v252.
package struct PCRSignatureFile: Sendable {
  /// The entries of each bank.
  var banks: [String: JSONValue]

  private static let largest = 4 << 20

  /// Starts with none.
  package init() { banks = [:] }

  /// Reads a file.
  ///
  /// - Throws: `OperatorError` `pcr-signature.malformed`: unreadable, or not to the format.
  package init(_ path: FilePath) throws {
    let bytes: [UInt8]
    do {
      bytes = try BootFile.bytes(of: path, atMost: Self.largest)
    } catch {
      throw OperatorError("pcr-signature.malformed", .usage, "cannot read \(path): \(error)")
    }
    try self.init(bytes, of: path.string)
  }

  /// Reads a file that is all there.
  ///
  /// - Throws: `OperatorError` `pcr-signature.malformed`.
  package init(_ bytes: [UInt8], of source: String) throws {
    guard let banks = try? JSONDocument.decode([String: JSONValue].self, from: bytes),
      banks.values.allSatisfy({ if case .list = $0 { true } else { false } })
    else {
      throw OperatorError(
        "pcr-signature.malformed", .usage,
        "\(source) is no list of signed PCR policies as systemd has it")
    }
    self.banks = banks
  }

  /// The file's content; the same bytes for the same entries.
  package var bytes: [UInt8] { get throws { try JSONDocument.pretty(banks) } }

  /// How many entries there are, of all banks.
  package var count: Int {
    banks.values.reduce(0) { if case .list(let entries) = $1 { $0 + entries.count } else { $0 } }
  }

  /// Signs the policy that asks for PCR values, and adds the signature.
  ///
  /// An entry of the same key for the same policy is replaced, so that signing twice is signing once.
  ///
  /// - Parameters:
  ///   - predicted: the values; of the sha256 bank.
  ///   - key: who vouches for them.
  /// - Returns: the policy's digest.
  /// - Throws: `OperatorError` `pcr-signature.bank`.
  @discardableResult package mutating func sign(
    _ predicted: PredictedPCRs, with key: borrowing RSASigningKey
  ) throws -> PolicyDigest {
    guard predicted.bank == .sha256 else {
      throw OperatorError(
        "pcr-signature.bank", .usage,
        "policies of the \(predicted.bank.rawValue) bank are not signed",
        hint: "systemd before 260 signs them with the bank's hash and checks them with SHA-256: "
          + "only the sha256 bank opens everywhere")
    }
    var policy = PolicyDigest()
    policy.requirePCRs(predicted.values, of: predicted.bank)
    let name: [String: JSONValue] = [
      "pcrs": .list(predicted.values.keys.sorted().map(JSONValue.integer)),
      "pkfp": .text(key.publicKey.fingerprint.hex),
      "pol": .text(Hexadecimal.encode(policy.bytes)),
    ]
    let signature = Base64.encode(key.sign(policy.bytes), padding: .required)
    let entry = name.merging(["sig": .text(signature)]) { $1 }
    var entries: [JSONValue] = []
    if case .list(let present)? = banks[predicted.bank.rawValue] { entries = present }
    entries.removeAll { $0.names(name) }
    banks[predicted.bank.rawValue] = .list(entries + [.object(entry)])
    return policy
  }
}

extension JSONValue {
  /// Whether an entry is of these PCRs, this key and this policy; one with a policyRef never is.
  fileprivate func names(_ name: [String: JSONValue]) -> Bool {
    guard case .object(let entry) = self, entry["ref"] == nil else { return false }
    return name.allSatisfy { key, value in
      guard case .text(let text)? = entry[key], case .text(let mine) = value else {
        return entry[key] == value
      }
      return text.lowercased() == mine
    }
  }
}
