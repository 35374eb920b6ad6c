internal import SystemPackage
package import TrustedHardware
package import Vocabulary

/// What a change of the volume key will do, for an officer to read before it is done.
///
/// As JSON it is one object, `rotation-plan`.
package struct RotationPlan: Sendable, Encodable {
  /// The volume as it is.
  package let volume: Volume
  /// What is carried over and what goes.
  package let mark: RotationMark
  /// The token that will say so.
  let place: Int
  /// The secrets of the keyslots that are carried over.
  package let secrets: [KeyslotSecret]
  /// The name that the volume is mapped by; nil where it is not in use.
  package let mapping: String?
  /// Bytes of data; nil where it cannot be told.
  package let dataSize: Int?

  /// Which keyslots there are to carry over.
  ///
  /// - Parameters:
  ///   - volume: the volume.
  ///   - dropped: those that were given up.
  /// - Returns: their numbers.
  /// - Throws: `OperatorError` `rotate.pending`, `luks.no-keyslot`, `retire.last-way-in`.
  package static func keyslots(of volume: Volume, besides dropped: Set<Int>) throws -> [Int] {
    for token in volume.tokens {
      guard case .pending(let change) = token.kind else { continue }
      throw OperatorError(
        "rotate.pending", .refused,
        "a change of \(volume.device) is begun and not ended: \(change.text)",
        hint: "end it before: coffer-custody luks reseal --finish")
    }
    let ways = volume.waysIn.map(\.number)
    if let unknown = dropped.subtracting(ways).min() {
      throw OperatorError(
        "luks.no-keyslot", .failed,
        "no keyslot \(unknown) opens \(volume.device), so it cannot be dropped",
        hint: "'luks status' shows those that do")
    }
    let carried = ways.filter { !dropped.contains($0) }
    guard !carried.isEmpty else {
      throw OperatorError(
        "retire.last-way-in", .refused, "no way into \(volume.device) would be left")
    }
    return carried
  }

  /// Plans.
  ///
  /// - Parameters:
  ///   - device: the volume, opened.
  ///   - volume: the same.
  ///   - secrets: of the keyslots that are carried over, each.
  ///   - missing: the keyslots that nothing at hand opens.
  ///   - dropped: those that are given up.
  ///   - mapping: the name that the volume is mapped by.
  /// - Throws: `OperatorError` `rotate.not-carried`, `rotate.not-typeable`, `rotate.no-room`.
  package init(
    of device: borrowing LUKSDevice, _ volume: Volume, secrets: [KeyslotSecret],
    missing: [RotationSecrets.Missing], dropped: Set<Int>, mapping: String?
  ) throws {
    try Self.requireAll(missing, volume)
    try Self.requireTypeable(secrets, volume)
    guard let digest = device.header.volumeKeyDigest else {
      throw OperatorError(
        "luks.damaged", .mismatch, "\(volume.device) has not one volume key, but none or several")
    }
    let layout = try device.layout()
    let carried = secrets.map(\.keyslot)
    let tokens = volume.tokens.filter { !dropped.isSuperset(of: $0.keyslots) }
      .filter { !$0.keyslots.isEmpty }
    let gone = volume.tokens.filter {
      !$0.keyslots.isEmpty && dropped.isSuperset(of: $0.keyslots)
    }
    let freeSlots = Self.free(volume.keyslots.map(\.number))
    let freeTokens = Self.free(volume.tokens.map(\.number))
    // One more is the reencryption's.
    guard freeSlots.count > carried.count else {
      throw RotationRoom.noRoom(
        "of the 32 keyslots of \(volume.device) \(freeSlots.count) are free, and "
          + "\(carried.count + 1) are needed",
        hint: "drop a keyslot with --drop, or retire one before")
    }
    guard freeTokens.count > tokens.count, let place = freeTokens.last else {
      throw RotationRoom.noRoom(
        "of the 32 tokens of \(volume.device) \(freeTokens.count) are free, and "
          + "\(tokens.count + 1) are needed",
        hint: "drop a keyslot that has one with --drop, or retire one before")
    }
    mark = RotationMark(
      oldDigest: digest,
      keyslots: zip(carried, freeSlots).map { RotationMark.Pair(old: $0, new: $1) },
      tokens: zip(tokens, freeTokens).map { RotationMark.Pair(old: $0.number, new: $1) },
      dropped: dropped.sorted(), droppedTokens: gone.map(\.number))
    let text = try device.header.tokens.filter { token in
      tokens.contains { $0.number == token.number }
    }.map { try JSONDocument.line($0.json).count }
    try RotationRoom(volume, layout).require(mark, tokenText: text)
    dataSize = LUKSDevice.dataSize(of: volume.device, from: layout.dataOffset)
    (self.volume, self.place, self.secrets, self.mapping) = (volume, place, secrets, mapping)
  }

  private static func free(_ used: [Int]) -> [Int] { (0..<32).filter { !used.contains($0) } }

  private static func requireAll(
    _ missing: [RotationSecrets.Missing], _ volume: Volume
  ) throws {
    guard !missing.isEmpty else { return }
    let list = missing.map { "keyslot \($0.keyslot) (\($0.reason))" }.joined(separator: ", ")
    throw OperatorError(
      "rotate.not-carried", .refused,
      "a keyslot is carried over by what opens it, and would else be lost: \(list)",
      hint: "give what opens it, or give it up with --drop "
        + missing.map { String($0.keyslot) }.joined(separator: " --drop "))
  }

  /// systemd 252 opens no token while a reencryption is unfinished, so that a start in the middle
  /// wants something typed.
  private static func requireTypeable(_ secrets: [KeyslotSecret], _ volume: Volume) throws {
    let typed = secrets.filter { secret in
      secret.isTypeable
        && volume.keyslots.contains { $0.number == secret.keyslot && volume.needsNoTPM($0) }
    }
    guard typed.isEmpty else { return }
    throw OperatorError(
      "rotate.not-typeable", .refused,
      "nothing that a person can type would open \(volume.device) if the machine stopped in the "
        + "middle: until the data is encrypted anew, systemd 252 opens no token",
      hint: "make a recovery key before: coffer-custody luks recovery-key")
  }

  /// The plan as lines for people.
  package var lines: [String] {
    let tokens = mark.tokens.map { "\($0.old)" }.joined(separator: ", ")
    return [
      "plan for \(volume.device) (\(volume.uuid))",
      "  volume key    a new one of \(volume.volumeKeySize * 8) bits",
      "  data          \(dataSize.map { "\($0 >> 20) MiB" } ?? "all of it"), encrypted anew "
        + (mapping.map { "while it is in use as \($0)" } ?? "in place"),
      "  keyslots      "
        + mark.keyslots.map { "\($0.old) becomes \($0.new)" }.joined(separator: ", "),
      "  tokens        \(tokens.isEmpty ? "none" : "\(tokens), carried over")",
      "  dropped       "
        + (mark.dropped.isEmpty ? "none" : mark.dropped.map(String.init).joined(separator: ", ")),
      "  until done    a restart wants a passphrase or recovery key typed; TPM tokens do not open",
    ]
  }

  /// What the custody record tells of it.
  package var recordDetails: [String: JSONValue] { mark.recordDetails }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode("rotation-plan", forKey: .event)
    try fields.encode(volume.device.string, forKey: .device)
    try fields.encode(volume.uuid, forKey: .uuid)
    try fields.encode(mark.keyslots, forKey: .keyslots)
    try fields.encode(mark.tokens.map(\.old), forKey: .tokens)
    try fields.encode(mark.dropped, forKey: .dropped)
    try fields.encode(dataSize, forKey: .dataBytes)
    try fields.encode(mapping, forKey: .mapping)
  }

  private enum Field: CodingKey {
    case event, device, uuid, keyslots, tokens, dropped, dataBytes, mapping
  }
}
