package import SecretMemory
package import SystemPackage
package import TrustedHardware
internal import Vocabulary

/// Opens every way into a volume for real, and activates nothing.
package struct VolumeVerification: Sendable {
  /// What says nothing of the token: it was not tried.
  private static let leavesUntried = [
    "token.unsupported", "dialogue.no-terminal", "tpm.unreachable", "tpm.lockout-near",
  ]

  private let path: FilePath

  /// - Parameter path: the volume.
  package init(_ path: FilePath) {
    self.path = path
  }

  /// Tries each token, in the order of their numbers.
  ///
  /// - Parameters:
  ///   - only: the one keyslot that is tried; nil for all.
  ///   - opener: whom systemd's tokens are opened by.
  ///   - pin: asked for where a token has one; nil where nobody can be asked.
  ///   - spared: a keyslot that is not tried, for a wrong PIN counts; nil for none.
  /// - Returns: what came of each keyslot of each token; tokens of recovery keys are left out.
  /// - Throws: `OperatorError` of the kinds that opening a volume fails with.
  package func tokens(
    of only: Int? = nil, by opener: TokenOpener, pin: (() throws -> PIN)?,
    besides spared: Int? = nil
  ) throws -> [KeyslotProof] {
    let volume = Volume(try LUKSDevice(path), at: path)
    return try volume.tokens.flatMap { token in
      try token.keyslots.filter { $0 != spared && [nil, $0].contains(only) }.compactMap { keyslot in
        guard
          let outcome = try outcome(of: token, keyslot, by: opener, pin: pin)
        else { return nil }
        return KeyslotProof(
          keyslot: keyslot, token: token.number, kind: token.type, outcome: outcome)
      }
    }
  }

  /// Tries what was given as a recovery key, and tells whose it is not.
  ///
  /// - Parameter given: what was given.
  /// - Returns: the keyslot that it opens; else the keyslots of recovery keys, none of which it opens.
  /// - Throws: `OperatorError` `luks.wrong-key` where there are none, or what the volume fails with.
  package func recovered(by given: borrowing SecretBytes) throws -> [KeyslotProof] {
    do {
      return [try opened(by: given)]
    } catch let error as OperatorError where error.code == "luks.wrong-key" {
      let volume = Volume(try LUKSDevice(path), at: path)
      let refused = Self.recoveryKeyslots(of: volume, besides: [], outcome: .refused(error))
      guard !refused.isEmpty else { throw error }
      return refused
    }
  }

  /// Tries what is typed or lies in a key file.
  ///
  /// - Parameter given: a passphrase or a recovery key.
  /// - Returns: the keyslot that it opens.
  /// - Throws: `OperatorError` `luks.wrong-key`, or what the volume fails with.
  package func opened(by given: borrowing SecretBytes) throws -> KeyslotProof {
    let device = try LUKSDevice(path)
    let key = try Unlocking.volumeKey(of: device, from: given)
    let volume = Volume(device, at: path)
    guard let keyslot = key.keyslot else { preconditionFailure("a keyslot gave the key") }
    let token = volume.tokens(of: keyslot).first
    return KeyslotProof(
      keyslot: keyslot, token: token?.number, kind: token?.type ?? "passphrase", outcome: .opened)
  }

  /// The keyslots that only a person can open, with nothing that was typed for them.
  ///
  /// - Parameter proven: those that have been opened.
  /// - Returns: one for each that was not.
  /// - Throws: `OperatorError` of the kinds that opening a volume fails with.
  package func untyped(besides proven: Set<Int>) throws -> [KeyslotProof] {
    Self.recoveryKeyslots(
      of: Volume(try LUKSDevice(path), at: path), besides: proven,
      outcome: .untested("the recovery key was not given (--recovery-key-file)"))
  }

  private static func recoveryKeyslots(
    of volume: Volume, besides proven: Set<Int>, outcome: KeyslotProof.Outcome
  ) -> [KeyslotProof] {
    volume.tokens.filter { token in
      if case .systemdRecovery = token.kind { true } else { false }
    }.flatMap { token in
      token.keyslots.filter { !proven.contains($0) }.map { keyslot in
        KeyslotProof(keyslot: keyslot, token: token.number, kind: token.type, outcome: outcome)
      }
    }
  }

  private func outcome(
    of token: VolumeToken, _ keyslot: Int, by opener: TokenOpener, pin: (() throws -> PIN)?
  ) throws -> KeyslotProof.Outcome? {
    switch token.kind {
    case .systemdTPM2(let sealed):
      guard !sealed.hasPIN || pin != nil else {
        return .untested("its PIN was not given (--pin-file)")
      }
      return try opened(sealed, keyslot, by: opener, pin: pin)
    case .unreadable: return .untested("the token is not as systemd writes it")
    case .foreign: return .untested("it is somebody else's, and left alone")
    case .systemdRecovery, .pending: return nil
    }
  }

  private func opened(
    _ sealed: SystemdTPM2Token, _ keyslot: Int, by opener: TokenOpener,
    pin: (() throws -> PIN)?
  ) throws -> KeyslotProof.Outcome {
    do {
      let passphrase = try opener.passphrase(of: sealed) {
        guard let pin else { throw OperatorError("pin.missing", .usage, "no PIN was given") }
        return try pin()
      }
      let device = try LUKSDevice(path)
      guard try device.opened(by: passphrase, at: .keyslot(keyslot)) == keyslot else {
        return .refused(
          OperatorError(
            "luks.wrong-key", .mismatch, "what the TPM gives does not open the keyslot"))
      }
      return .opened
    } catch let error as OperatorError where Self.leavesUntried.contains(error.code) {
      return .untested(error.message)
    } catch let error as OperatorError {
      return .refused(error)
    }
  }
}
