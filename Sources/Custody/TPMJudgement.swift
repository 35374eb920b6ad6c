internal import TrustedHardware
internal import Vocabulary

/// What is to be said of the TPM that a volume's tokens depend on.
struct TPMJudgement {
  private let volume: Volume
  private let answer: TPMAnswer

  init(_ volume: Volume, _ answer: TPMAnswer) {
    self.volume = volume
    self.answer = answer
  }

  var findings: [CustodyFinding] {
    switch answer {
    case .none(let reason): unreachable(reason.message)
    case .state(let state): lockout(state.properties)
    }
  }

  private func unreachable(_ reason: String) -> [CustodyFinding] {
    guard volume.tokens.contains(where: { $0.type == "systemd-tpm2" }) else { return [] }
    return [
      CustodyFinding(
        .warning, "tpm.unreachable",
        "tokens need a TPM that cannot be asked, so that their PCRs are not judged: \(reason)")
    ]
  }

  private func lockout(_ properties: TPMProperties) -> [CustodyFinding] {
    var findings: [CustodyFinding] = []
    if !properties.lockoutAuthSet {
      findings.append(
        CustodyFinding(
          .warning, "tpm.lockout-auth-empty",
          "lockoutAuth is empty: whoever reaches the TPM can reset its lockout and try PINs for ever"
        ))
    }
    let lockout = properties.lockout
    if lockout.isLockedOut {
      findings.append(
        CustodyFinding(
          .bad, "tpm.locked-out",
          "the TPM is locked out after \(lockout.failedTries) failed tries: no token of systemd "
            + "252 opens, PIN or not; one try is forgotten every \(lockout.recoveryTime) seconds"))
    } else if lockout.triesLeft <= 1 {
      findings.append(
        CustodyFinding(
          .warning, "tpm.lockout-near",
          "\(lockout.triesLeft) of \(lockout.maximumTries) tries is left before the TPM is locked out"
        ))
    }
    return findings
  }
}
