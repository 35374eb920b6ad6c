internal import SecretMemory
internal import SystemPackage
internal import TrustedHardware
internal import Vocabulary

extension VolumeEditor {
  /// Ends what a change of the volume key left: before any data was encrypted anew, its keyslots and
  /// tokens go; after all was, the new tokens take the numbers of the old ones.
  ///
  /// - Throws: `OperatorError` of the kinds that volumes fail with.
  func settle(_ mark: RotationMark) throws {
    if try LUKSDevice(path).header.volumeKeyDigest == mark.oldDigest {
      try undo(mark)
    } else {
      try moveTokens(mark)
    }
  }

  private func undo(_ mark: RotationMark) throws {
    let volume = try volume()
    let cost = Dictionary(
      volume.keyslots.map { ($0.number, $0.kdf) }, uniquingKeysWith: { first, _ in first })
    for pair in mark.keyslots {
      guard let slot = volume.keyslots.first(where: { $0.number == pair.new }),
        // Whoever else put a keyslot there meanwhile keeps it.
        slot.state == .unbound, slot.type == "luks2", slot.kdf?.costs == cost[pair.old]??.costs
      else { continue }
      try LUKSDevice(path).destroyKeyslot(pair.new)
    }
    for pair in mark.tokens {
      let device = try LUKSDevice(path)
      guard let token = device.header.tokens.first(where: { $0.number == pair.new }),
        token.keyslots.isEmpty, VolumeToken(token).isSystemds
      else { continue }
      try device.removeToken(pair.new)
    }
  }

  /// Gives the new tokens the numbers of the old ones, which have lost their keyslots.
  ///
  /// The order in which systemd asks them stays. One write replaces a token by another.
  func moveTokens(_ mark: RotationMark) throws {
    for pair in mark.tokens {
      let device = try LUKSDevice(path)
      guard let token = device.header.tokens.first(where: { $0.number == pair.new }),
        !token.keyslots.isEmpty, VolumeToken(token).isSystemds
      else { continue }
      try device.writeToken(.object(token.json), at: pair.old)
      try checkpoints.reach(.rotationTokenMoved)
      try device.removeToken(pair.new)
    }
    for token in try volume().tokens
    where token.keyslots.isEmpty && mark.droppedTokens.contains(token.number) {
      try LUKSDevice(path).removeToken(token.number)
    }
  }

  /// The change of the volume key that is under way and cannot be taken back any more; nil where none
  /// is.
  ///
  /// - Throws: `OperatorError` `luks.reencryption` where somebody else began to encrypt the data anew.
  package func rotationUnderWay() throws -> RotationMark? {
    let device = try LUKSDevice(path)
    let mark = Volume(device, at: path).rotation?.mark
    if device.reencryption == .none {
      return mark.flatMap { device.header.volumeKeyDigest == $0.oldDigest ? nil : $0 }
    }
    guard let mark else {
      if try device.layout().isReencrypted { throw Self.unended(path) }
      throw OperatorError(
        "luks.reencryption", .refused,
        "the data of \(path) is being encrypted anew, and not by Coffer",
        hint: "go on with what began it: cryptsetup reencrypt --resume-only")
    }
    return mark
  }

  private static func unended(_ path: FilePath) -> OperatorError {
    OperatorError(
      "luks.reencryption", .refused,
      "all data of \(path) is encrypted anew, not by Coffer, and the end of that was cut off",
      hint: "do not run cryptsetup reencrypt on it: version 2.6.1 garbles the data then; open it, "
        + "and save the data")
  }

  /// Writes the mark of a change of the volume key.
  func write(_ mark: RotationMark, at token: Int) throws {
    try LUKSDevice(path).writeToken(PendingChange.rotation(mark).json, at: token)
    try checkpoints.reach(.rotationMarked)
  }

  /// Removes it.
  func removeRotationMark() throws {
    if let token = try volume().rotation?.token { try LUKSDevice(path).removeToken(token) }
    try checkpoints.reach(.rotationUnmarked)
  }

  /// Adds a keyslot of the new volume key in place of another, and opens it.
  func carry(
    _ pair: RotationMark.Pair, to key: borrowing VolumeKey, openedBy secret: KeyslotSecret,
    isFirst: Bool
  ) throws {
    let device = try LUKSDevice(path)
    try device.addUnboundKeyslot(
      pair.new, like: pair.old, for: key, openedBy: secret.text, isFirst: isFirst)
    let again = try LUKSDevice(path)
    guard let opened = try again.volumeKey(from: secret.text, at: .keyslot(pair.new)),
      opened.matches(key)
    else { throw uncarried("what opens keyslot \(pair.old) does not open keyslot \(pair.new)") }
    let slots = again.header.keyslots
    guard let old = slots.first(where: { $0.number == pair.old }),
      let new = slots.first(where: { $0.number == pair.new }), new.kdf?.costs == old.kdf?.costs,
      new.priority == old.priority
    else {
      throw uncarried(
        "this machine has not the memory or the processors to make keyslot \(pair.new) as costly to "
          + "guess as keyslot \(pair.old)")
    }
    try checkpoints.reach(.rotationKeyslotAdded)
  }

  /// Writes a copy of a token for the new keyslot, and has it open that.
  ///
  /// `proof` opens the token as it was read back from the disk, and gives the passphrase.
  func carryToken(
    _ pair: RotationMark.Pair, toKeyslots keyslots: [Int], of key: borrowing VolumeKey,
    proof: (VolumeToken) throws -> SecretBytes?
  ) throws {
    let device = try LUKSDevice(path)
    guard let old = device.header.tokens.first(where: { $0.number == pair.old }) else {
      throw uncarried("token \(pair.old) is gone")
    }
    var json = old.json
    json["keyslots"] = .list(keyslots.map { .text(String($0)) })
    try device.writeToken(.object(json), at: pair.new)
    let again = try LUKSDevice(path)
    guard let new = again.header.tokens.first(where: { $0.number == pair.new }),
      new.json == json
    else { throw uncarried("token \(pair.new) reads back as another one") }
    if let passphrase = try proof(VolumeToken(new)), let keyslot = keyslots.first {
      guard let opened = try again.volumeKey(from: passphrase, at: .keyslot(keyslot)),
        opened.matches(key)
      else { throw uncarried("what token \(pair.new) gives does not open keyslot \(keyslot)") }
    }
    try checkpoints.reach(.rotationTokenWritten)
  }

  private func uncarried(_ why: String) -> OperatorError {
    OperatorError("rotate.unproven", .mismatch, "\(why); the volume key was not changed")
  }
}

extension KeyDerivation {
  /// What it costs, without what says nothing of that.
  fileprivate var costs: [Int?] { [iterations, time, memory, cpus, type == "argon2id" ? 1 : 0] }
}
