package import MeasuredBoot
package import SecretMemory
package import SystemPackage
package import TrustedHardware
internal import Vocabulary

/// Finds what opens each keyslot of a volume, for each is opened for real before it is carried over.
package struct RotationSecrets {
  /// A keyslot that nothing at hand opens, and why.
  package struct Missing: Sendable, Equatable {
    package let keyslot: Int
    package let reason: String
  }

  private let tpm: TPMAddress
  private let signatures: PCRSignatureFile?
  private let pin: (() throws -> PIN)?
  private let given: [GivenSecret]
  private let ask: (_ keyslot: Int, _ isRecoveryKey: Bool) throws -> SecretBytes?

  /// - Parameters:
  ///   - tpm: who opens systemd's tokens.
  ///   - signatures: by which signed policies are met; nil where there are none.
  ///   - pin: asked for where a token has one; nil where nobody can be asked.
  ///   - given: what files held.
  ///   - ask: asks a person for what opens a keyslot; nil where there is none.
  package init(
    tpm: TPMAddress, signatures: PCRSignatureFile?, pin: (() throws -> PIN)?,
    given: [GivenSecret],
    ask: @escaping (_ keyslot: Int, _ isRecoveryKey: Bool) throws -> SecretBytes?
  ) {
    (self.tpm, self.signatures, self.pin) = (tpm, signatures, pin)
    (self.given, self.ask) = (given, ask)
  }

  /// Opens keyslots.
  ///
  /// - Parameters:
  ///   - keyslots: their numbers.
  ///   - path: the volume.
  ///   - names: numbers under which files were named for them, where those are others; nobody is asked
  ///     then.
  /// - Returns: what opens them, and those that nothing opens.
  /// - Throws: `OperatorError` of the kinds that opening a volume fails with.
  package func find(
    _ keyslots: [Int], of path: FilePath, named names: [Int: Int]? = nil
  ) throws -> (found: [KeyslotSecret], missing: [Missing]) {
    let device = try LUKSDevice(path)
    let volume = Volume(device, at: path)
    var (found, missing): ([KeyslotSecret], [Missing]) = ([], [])
    for keyslot in keyslots {
      switch try secret(of: keyslot, volume, device, names) {
      case .success(let secret): found.append(secret)
      case .failure(let reason): missing.append(Missing(keyslot: keyslot, reason: reason.text))
      }
    }
    return (found, missing)
  }

  private func secret(
    of keyslot: Int, _ volume: Volume, _ device: borrowing LUKSDevice, _ names: [Int: Int]?
  ) throws -> Result<KeyslotSecret, Reason> {
    let name = names?[keyslot] ?? keyslot
    let tokens = volume.tokens(of: keyslot)
    var isRecoveryKey = false
    for token in tokens {
      switch token.kind {
      case .foreign, .pending, .unreadable:
        return .failure(
          Reason(text: "token \(token.number) of type \(token.type) is not Coffer's to copy"))
      case .systemdRecovery: isRecoveryKey = true
      case .systemdTPM2(let sealed): return try opened(sealed, keyslot, device)
      }
    }
    for given in given where given.keyslot == nil || given.keyslot == name {
      if let secret = try KeyslotSecret.trying(given.text, on: keyslot, of: device) {
        return .success(secret)
      }
    }
    let wasNamed = given.contains { $0.keyslot == name }
    if !wasNamed, names == nil, let typed = try ask(keyslot, isRecoveryKey), typed.count > 0,
      let secret = try KeyslotSecret.trying(typed, on: keyslot, of: device)
    {
      return .success(secret)
    }
    return .failure(
      Reason(
        text: wasNamed
          ? "the file that was named for it does not open it"
          : isRecoveryKey
            ? "its recovery key was not given: --recovery-key-file"
            : "its passphrase was not given: --passphrase-file \(name)=FILE"))
  }

  private func opened(
    _ sealed: SystemdTPM2Token, _ keyslot: Int, _ device: borrowing LUKSDevice
  ) throws -> Result<KeyslotSecret, Reason> {
    guard !sealed.hasPIN || pin != nil else {
      return .failure(Reason(text: "its PIN was not given: --pin-file"))
    }
    do {
      let passphrase = try passphrase(of: sealed)
      guard try device.volumeKey(from: passphrase, at: .keyslot(keyslot)) != nil else {
        return .failure(Reason(text: "what the TPM gives does not open it"))
      }
      return .success(KeyslotSecret(passphrase, opening: keyslot))
    } catch let error as OperatorError {
      return .failure(Reason(text: error.message))
    }
  }

  /// Has the TPM give the passphrase of a token's keyslot, in a fresh connection.
  func passphrase(of sealed: SystemdTPM2Token) throws -> SecretBytes {
    try sealed.passphrase(from: tpm.connect(), signatures: signatures) {
      guard let pin else { throw OperatorError("pin.missing", .usage, "no PIN was given") }
      return try pin()
    }
  }

  /// Candidates to go on with, without knowing which keyslot they open: what was given, what the
  /// TPM gives, and at last what a person types.
  ///
  /// - Parameters:
  ///   - pairs: the keyslots that are carried over, for whom to ask for.
  ///   - volume: the volume.
  ///   - body: tries one; true ends the search.
  /// - Returns: whether one served.
  /// - Throws: what `body` throws.
  func candidates(
    for pairs: [RotationMark.Pair], of volume: Volume,
    _ body: (borrowing SecretBytes) throws -> Bool
  ) throws -> Bool {
    for given in given {
      if try body(given.text) { return true }
      let line = given.text.withoutLineEnd()
      if line.count < given.text.count, line.count > 0, try body(line) { return true }
      if let recovery = RecoveryKey(typed: given.text), try body(recovery.text) { return true }
    }
    for sealed in volume.tokens.compactMap(\.tpm2) where !sealed.hasPIN || pin != nil {
      guard let passphrase = try? passphrase(of: sealed) else { continue }
      if try body(passphrase) { return true }
    }
    guard given.isEmpty, let first = pairs.first?.new, let typed = try ask(first, false),
      typed.count > 0
    else { return false }
    if try body(typed) { return true }
    guard let recovery = RecoveryKey(typed: typed) else { return false }
    return try body(recovery.text)
  }

  private struct Reason: Error {
    let text: String
  }
}
