internal import LocalFiles
package import SecretMemory
package import SystemPackage
package import TrustedHardware
internal import Vocabulary

/// Seals a secret into a file that is proven before it has its name.
///
/// Order: sealed; written under a temporary name, synced, read back from there and opened in a fresh
/// connection to the TPM; named; and only then the counter moves on, which closes the file that is
/// replaced. Whatever is cut off leaves the old file or the new one, and one of them opens.
package struct SecretSealing: Sendable {
  private let request: SealingRequest
  private let address: TPMAddress
  private let steps: SealingSteps

  /// - Parameters:
  ///   - request: what the secret is sealed to.
  ///   - tpm: who seals.
  ///   - steps: who is told of the steps.
  package init(_ request: SealingRequest, by tpm: TPMAddress, steps: SealingSteps = SealingSteps())
  {
    self.request = request
    address = tpm
    self.steps = steps
  }

  /// Seals a secret.
  ///
  /// - Parameters:
  ///   - secret: 1 byte to 64 KiB.
  ///   - path: where the file goes; nothing is there but the file that is replaced, or what a run that
  ///     was cut off has left.
  ///   - old: the file that is replaced, and opens no more after that; nil where there is none.
  ///   - pin: asked for twice, for sealing and for the proof, where there is one.
  /// - Returns: what was written.
  /// - Throws: `OperatorError` `seal.size`, `seal.locked`, `output.exists`, `seal.unproven`,
  ///   `seal.unwritable`; `seal.unfinished` where the new file is good and the old one still opens;
  ///   or what PCRs, counters and TPMs are refused with.
  package func seal(
    _ secret: borrowing SecretBytes, to path: FilePath, replacing old: FilePath? = nil,
    pin: () throws -> PIN
  ) throws -> SealedSecret {
    guard (1...SealedSecret.largest).contains(secret.count) else {
      throw OperatorError(
        "seal.size", .usage,
        "the secret has \(secret.count) bytes; 1 to \(SealedSecret.largest) are "
          + "sealed")
    }
    // A link would be replaced, and what it leads to would stay.
    let place = SealingPlace(LocalPath(path).canonical, replacing: old)
    let locks = try FolderLocks(of: [path] + (old.map { [$0] } ?? []))
    defer { withExtendedLifetime(locks) {} }
    let former = try old.map { try SealedSecret(from: $0) }
    let (sealed, claim) = try prepare(secret, place, former, pin: pin)
    do {
      try steps.reach(.sealed)
      try place.write(sealed)
      try steps.reach(.written)
      try prove(place.temporary, is: sealed, holding: secret, pin: pin)
      try steps.reach(.proven)
      try place.publish()
    } catch {
      place.discard()
      if let claim, claim.isNew { try? address.connect().remove(claim.limit.counter) }
      throw error
    }
    try finish(sealed, place, holding: secret, pin: pin)
    return sealed
  }

  /// Seals in a connection of its own, which is closed when this returns.
  private func prepare(
    _ secret: borrowing SecretBytes, _ place: SealingPlace, _ former: SealedSecret?,
    pin: () throws -> PIN
  ) throws -> (SealedSecret, CounterClaim?) {
    let tpm = try address.connect()
    try tpm.properties().lockout.requireRoomForSealing()
    let values = try request.pcrs.values(in: tpm)
    let reference = try tpm.persist(.storageRootKey)
    let parent = StorageParent.persistent(reference: reference)
    let remains = try place.remains(of: former) { limit in
      try tpm.value(of: limit.counter, under: parent) < limit.value
    }
    let claim = try CounterClaim.make(
      request.counter, replacing: former, and: remains, in: tpm, under: parent)
    do {
      if let claim, claim.isNew { try steps.reach(.counterMade) }
      let bank = values.isEmpty ? nil : request.pcrs.bank
      let policy = SealedSecretHeader.policy(
        bank: bank, values: values, counter: claim?.limit, hasPIN: request.hasPIN)
      let salt =
        request.hasPIN ? Randomness.bytes(count: SealedSecretHeader.saltSize) : nil
      let key = SecretBytes.random(count: SealedSecret.keySize)
      let blob: [UInt8]
      if let salt {
        blob = try tpm.seal(
          key, policy: policy, authorization: pin().authorization(salt: salt), under: parent)
      } else {
        blob = try tpm.seal(
          key, policy: policy, authorization: AuthorizationValue(), under: parent)
      }
      let header = SealedSecretHeader(
        purpose: request.purpose, created: Timestamp.now(), bank: bank, values: values, salt: salt,
        counter: claim?.limit, blob: blob, parent: reference)
      let preamble = try SealedSecret.preamble(header)
      let ciphertext = SealedSecret.encrypt(secret, with: key, beside: preamble)
      return (SealedSecret(header, preamble: preamble, ciphertext: ciphertext), claim)
    } catch {
      if let claim, claim.isNew { try? tpm.remove(claim.limit.counter) }
      throw error
    }
  }

  /// Reads a file from its disk, and opens it in a fresh connection.
  private func prove(
    _ file: FilePath, is sealed: SealedSecret, holding secret: borrowing SecretBytes,
    pin: () throws -> PIN
  ) throws {
    let written = try SealedSecret(from: file)
    guard written == sealed, try written.open(by: address, pin: pin).matches(secret) else {
      throw OperatorError(
        "seal.unproven", .mismatch,
        "\(file) was read back, and is not what was written or does not open to what was sealed",
        hint: "is the disk in order? nothing was replaced")
    }
  }

  /// Closes what is replaced: the new file has its name, and both open.
  private func finish(
    _ sealed: SealedSecret, _ place: SealingPlace, holding secret: borrowing SecretBytes,
    pin: () throws -> PIN
  ) throws {
    do {
      try place.sync()
      try steps.reach(.named)
      try close(sealed)
      try prove(place.path, is: sealed, holding: secret, pin: pin)
      try steps.reach(.provenAgain)
    } catch {
      let problem = error as? OperatorError
      throw OperatorError(
        "seal.unfinished", .partly,
        "\(place.path) is sealed and was opened, but what it replaces may still open: "
          + (problem?.message ?? "\(error)"),
        hint: "seal it once more: --replace \(place.path) --out \(place.path)")
    }
  }

  /// Moves the counter to the file's value, step by step.
  private func close(_ sealed: SealedSecret) throws {
    guard let limit = sealed.header.counter else { return }
    let tpm = try address.connect()
    let parent = StorageParent.persistent(reference: sealed.header.parent)
    while try tpm.value(of: limit.counter, under: parent) < limit.value {
      try tpm.advance(limit.counter)
      try steps.reach(.counterMoved)
    }
  }
}
