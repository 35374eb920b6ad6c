internal import SecretMemory
package import Vocabulary

/// What the JSON area of a LUKS2 header says of keyslots, tokens and the keys behind them.
///
/// libcryptsetup has validated it: tokens refer to keyslots that exist.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3, section 3.
package struct LUKSHeader: Sendable {
  /// The keyslots in use, by number, those of a reencryption included; at most 32.
  package let keyslots: [LUKSKeyslot]
  /// The tokens, by number; at most 32.
  package let tokens: [LUKSToken]
  /// The digests of keys, by number; at most 32.
  package let digests: [LUKSDigest]

  /// The identity of the volume key, without anything of the key: `LUKSDigest.fingerprint` of the
  /// digest that the data is bound to.
  ///
  /// Equal in two headers, it says that both are of one volume key. nil where no digest or more than
  /// one is bound to data, as while a reencryption is under way.
  package var volumeKeyDigest: SHA256Digest? {
    let all = volumeKeyDigests
    return all.count == 1 ? all.first : nil
  }

  /// The identities of all volume keys that data is bound to; two while a reencryption is under way.
  package var volumeKeyDigests: [SHA256Digest] {
    digests.filter { !$0.segments.isEmpty }.map(\.fingerprint)
  }

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
      Int(number).map { LUKSKeyslot(number: $0, state: state($0), slot.written, slot.fingerprint) }
    }.sorted { $0.number < $1.number }
    tokens = area.tokens.compactMap { number, json in
      Int(number).flatMap { LUKSToken(number: $0, json: json) }
    }.sorted { $0.number < $1.number }
    digests = area.digests.compactMap { number, digest in
      Int(number).map { LUKSDigest(number: $0, digest) }
    }.sorted { $0.number < $1.number }
  }

  private struct Area: Decodable {
    let keyslots: [String: Slot]
    let tokens: [String: JSONValue]
    let digests: [String: LUKSDigest.Written]
  }

  /// A keyslot as it is written, and what tells it from every other.
  private struct Slot: Decodable {
    let written: LUKSKeyslot.Written
    let fingerprint: SHA256Digest

    init(from decoder: any Decoder) throws {
      written = try LUKSKeyslot.Written(from: decoder)
      var all = try [String: JSONValue](from: decoder)
      // It says when the keyslot is tried, not what it is.
      all["priority"] = nil
      fingerprint = SHA256Hasher.digest(of: try JSONDocument.line(all))
    }
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
  /// SHA-256 of all of it: equal where two tokens are the same.
  package let fingerprint: SHA256Digest

  init?(number: Int, json value: JSONValue) {
    guard case .object(let json) = value, case .text(let type)? = json["type"],
      case .list(let slots)? = json["keyslots"], let line = try? JSONDocument.line(json)
    else { return nil }
    self.number = number
    self.type = type
    self.json = json
    fingerprint = SHA256Hasher.digest(of: line)
    keyslots = slots.compactMap { if case .text(let slot) = $0 { Int(slot) } else { nil } }.sorted()
  }
}
