internal import TrustedHardware

/// What is to be said of a volume's keyslots and of the ways in that they are.
struct KeyslotJudgement {
  private let volume: Volume

  init(_ volume: Volume) {
    self.volume = volume
  }

  var findings: [CustodyFinding] {
    reencryption + waysIn + volume.keyslots.flatMap { findings(on: $0) }
      + volume.keyslots.compactMap { passedOver($0) }
  }

  /// LUKS2 On-Disk Format Specification 1.1.3, section 3.2: such a keyslot is used where it is named,
  /// and the boot names none.
  private func passedOver(_ slot: LUKSKeyslot) -> CustodyFinding? {
    guard slot.opensVolume, slot.priority == .ignore else { return nil }
    return CustodyFinding(
      .warning, "keyslot.passed-over", keyslot: slot.number,
      "keyslot \(slot.number) has the priority 'ignore': the boot passes it over, and its token, too; "
        + "'cryptsetup config --key-slot \(slot.number) --priority normal' ends that")
  }

  private var reencryption: [CustodyFinding] {
    switch volume.reencryption {
    case .none: []
    case .clean where volume.progress?.isComplete == true:
      [
        CustodyFinding(
          .bad, "reencryption.unended",
          "all data is encrypted anew, and the end of that was cut off: 'cryptsetup reencrypt "
            + "--resume-only' would garble the data"
            + (volume.rotation == nil
              ? "" : "; 'coffer-custody luks rotate-volume-key' ends it"))
      ]
    case .clean:
      [
        CustodyFinding(
          .warning, "reencryption.under-way",
          "the data is being encrypted anew; until that is done, systemd 252 opens no token, and "
            + "a restart needs a passphrase")
      ]
    case .crash:
      [
        CustodyFinding(
          .bad, "reencryption.crashed",
          "encrypting the data anew was cut off; 'cryptsetup repair' must recover it")
      ]
    case .invalid:
      [
        CustodyFinding(
          .bad, "reencryption.invalid", "the metadata of a reencryption contradict themselves")
      ]
    }
  }

  private var waysIn: [CustodyFinding] {
    let ways = volume.waysIn
    guard let first = ways.first else {
      return [CustodyFinding(.bad, "ways-in.none", "no keyslot opens the volume")]
    }
    var findings: [CustodyFinding] = []
    if ways.count == 1 {
      findings.append(
        CustodyFinding(
          .warning, "ways-in.single", keyslot: first.number,
          "keyslot \(first.number) is the only way in"))
    }
    if !ways.contains(where: volume.needsNoTPM) {
      findings.append(
        CustodyFinding(
          .bad, "ways-in.only-tpm",
          "no way in does without a TPM: if it is lost, cleared or locked out, so is the data"))
    }
    return findings
  }

  private func findings(on slot: LUKSKeyslot) -> [CustodyFinding] {
    let number = slot.number
    let tokens = volume.tokens(of: number)
    if tokens.count > 1 {
      let list = tokens.map { String($0.number) }.joined(separator: " and ")
      return [
        CustodyFinding(
          .warning, "keyslot.two-tokens", keyslot: number,
          "tokens \(list) share keyslot \(number), which systemd-cryptenroll calls a conflict")
      ]
    }
    guard tokens.isEmpty, slot.type == "luks2" else { return [] }
    guard slot.opensVolume else {
      return [
        CustodyFinding(
          .info, "keyslot.unbound", keyslot: number,
          "keyslot \(number) holds a key that is not the volume's")
      ]
    }
    // What a keyslot was made for is written nowhere; its cost is a clue.
    guard slot.kdf?.isMinimal == true else {
      return [
        CustodyFinding(
          .info, "keyslot.no-token", keyslot: number,
          "no token names keyslot \(number): a passphrase or key file opens it")
      ]
    }
    return [
      CustodyFinding(
        .warning, "keyslot.orphan", keyslot: number,
        "no token names keyslot \(number), and its key derivation costs as little as that of an "
          + "enrolled secret: left over from an enrolment that failed or a token that was removed, "
          + "or a passphrase that is cheap to guess")
    ]
  }
}
