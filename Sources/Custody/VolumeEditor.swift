internal import Glibc
internal import SecretMemory
package import SystemPackage
internal import TrustedHardware
internal import Vocabulary

/// Changes a volume's keyslots and tokens, so that each change can be cut off anywhere.
///
/// Each look at the volume is a new one from the disk.
package struct VolumeEditor: Sendable {
  /// Where the volume is.
  package let path: FilePath
  let checkpoints: Checkpoints
  private let lock: VolumeLock

  /// Takes a volume that can be written and is not being encrypted anew.
  ///
  /// No other run of Coffer changes it while this value or a copy is there.
  ///
  /// - Parameters:
  ///   - path: where it is.
  ///   - checkpoints: who is told of the steps.
  ///   - isRotating: whether one that is being encrypted anew is taken, too.
  /// - Throws: `OperatorError` `luks.read-only`, `luks.locked`, `luks.reencryption`, or what opening it
  ///   fails with.
  package init(_ path: FilePath, checkpoints: Checkpoints, isRotating: Bool = false) throws {
    self.path = path
    self.checkpoints = checkpoints
    let device = try LUKSDevice(path)
    lock = try VolumeLock(path)
    guard isRotating || device.reencryption == .none else {
      throw OperatorError(
        "luks.reencryption", .refused,
        "the data of \(path) is being encrypted anew; nothing else is changed until that is done",
        hint: "'coffer-custody luks rotate-volume-key' goes on with what it began, and says so "
          + "where another program must")
    }
  }

  /// The volume as it is on the disk now.
  package func volume() throws -> Volume { Volume(try LUKSDevice(path), at: path) }

  /// Ends what an earlier run began: what was not proven goes, what was to go goes.
  ///
  /// A replacement that waits for a restart stays.
  ///
  /// - Returns: what was ended.
  /// - Throws: `OperatorError` of the kinds that volumes fail with.
  package func settle() throws -> [PendingChange] {
    var settled: [PendingChange] = []
    try forgetReplacements()
    for token in try volume().tokens {
      guard case .pending(let change) = token.kind else { continue }
      switch change {
      case .addition(let keyslot, let number): try undo(keyslot: keyslot, token: number)
      case .retirement(let keyslot, let move): try destroy(keyslot, moving: move)
      case .rotation(let mark): try settle(mark)
      case .replacement: continue
      }
      try LUKSDevice(path).removeToken(token.number)
      settled.append(change)
    }
    return settled
  }

  /// Adds a keyslot and its token, and proves both before they count.
  ///
  /// - Parameters:
  ///   - sealed: the token, and what opens the keyslot.
  ///   - place: a keyslot and a token that are free.
  ///   - key: the volume key.
  ///   - old: a keyslot that goes as soon as the new one is proven; nil for none.
  ///   - proof: opens the token as it was read back from the disk, and gives the passphrase.
  /// - Throws: whatever failed; the volume is as it was.
  func add(
    _ sealed: borrowing SealedKeyslot, at place: FreePlace, for key: borrowing VolumeKey,
    retiring old: Int? = nil, proof: (VolumeToken) throws -> SecretBytes
  ) throws {
    let change = PendingChange.addition(keyslot: place.keyslot, token: place.token)
    let next = try old.map { old in
      PendingChange.retirement(keyslot: old, moving: try move(place.token, toTokenOf: old))
    }
    try changing(change, at: place.mark, then: next) {
      try write(sealed, at: place, for: key)
      let again = try LUKSDevice(path)
      guard let token = again.header.tokens.first(where: { $0.number == place.token }) else {
        throw unproven("token \(place.token) cannot be read back")
      }
      let passphrase = try proof(VolumeToken(token))
      guard try again.opened(by: passphrase, at: .keyslot(place.keyslot)) == place.keyslot else {
        throw unproven("what token \(place.token) gives does not open keyslot \(place.keyslot)")
      }
      try checkpoints.reach(.tokenOpened)
    }
    if case .retirement(let old, let move)? = next {
      try finishRetiring(old, moving: move, markedAt: place.mark)
    }
    try checkpoints.reach(.unmarked)
  }

  /// Adds a keyslot for PCR values to come, beside the one that it will replace.
  ///
  /// What can be proven now is proven: the keyslot opens by its passphrase.
  func stage(
    _ sealed: borrowing SealedKeyslot, at place: FreePlace, for key: borrowing VolumeKey,
    replacing old: Int
  ) throws {
    let change = PendingChange.addition(keyslot: place.keyslot, token: place.token)
    let waiting = PendingChange.replacement(
      keyslot: place.keyslot, token: place.token, old: old)
    try changing(change, at: place.mark, then: waiting) {
      try write(sealed, at: place, for: key)
    }
    try checkpoints.reach(.unmarked)
  }

  /// Destroys a keyslot, with the tokens that have no other.
  ///
  /// Whether another way in is left was asked before.
  func retire(_ keyslot: Int) throws {
    let tokens = Set(try volume().tokens.map(\.number))
    if let mark = (0..<32).last(where: { !tokens.contains($0) }) {
      try LUKSDevice(path).writeToken(PendingChange.retirement(keyslot: keyslot).json, at: mark)
      try finishRetiring(keyslot, markedAt: mark)
    } else {
      // No room to say so; a keyslot whose area is wiped already is destroyed by the next try.
      try destroy(keyslot)
    }
    try forgetReplacements()
  }

  /// Takes away what says that a keyslot waits to replace another, where either is gone: whoever gets
  /// that number next does not wait for it.
  private func forgetReplacements() throws {
    let volume = try volume()
    for mark in volume.tokens {
      guard case .pending(.replacement(let keyslot, let token, let old)) = mark.kind else {
        continue
      }
      let waits = volume.tokens(of: keyslot).contains { $0.number == token }
      if !waits || !volume.keyslots.contains(where: { $0.number == old }) {
        try LUKSDevice(path).removeToken(mark.number)
      }
    }
  }

  /// Has the old keyslot of a replacement go, the new one being proven.
  func endReplacement(token: Int, markedAt mark: Int, retiring old: Int) throws {
    let move = try move(token, toTokenOf: old)
    let change = PendingChange.retirement(keyslot: old, moving: move)
    try LUKSDevice(path).writeToken(change.json, at: mark)
    try finishRetiring(old, moving: move, markedAt: mark)
    try forgetReplacements()
  }

  private func finishRetiring(
    _ keyslot: Int, moving move: PendingChange.TokenMove? = nil, markedAt mark: Int
  ) throws {
    try checkpoints.reach(.retirementMarked)
    try destroy(keyslot, moving: move)
    try LUKSDevice(path).removeToken(mark)
    try checkpoints.reach(.retired)
  }

  /// The token that replaces another keeps its place in the order.
  private func move(_ token: Int, toTokenOf old: Int) throws -> PendingChange.TokenMove? {
    let there = try volume().tokens(of: old).first { $0.keyslots == [old] }?.number
    return there.flatMap { $0 < token ? PendingChange.TokenMove(from: token, to: $0) : nil }
  }

  private func write(
    _ sealed: borrowing SealedKeyslot, at place: FreePlace, for key: borrowing VolumeKey
  ) throws {
    let device = try LUKSDevice(path)
    try device.addKeyslot(place.keyslot, for: key, openedBy: sealed.passphrase)
    try checkpoints.reach(.keyslotAdded)
    guard try device.opened(by: sealed.passphrase, at: .keyslot(place.keyslot)) == place.keyslot
    else { throw unproven("the passphrase of keyslot \(place.keyslot) does not open it") }
    try checkpoints.reach(.keyslotOpened)
    try device.writeToken(sealed.token, at: place.token)
    try checkpoints.reach(.tokenWritten)
  }

  /// Marks a change as begun, makes it, and marks it as ended; undoes it where it fails.
  private func changing(
    _ change: PendingChange, at mark: Int, then waiting: PendingChange? = nil,
    _ body: () throws -> Void
  ) throws {
    try LUKSDevice(path).writeToken(change.json, at: mark)
    do {
      try checkpoints.reach(.marked)
      try body()
      if let waiting {
        try LUKSDevice(path).writeToken(waiting.json, at: mark)
      } else {
        try LUKSDevice(path).removeToken(mark)
      }
    } catch {
      do {
        _ = try settle()
      } catch let second as OperatorError {
        throw OperatorError(
          "luks.not-undone", .failed,
          "\(error), and what was begun cannot be undone: \(second.message)",
          hint: "what opened the volume before opens it still; the next change cleans up")
      }
      throw error
    }
  }

  private func undo(keyslot: Int, token: Int) throws {
    let volume = try volume()
    // Whoever else added a keyslot there meanwhile keeps it: it has a token of its own, or costs more
    // than a random secret needs.
    let isOurs =
      volume.keyslots.first { $0.number == keyslot }?.kdf?.isMinimal == true
      && volume.tokens(of: keyslot).allSatisfy { $0.number == token }
    if isOurs { try LUKSDevice(path).destroyKeyslot(keyslot) }
    let device = try LUKSDevice(path)
    if device.header.tokens.contains(where: { $0.number == token && $0.keyslots.isEmpty }) {
      try device.removeToken(token)
    }
  }

  private func destroy(_ keyslot: Int, moving move: PendingChange.TokenMove? = nil) throws {
    if let move { try apply(move) }
    let volume = try volume()
    // Those without a keyslot are what an earlier run left when it was cut off here.
    let tokens = volume.tokens.filter {
      $0.keyslots == [keyslot] || ($0.keyslots.isEmpty && $0.isSystemds)
    }.map(\.number)
    if volume.keyslots.contains(where: { $0.number == keyslot }) {
      try LUKSDevice(path).destroyKeyslot(keyslot)
    }
    try checkpoints.reach(.keyslotDestroyed)
    for token in tokens { try LUKSDevice(path).removeToken(token) }
    try checkpoints.reach(.tokenRemoved)
  }

  /// Puts a token over the one that it replaces: there is no moment without one of them in that place.
  private func apply(_ move: PendingChange.TokenMove) throws {
    let device = try LUKSDevice(path)
    guard let token = device.header.tokens.first(where: { $0.number == move.from }) else { return }
    try device.writeToken(.object(token.json), at: move.to)
    try checkpoints.reach(.tokenMoved)
    try device.removeToken(move.from)
  }

  private func unproven(_ why: String) -> OperatorError {
    OperatorError("luks.unproven", .mismatch, "\(why); nothing was changed")
  }
}
