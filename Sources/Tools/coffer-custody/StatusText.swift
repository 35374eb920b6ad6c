import Custody
import TrustedHardware
import Vocabulary

/// A volume's status as lines for people.
struct StatusText {
  private let status: VolumeStatus

  init(_ status: VolumeStatus) {
    self.status = status
  }

  var lines: [String] { head + header + keyslots + tokens + tpm + findings }

  private var head: [String] {
    let volume = status.volume
    return [
      "volume \("\(volume.device)".onOneLine)",
      "  uuid          \(volume.uuid)",
      "  label         \(volume.label?.onOneLine ?? "none")",
      "  cipher        \(volume.cipher), volume key of \(volume.volumeKeySize * 8) bits",
      "  reencryption  \(volume.reencryption.rawValue)"
        + (volume.progress.map { ", \($0.text) done" } ?? ""),
    ]
  }

  private var header: [String] {
    guard let header = status.header else { return [] }
    guard let backup = header.backup else { return ["  header backup none known"] }
    let worth =
      backup.matches
      ? (backup.sameKeyslots ? "same volume key and keyslots" : "same volume key, other keyslots")
      : "not to be restored"
    return ["  header backup \(backup.time), \(backup.ageDays) days ago, \(worth)"]
  }

  private var keyslots: [String] {
    status.volume.keyslots.map { slot in
      let tokens = status.volume.tokens(of: slot.number).map { "token \($0.number)" }
      let opener = tokens.isEmpty ? "no token" : tokens.joined(separator: ", ")
      let kind = slot.type == "luks2" ? "" : "\(slot.type), "
      return "keyslot \(slot.number)  \(kind)\(slot.state.rawValue), priority "
        + "\(slot.priority.rawValue), \(slot.kdf.map(text) ?? "no kdf"), \(opener)"
    }
  }

  private func text(_ kdf: KeyDerivation) -> String {
    guard let iterations = kdf.iterations else {
      return
        "\(kdf.type) of \(kdf.time ?? 0) passes, \(kdf.memory ?? 0) KiB, \(kdf.cpus ?? 0) lanes"
    }
    return "\(kdf.type)-\(kdf.hash ?? "?") of \(iterations) iterations"
  }

  private var tokens: [String] {
    status.volume.tokens.flatMap { token in
      let slots = token.keyslots.map { "keyslot \($0)" }.joined(separator: ", ")
      let mark =
        switch token.kind {
        case .foreign: " (foreign)"
        case .unreadable: " (unreadable)"
        default: ""
        }
      let since = status.dates?.date(of: token).map { ", since \($0)" } ?? ""
      let line =
        "token \(token.number)    \(token.type.onOneLine)\(mark), \(slots.isEmpty ? "no keyslot" : slots)"
        + since
      return [line] + (token.tpm2.map { details(of: $0, token) } ?? [])
    }
  }

  private func details(of sealed: SystemdTPM2Token, _ token: VolumeToken) -> [String] {
    let policy = sealed.policy.map(\.rawValue).joined(separator: " + ")
    let pin = sealed.hasPIN ? (sealed.isSalted ? "salted" : "unsalted") : "none"
    let parent = sealed.parent
    var lines = [
      "  policy        \(policy.isEmpty ? "none" : policy)",
      "  pcrs          \(list(sealed.pcrs)), bank \(sealed.bank?.rawValue ?? "not named")",
      "  pin           \(pin)",
      "  parent        \(parent.form)\(parent.handle.map { " " + $0 } ?? ""), \(parent.kind), "
        + (parent.handle == nil ? "not pinned" : "pinned"),
    ]
    if !sealed.publicKeyPCRs.isEmpty {
      lines.insert("  signed pcrs   \(list(sealed.publicKeyPCRs))", at: 1)
    }
    switch status.matches(token) {
    case true?: lines.append("  now           the PCRs are those sealed to")
    case false?: lines.append("  now           the PCRs are not those sealed to")
    case nil: break
    }
    return lines
  }

  private var tpm: [String] {
    switch status.tpm {
    case .none(let reason): return ["tpm none: \(reason.message)"]
    case .state(let state):
      let (properties, lockout) = (state.properties, state.properties.lockout)
      let banks = state.banks.sorted { $0.key < $1.key }.map { $0.key.rawValue }
      return [
        "tpm \(properties.manufacturer) \(properties.firmware)",
        "  lockout       \(lockout.failedTries) of \(lockout.maximumTries) tries failed, one is "
          + "forgotten in \(lockout.recoveryTime) s\(lockout.isLockedOut ? ", locked out" : "")",
        "  lockoutAuth   \(properties.lockoutAuthSet ? "set" : "empty")",
        "  ownerAuth     \(properties.ownerAuthSet ? "set" : "empty")",
        "  banks         \(banks.joined(separator: ", "))",
      ]
        + state.pcrs.map { bank, index, value in
          "  \(bank.rawValue):\(index)  \(Hexadecimal.encode(value))"
            + (PCRBank.isExtended(value) ? "" : "  never extended")
        }
    }
  }

  private var findings: [String] {
    status.findings.isEmpty
      ? ["nothing found"]
      : status.findings.map { "\($0.severity.rawValue)  \($0.text) [\($0.code)]" }
  }

  private func list(_ pcrs: [Int]) -> String {
    pcrs.isEmpty ? "none" : pcrs.map(String.init).joined(separator: ", ")
  }
}
