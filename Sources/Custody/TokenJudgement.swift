internal import TrustedHardware
internal import Vocabulary

/// What is to be said of a volume's tokens, with a TPM at hand or without.
struct TokenJudgement {
  private let volume: Volume
  private let tpm: TPMState?

  init(_ volume: Volume, _ tpm: TPMState?) {
    self.volume = volume
    self.tpm = tpm
  }

  var findings: [CustodyFinding] { volume.tokens.flatMap { findings(on: $0) } }

  private func findings(on token: VolumeToken) -> [CustodyFinding] {
    var findings: [CustodyFinding] = []
    if case .pending(let change) = token.kind {
      return [
        CustodyFinding(
          .warning, "change.pending", token: token.number,
          "a change is begun and not ended: \(change.text)")
      ]
    }
    if token.keyslots.isEmpty {
      findings.append(
        CustodyFinding(
          .warning, "token.no-keyslots", token: token.number,
          "token \(token.number) (\(token.type.onOneLine)) opens no keyslot: a leftover, to be removed"
        ))
    }
    switch token.kind {
    case .systemdTPM2(let sealed):
      findings += byHeader(sealed, of: token)
      if let tpm { findings += live(sealed, of: token, tpm) }
    case .unreadable:
      findings.append(
        CustodyFinding(
          .bad, "token.unreadable", token: token.number,
          "token \(token.number) is of type \(token.type.onOneLine), but not as that is written"))
    case .systemdRecovery, .pending: break
    case .foreign:
      findings.append(
        CustodyFinding(
          .info, "token.foreign", token: token.number,
          "token \(token.number) is of type \(token.type.onOneLine), which Coffer leaves alone"))
    }
    return findings
  }

  /// What the header alone shows.
  private func byHeader(
    _ sealed: SystemdTPM2Token, of token: VolumeToken
  ) -> [CustodyFinding] {
    var findings: [CustodyFinding] = []
    let number = token.number
    if sealed.bank == .sha1 {
      findings.append(
        CustodyFinding(
          .warning, "pcr.sha1-bank", token: number,
          "token \(number) trusts the sha1 bank, whose values can be forged by collision"))
    }
    if sealed.policy.isEmpty {
      findings.append(
        CustodyFinding(
          .bad, "token.no-policy", token: number,
          "token \(number) asks for no PCR and no PIN: whatever is booted on this machine opens it")
      )
    }
    let typed = volume.waysIn.filter {
      volume.needsNoTPM($0) && !token.keyslots.contains($0.number)
    }
    if !sealed.hasPIN, !token.keyslots.isEmpty, let fallback = typed.first {
      findings.append(
        CustodyFinding(
          .warning, "token.substitution", token: number,
          "token \(number) opens by PCRs alone, and where it fails a passphrase is asked for "
            + "(keyslot \(fallback.number)): who replaces the file system by one of their own is "
            + "booted with the same PCRs, and can then have the TPM give the secret; a PIN "
            + "prevents that"))
    }
    return findings
  }

  /// What the TPM shows.
  private func live(
    _ sealed: SystemdTPM2Token, of token: VolumeToken, _ tpm: TPMState
  ) -> [CustodyFinding] {
    let number = token.number
    let bank = tpm.bank(of: sealed)
    let named = Set(sealed.pcrs + sealed.publicKeyPCRs).sorted()
    guard named.isEmpty || tpm.banks[bank] != nil else {
      return [
        CustodyFinding(
          .bad, "pcr.no-bank", token: number,
          "token \(number) trusts the \(bank.rawValue) bank, which the TPM does not have")
      ]
    }
    var findings: [CustodyFinding] = []
    let untouched = named.filter { index in
      tpm.values[bank]?[index].map { !PCRBank.isExtended($0) } ?? false
    }
    if !untouched.isEmpty {
      findings.append(
        CustodyFinding(
          .bad, "pcr.never-extended", token: number,
          "token \(number) names PCR \(untouched.map(String.init).joined(separator: ", ")) of the "
            + "\(bank.rawValue) bank, which nothing was ever measured into: it protects nothing"))
    }
    if tpm.matches(sealed) == false {
      findings.append(
        CustodyFinding(
          .warning, "pcr.changed", token: number,
          "the PCRs are not those that token \(number) was sealed to: it would not open now"))
    }
    return findings
  }
}
