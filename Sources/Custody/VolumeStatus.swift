internal import SystemPackage
internal import TrustedHardware
internal import Vocabulary

/// A volume, the TPM that its tokens depend on, and what is to be said of both.
///
/// As JSON it is one object, `luks-status`; sizes are in bits and bytes as their names say.
package struct VolumeStatus: Sendable {
  /// The volume.
  package let volume: Volume
  /// The TPM, or why none answered.
  package let tpm: TPMAnswer
  /// How well its header is kept; nil where nobody looked.
  package let header: HeaderState?
  /// When its tokens were written, where that is known.
  package let dates: EnrollmentDates?
  /// What should be known, what weighs most first.
  package let findings: [CustodyFinding]

  /// Judges.
  package init(
    _ volume: Volume, _ tpm: TPMAnswer, header: HeaderState? = nil, dates: EnrollmentDates? = nil
  ) {
    self.dates = dates
    self.volume = volume
    self.tpm = tpm
    self.header = header
    let found =
      KeyslotJudgement(volume).findings + TokenJudgement(volume, tpm.state).findings
      + TPMJudgement(volume, tpm).findings + (header.map { HeaderJudgement($0).findings } ?? [])
    findings = CustodyFinding.Severity.allCases.reversed().flatMap { severity in
      found.filter { $0.severity == severity }
    }
  }

  /// Whether the PCRs now are those that a token was sealed to; nil where that cannot be told.
  package func matches(_ token: VolumeToken) -> Bool? {
    guard let sealed = token.tpm2, let state = tpm.state else { return nil }
    return state.matches(sealed)
  }
}

extension VolumeStatus: Encodable {
  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode("luks-status", forKey: .event)
    try fields.encode(volume.device.string, forKey: .device)
    try fields.encode(volume.uuid, forKey: .uuid)
    try fields.encode(volume.label, forKey: .label)
    try fields.encode(volume.cipher, forKey: .cipher)
    try fields.encode(volume.volumeKeySize * 8, forKey: .volumeKeyBits)
    try fields.encode(volume.reencryption, forKey: .reencryption)
    try fields.encodeIfPresent(volume.progress, forKey: .reencrypted)
    try fields.encode(volume.keyslots.map { KeyslotLine($0, of: volume) }, forKey: .keyslots)
    try fields.encode(
      volume.tokens.map { TokenLine($0, matches($0), dates?.date(of: $0)) }, forKey: .tokens)
    try fields.encode(tpm.state.map(TPMLine.init), forKey: .tpm)
    if let header { try fields.encode(header.backup, forKey: .headerBackup) }
    try fields.encode(findings, forKey: .findings)
  }

  private enum Field: CodingKey {
    case event, device, uuid, label, cipher, volumeKeyBits, reencryption, reencrypted, keyslots
    case tokens, tpm, headerBackup, findings
  }
}

private struct KeyslotLine: Encodable {
  let number: Int
  let type: String
  let state: KeyslotState
  let keyBits: Int
  let priority: LUKSKeyslot.Priority
  let kdf: KeyDerivation?
  let tokens: [Int]

  init(_ slot: LUKSKeyslot, of volume: Volume) {
    (number, type, state) = (slot.number, slot.type, slot.state)
    (keyBits, priority, kdf) = (slot.keySize * 8, slot.priority, slot.kdf)
    tokens = volume.tokens(of: slot.number).map(\.number)
  }
}

private struct TokenLine: Encodable {
  let token: VolumeToken
  let matches: Bool?
  let date: Timestamp?

  init(_ token: VolumeToken, _ matches: Bool?, _ date: Timestamp?) {
    self.token = token
    self.matches = matches
    self.date = date
  }

  func encode(to encoder: any Encoder) throws {
    try token.encode(to: encoder)
    var fields = encoder.container(keyedBy: Field.self)
    if token.tpm2 != nil { try fields.encode(matches, forKey: .pcrsMatch) }
    try fields.encodeIfPresent(date, forKey: .enrolled)
  }

  private enum Field: CodingKey { case pcrsMatch, enrolled }
}

private struct TPMLine: Encodable {
  let manufacturer: String
  let firmware: String
  let ownerAuthSet: Bool
  let endorsementAuthSet: Bool
  let lockoutAuthSet: Bool
  let lockout: TPMProperties.Lockout
  let banks: [String: [Int]]
  let pcrs: [PCRLine]

  init(_ state: TPMState) {
    let properties = state.properties
    (manufacturer, firmware) = (properties.manufacturer, properties.firmware)
    (ownerAuthSet, endorsementAuthSet) = (properties.ownerAuthSet, properties.endorsementAuthSet)
    (lockoutAuthSet, lockout) = (properties.lockoutAuthSet, properties.lockout)
    banks = Dictionary(uniqueKeysWithValues: state.banks.map { ($0.key.rawValue, $0.value) })
    pcrs = state.pcrs.map { PCRLine(bank: $0.bank, index: $0.index, value: $0.value) }
  }
}

private struct PCRLine: Encodable {
  let bank: PCRBank
  let index: Int
  let value: String
  let extended: Bool

  init(bank: PCRBank, index: Int, value: [UInt8]) {
    (self.bank, self.index) = (bank, index)
    self.value = Hexadecimal.encode(value)
    extended = PCRBank.isExtended(value)
  }
}
