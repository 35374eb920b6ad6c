package import Vocabulary

/// What the JSON area of a LUKS2 header says of keyslots and tokens.
///
/// libcryptsetup has validated it: tokens refer to keyslots that exist.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3, section 3.
package struct LUKSHeader: Sendable {
  /// The keyslots in use, by number, those of a reencryption included; at most 32.
  package let keyslots: [LUKSKeyslot]
  /// The tokens, by number; at most 32.
  package let tokens: [LUKSToken]

  /// Reads the JSON area.
  ///
  /// - Parameters:
  ///   - json: the area's text.
  ///   - device: what it is about, for the error.
  ///   - state: tells the state of a keyslot.
  /// - Throws: `OperatorError` `luks.damaged`.
  init(json: [UInt8], of device: String, state: (Int) -> KeyslotState) throws {
    let area: Area
    do {
      area = try JSONDocument.decode(Area.self, from: json)
    } catch {
      throw OperatorError(
        "luks.damaged", .mismatch, "the JSON area of \(device) is not as LUKS2 has it: \(error)")
    }
    keyslots = area.keyslots.compactMap { number, slot in
      Int(number).map { LUKSKeyslot(number: $0, state: state($0), slot) }
    }.sorted { $0.number < $1.number }
    tokens = area.tokens.compactMap { number, json in
      Int(number).flatMap { LUKSToken(number: $0, json: json) }
    }.sorted { $0.number < $1.number }
  }

  private struct Area: Decodable {
    let keyslots: [String: LUKSKeyslot.Written]
    let tokens: [String: JSONValue]
  }
}

/// One token: who opens keyslots without a passphrase being typed, and with what.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3, section 3.5.
package struct LUKSToken: Sendable {
  /// Its number, 0 to 31.
  package let number: Int
  /// Who understands it, `systemd-tpm2` for example.
  package let type: String
  /// The keyslots that it opens.
  package let keyslots: [Int]
  /// All of it, for who understands it.
  package let json: [String: JSONValue]

  init?(number: Int, json value: JSONValue) {
    guard case .object(let json) = value, case .text(let type)? = json["type"],
      case .list(let slots)? = json["keyslots"]
    else { return nil }
    self.number = number
    self.type = type
    self.json = json
    keyslots = slots.compactMap { if case .text(let slot) = $0 { Int(slot) } else { nil } }.sorted()
  }
}
