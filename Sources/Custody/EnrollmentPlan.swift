internal import TrustedHardware
internal import SecretMemory
internal import SystemPackage
package import Vocabulary

/// What an enrolment will do, for an officer to read before it is done.
///
/// As JSON it is one object, `plan`.
package struct EnrollmentPlan: Sendable, Encodable {
  /// The volume as it is.
  package let volume: Volume
  /// Where the new keyslot and token go.
  package let place: FreePlace
  /// What the secret is sealed to.
  package let sealing: TokenSealing
  /// What speaks against it, and does not forbid it.
  package let warnings: [String]

  /// - Throws: `OperatorError` `luks.no-free-keyslot`, `luks.no-free-token`.
  package init(_ sealing: TokenSealing, on volume: Volume) throws {
    self.volume = volume
    self.sealing = sealing
    place = try FreePlace(in: volume)
    warnings = Self.warnings(sealing, volume, place)
  }

  /// The plan as lines for people.
  package var lines: [String] {
    let pcrs = sealing.values.sorted { $0.key < $1.key }.map { index, value in
      "  pcr \(index)  \(sealing.bank.rawValue) \(Hexadecimal.encode(value))"
    }
    return [
      "plan for \(volume.device) (\(volume.uuid))",
      "  profile       \(sealing.profile.rawValue)",
      "  keyslot       \(place.keyslot), new; token \(place.token)",
      "  pin           \(sealing.hasPIN ? "asked for at every start" : "none")",
    ] + signed + pcrs + warnings.map { "  warning       \($0)" }
  }

  private var signed: [String] {
    guard let signed = sealing.signed else { return [] }
    let list = signed.pcrs.sorted().map(String.init).joined(separator: ", ")
    return ["  signed pcrs   \(list), by key \(signed.key.fingerprint.hex)"]
  }

  private static func warnings(
    _ sealing: TokenSealing, _ volume: Volume, _ place: FreePlace
  ) -> [String] {
    var warnings: [String] = []
    if !volume.waysIn.contains(where: volume.needsNoTPM) {
      warnings.append(
        "no way in does without a TPM; make a recovery key: coffer-custody luks recovery-key")
    }
    if !sealing.hasPIN {
      warnings.append(
        "without a PIN, who replaces the file system by one of their own is booted with the same "
          + "PCRs, and can have the TPM give the secret (docs/custody.md)")
    }
    if sealing.bank == .sha1 {
      warnings.append("values of the sha1 bank can be forged by collision")
    }
    let before = volume.tokens.filter { token in
      token.number < place.token && token.tpm2?.isForOldSystemd == false
    }
    if sealing.profile.opensOn252, let first = before.first {
      warnings.append(
        "systemd 252 stops at token \(first.number), which it cannot open, and does not come to "
          + "this one")
    }
    return warnings
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode("plan", forKey: .event)
    try fields.encode(volume.device.string, forKey: .device)
    try fields.encode(volume.uuid, forKey: .uuid)
    try fields.encode(sealing.profile, forKey: .profile)
    try fields.encode(place.keyslot, forKey: .keyslot)
    try fields.encode(place.token, forKey: .token)
    try fields.encode(sealing.bank, forKey: .bank)
    try fields.encode(sealing.hasPIN, forKey: .pin)
    try fields.encode(sealing.signed?.pcrs.sorted() ?? [], forKey: .signedPCRs)
    try fields.encode(sealing.signed?.key.fingerprint.hex, forKey: .publicKey)
    try fields.encode(
      Dictionary(
        uniqueKeysWithValues: sealing.values.map { (String($0), Hexadecimal.encode($1)) }),
      forKey: .pcrs)
    try fields.encode(warnings, forKey: .warnings)
  }

  private enum Field: CodingKey {
    case event, device, uuid, profile, keyslot, token, bank, pin, pcrs, warnings
    case signedPCRs, publicKey
  }
}

extension SystemdTPM2Token {
  /// Whether systemd 252 opens it.
  fileprivate var isForOldSystemd: Bool { TokenProfile(self)?.opensOn252 ?? false }
}

extension EnrollmentPlan {
  /// What the custody record tells of it.
  package var recordDetails: [String: JSONValue] {
    [
      "profile": .text(sealing.profile.rawValue), "bank": .text(sealing.bank.rawValue),
      "pin": .boolean(sealing.hasPIN), "keyslot": .integer(place.keyslot),
      "token": .integer(place.token),
      "pcrs": .object(
        Dictionary(
          uniqueKeysWithValues: sealing.values.map {
            (String($0), .text(Hexadecimal.encode($1)))
          })),
    ]
  }
}
