internal import SecretMemory
package import TrustedHardware
internal import Vocabulary

/// Seals what a token seals anew, to other PCR values and with all else as it was.
package struct Resealing: Sendable {
  private let editor: VolumeEditor
  private let opener: TokenOpener

  /// - Parameters:
  ///   - editor: the volume.
  ///   - opener: who seals, and opens what is sealed.
  package init(_ editor: VolumeEditor, by opener: TokenOpener) {
    self.editor = editor
    self.opener = opener
  }

  /// Finds the token that is meant.
  ///
  /// - Parameter keyslot: its keyslot; nil where the volume has one such token only.
  /// - Returns: the token, with its keyslot.
  /// - Throws: `OperatorError` `reseal.none`, `reseal.ambiguous`.
  package func token(of keyslot: Int?) throws -> ResealableToken {
    let volume = try editor.volume()
    let waiting = Self.waiting(in: volume).map(\.keyslot)
    let found = volume.tokens.compactMap { token -> ResealableToken? in
      guard let sealed = token.tpm2, let slot = token.keyslots.first, !waiting.contains(slot),
        keyslot == nil || keyslot == slot
      else { return nil }
      return ResealableToken(keyslot: slot, token: sealed)
    }
    guard let first = found.first else {
      throw OperatorError(
        "reseal.none", .failed,
        "\(volume.device) has no token of systemd-tpm2"
          + (keyslot.map { " on keyslot \($0)" } ?? ""),
        hint: "'luks status' shows its tokens; 'luks enroll' adds one")
    }
    guard found.count == 1 else {
      let slots = Set(found.map(\.keyslot)).sorted()
      let list = slots.map(String.init).joined(separator: ", ")
      guard slots.count > 1 else {
        throw OperatorError(
          "reseal.ambiguous", .usage, "several tokens of \(volume.device) name keyslot \(list)",
          hint: "see which by 'luks verify', and take the other away: cryptsetup token remove")
      }
      throw OperatorError(
        "reseal.ambiguous", .usage, "keyslots \(list) of \(volume.device) are sealed",
        hint: "name one with --keyslot")
    }
    return first
  }

  /// Takes the volume key out by the token that is to be resealed, as long as it opens.
  ///
  /// - Throws: what the TPM fails with, `luks.wrong-key`.
  package func volumeKey(
    by old: ResealableToken, pin: () throws -> PIN
  ) throws -> VolumeKey {
    let passphrase = try opener.passphrase(of: old.token, pin: pin)
    let device = try LUKSDevice(editor.path)
    guard let key = try device.volumeKey(from: passphrase, at: .keyslot(old.keyslot)) else {
      throw OperatorError(
        "luks.wrong-key", .noIdentity, "what the TPM gives does not open keyslot \(old.keyslot)")
    }
    return key
  }

  /// Ends replacements that waited for their PCR values: where the new token opens, the old goes.
  ///
  /// One that was predicted wrongly does not keep another from its turn.
  ///
  /// - Parameter pin: asked for where the new token has one.
  /// - Returns: the keyslots that were opened and that went; empty where none waited.
  /// - Throws: what the TPM fails with, where none opened; the old keyslot stays then.
  package func finish(pin: () throws -> PIN) throws -> [(new: Int, old: Int)] {
    let volume = try editor.volume()
    var finished: [(new: Int, old: Int)] = []
    var mispredicted: OperatorError?
    for change in Self.waiting(in: volume) where !finished.contains(where: { $0.old == change.old })
    {
      guard let sealed = volume.tokens.first(where: { $0.number == change.token })?.tpm2 else {
        continue
      }
      let passphrase: SecretBytes
      do {
        passphrase = try opener.passphrase(of: sealed, pin: pin)
      } catch let error as OperatorError where error.code == "tpm.policy" {
        mispredicted = mispredicted ?? error
        continue
      }
      let device = try LUKSDevice(editor.path)
      guard
        try device.opened(by: passphrase, at: .keyslot(change.keyslot)) == change.keyslot
      else {
        throw OperatorError(
          "luks.unproven", .mismatch,
          "what the TPM gives does not open keyslot \(change.keyslot); keyslot \(change.old) stays")
      }
      try editor.endReplacement(
        token: change.token, markedAt: change.mark, retiring: change.old)
      finished.append((change.keyslot, change.old))
    }
    if finished.isEmpty, let mispredicted { throw mispredicted }
    return finished
  }

  private static func waiting(
    in volume: Volume
  ) -> [(mark: Int, keyslot: Int, token: Int, old: Int)] {
    volume.tokens.compactMap { token in
      guard case .pending(.replacement(let keyslot, let number, let old)) = token.kind else {
        return nil
      }
      return (token.number, keyslot, number, old)
    }
  }
}

/// A token that can be sealed anew, with its keyslot.
package struct ResealableToken: Sendable {
  /// The keyslot.
  package let keyslot: Int
  /// The token.
  package let token: SystemdTPM2Token

  /// The same parameters, for an enrolment.
  ///
  /// - Parameter unextended: PCRs that are meant to be as a reset leaves them.
  /// - Returns: what would write a token like it.
  /// - Throws: `OperatorError` `token.unsupported`.
  package func request(unextended: Set<Int>) throws -> EnrollmentRequest {
    guard let profile = TokenProfile(token), !token.isPCRLock else {
      throw OperatorError(
        "token.unsupported", .failed,
        "the token of keyslot \(keyslot) is of a form that Coffer does not write",
        hint: "enroll a keyslot beside it, and retire this one")
    }
    let signed =
      try token.publicKeyPCRs.isEmpty
      ? nil
      : SignedPCRs(
        Set(token.publicKeyPCRs), signedBy: token.publicKey ?? [],
        of: "the token of keyslot \(keyslot)")
    return EnrollmentRequest(
      profile: profile, pcrs: Set(token.pcrs), bank: token.bank ?? .sha256, signed: signed,
      hasPIN: token.hasPIN, unextended: unextended)
  }
}
