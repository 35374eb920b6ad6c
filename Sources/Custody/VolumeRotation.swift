internal import LocalFiles
internal import SecretMemory
package import SystemPackage
internal import TrustedHardware
internal import Vocabulary

/// Changes the volume key: every keyslot and token gets another for a new key, then the data is
/// encrypted anew, then the old ones go.
///
/// It can be cut off anywhere. Until the data is encrypted anew, what opened the volume opens it still;
/// while it is, what is typed opens it; after that, all does.
package struct VolumeRotation {
  // A step is lost at a crash and made again; between two the header is written, and a stop is heeded.
  private static let hotzones = 64
  private static let leastHotzone = 1 << 20
  private static let mostHotzone = 128 << 20

  private let editor: VolumeEditor
  private let secrets: RotationSecrets
  private let scratch: FilePath

  /// - Parameters:
  ///   - editor: the volume.
  ///   - secrets: finds what opens its keyslots.
  ///   - scratch: a folder in which the header lies for a moment, as for a backup of it.
  package init(_ editor: VolumeEditor, _ secrets: RotationSecrets, scratch: FilePath) {
    (self.editor, self.secrets, self.scratch) = (editor, secrets, scratch)
  }

  /// Makes the keyslots and tokens of a new volume key, each opened for real, and writes into the header
  /// that the data is being encrypted anew.
  ///
  /// Nothing of it is, yet. `check` is asked between steps; what it throws takes all back.
  ///
  /// - Throws: `OperatorError` `rotate.unproven`, or what volume or TPM fail with; the volume is as it
  ///   was then.
  func begin(_ plan: RotationPlan, check: () throws -> Void) throws {
    let mark = plan.mark
    do {
      try editor.write(mark, at: plan.place)
      let key = VolumeKey.random(size: plan.volume.volumeKeySize)
      for (place, (pair, secret)) in zip(mark.keyslots, plan.secrets).enumerated() {
        try check()
        try editor.carry(pair, to: key, openedBy: secret, isFirst: place == 0)
      }
      for pair in mark.tokens {
        try check()
        try editor.carryToken(pair, toKeyslots: newKeyslots(pair, plan), of: key) { token in
          try token.tpm2.map { try secrets.passphrase(of: $0) }
        }
      }
      try check()
      try initialize(plan)
    } catch {
      try undo(error)
    }
    try editor.checkpoints.reach(.reencryptionBegun)
  }

  private func newKeyslots(_ token: RotationMark.Pair, _ plan: RotationPlan) -> [Int] {
    let old = plan.volume.tokens.first { $0.number == token.old }?.keyslots ?? []
    return plan.mark.keyslots.filter { old.contains($0.old) }.map(\.new)
  }

  private func initialize(_ plan: RotationPlan) throws {
    guard
      let (pair, secret) = zip(plan.mark.keyslots, plan.secrets).first(where: { _, secret in
        secret.isTypeable
          && plan.volume.keyslots.contains {
            $0.number == secret.keyslot && plan.volume.needsNoTPM($0)
          }
      })
    else { preconditionFailure("the plan was refused") }
    try LUKSDevice(editor.path).beginReencryption(
      by: secret.text, from: pair.old, to: pair.new, mappedAs: plan.mapping)
  }

  private func undo(_ error: any Error) throws -> Never {
    // If the header says already that the data is encrypted anew, the next run goes on.
    let isBegun = try LUKSDevice(editor.path).reencryption != .none
    if !isBegun {
      do {
        _ = try editor.settle()
      } catch let second as OperatorError {
        throw OperatorError(
          "luks.not-undone", .failed,
          "\(error), and what was begun cannot be undone: \(second.message)",
          hint: "what opened the volume before opens it still; the next change cleans up")
      }
    }
    throw error
  }

  /// Encrypts the data anew, from where an earlier run left it.
  ///
  /// `progress` is told of the bytes that are done and of all; false stops in order.
  ///
  /// - Returns: whether it is done.
  /// - Throws: `OperatorError` `rotate.wrong-key` where nothing given opens the keyslots,
  ///   `luks.in-use`, `luks.failed`.
  func encrypt(
    _ mark: RotationMark, mappedAs mapping: String?, by known: [KeyslotSecret],
    _ progress: @escaping (_ done: Int, _ total: Int) -> Bool
  ) throws -> Bool {
    if try isReencrypted() {
      // libcryptsetup must not be let on it: see `LUKSHeaderImage`.
      try end()
      return true
    }
    var loaded = Loaded.wrongKey
    for secret in known where loaded.isWrongKey {
      loaded = try load(secret.text, mark, mapping)
    }
    if loaded.isWrongKey {
      _ = try secrets.candidates(for: mark.keyslots, of: editor.volume()) {
        loaded = try load($0, mark, mapping)
        return !loaded.isWrongKey
      }
    }
    guard !loaded.isWrongKey else {
      throw OperatorError(
        "rotate.wrong-key", .noIdentity,
        "nothing that was given opens a keyslot of the old volume key of \(editor.path) and the one "
          + "that takes its place",
        hint: "give a passphrase that was carried over with --unlock-key-file, or the recovery key "
          + "with --recovery-key-file")
    }
    guard case .ready(let volume) = loaded else { return true }
    let checkpoints = editor.checkpoints
    let hotzone = try hotzone()
    var (failure, isEnded): ((any Error)?, Bool) = (nil, false)
    do {
      try volume.device.runReencryption { done, total in
        checkpoints.progress(percent: total > 0 ? done * 100 / total : 100)
        do {
          // What is told lags behind what is done by one piece.
          if total - done <= hotzone, failure == nil, !isEnded, try isReencrypted() {
            try checkpoints.reach(.reencryptionComplete)
            // Where this fails, libcryptsetup ends it after this, in more writes than one.
            isEnded = (try? end()) != nil
          }
        } catch {
          failure = error
        }
        return progress(done, total) && failure == nil
      }
    } catch let error as OperatorError where isEnded {
      // libcryptsetup finds a header that it did not write, and leaves it alone.
      guard try LUKSDevice(editor.path).reencryption == .none else { throw error }
    }
    if let failure { throw failure }
    return try LUKSDevice(editor.path).reencryption == .none
  }

  /// Whether all data is under the new key, and the header does not say so yet.
  private func isReencrypted() throws -> Bool {
    let device = try LUKSDevice(editor.path)
    return try device.reencryption == .clean && device.layout().isReencrypted
  }

  /// Writes into the header that all is done, in one write, and has the old keyslots go.
  private func end() throws {
    // Loaded before it is read, for a damaged copy is repaired by that.
    let before = try HeaderImage.copied(from: LUKSDevice(editor.path), in: scratch) {
      _ = try LUKSDevice($0)
    }
    var bytes = try LocalPath(before.file).read()
    defer { bytes.wipe() }
    try LUKSHeaderImage.endReencryption(in: &bytes)
    let after = try HeaderImage.of(bytes, in: scratch)
    let old = try LUKSDevice(editor.path)
    let new = try LUKSDevice(after.file)
    guard new.uuid == old.uuid, new.reencryption == .none,
      let digest = new.header.volumeKeyDigest, old.header.volumeKeyDigests.contains(digest)
    else {
      throw OperatorError(
        "luks.damaged", .mismatch, "the end of the reencryption cannot be written")
    }
    try LUKSDevice.writeHeader(from: after.file, over: editor.path)
  }

  /// Has a passphrase open an old keyslot and the new one that takes its place, recovers what a
  /// cut-off left, and takes the reencryption up.
  private func load(
    _ text: borrowing SecretBytes, _ mark: RotationMark, _ mapping: String?
  ) throws -> Loaded {
    for pair in mark.keyslots {
      if try LUKSDevice(editor.path).reencryption == .crash {
        guard
          try LUKSDevice(editor.path).recoverReencryption(by: text, from: pair.old, to: pair.new)
        else { continue }
        // The piece that was recovered may have been the last.
        if try LUKSDevice(editor.path).reencryption == .none { return .done }
      }
      let volume = try OpenVolume(editor.path)
      if try volume.device.loadReencryption(
        by: text, from: pair.old, to: pair.new, mappedAs: mapping, hotzone: hotzone())
      {
        return .ready(volume)
      }
    }
    return .wrongKey
  }

  private enum Loaded {
    case wrongKey
    case done
    case ready(OpenVolume)

    var isWrongKey: Bool { if case .wrongKey = self { true } else { false } }
  }

  private final class OpenVolume {
    let device: LUKSDevice
    init(_ path: FilePath) throws { device = try LUKSDevice(path) }
  }

  private func hotzone() throws -> Int {
    let offset = try LUKSDevice(editor.path).layout().dataOffset
    return Self.hotzone(for: LUKSDevice.dataSize(of: editor.path, from: offset) ?? 0)
  }

  private static func hotzone(for size: Int) -> Int {
    let wanted = min(max(size / hotzones, leastHotzone), mostHotzone)
    return wanted / leastHotzone * leastHotzone
  }

  /// Gives the new tokens their numbers, and opens every keyslot that can be opened.
  ///
  /// What opened the old keyslots is not `known` where an earlier run knew it.
  ///
  /// - Returns: what came of each keyslot.
  /// - Throws: `OperatorError` `rotate.unproven` where one that was opened before does not open.
  func finish(_ mark: RotationMark, by known: [KeyslotSecret]) throws -> [KeyslotProof] {
    try editor.moveTokens(mark)
    let device = try LUKSDevice(editor.path)
    let volume = Volume(device, at: editor.path)
    guard let digest = device.header.volumeKeyDigest, digest != mark.oldDigest else {
      throw OperatorError(
        "rotate.unproven", .mismatch, "\(editor.path) still has its old volume key",
        hint: "run it again")
    }
    return try mark.keyslots.map { pair in
      let token = volume.tokens(of: pair.new).first
      return KeyslotProof(
        keyslot: pair.new, token: token?.number, kind: token?.type ?? "passphrase",
        outcome: try outcome(
          pair, token, device, known: known.first { $0.keyslot == pair.old }))
    }
  }

  private func outcome(
    _ pair: RotationMark.Pair, _ token: VolumeToken?, _ device: borrowing LUKSDevice,
    known: KeyslotSecret?
  ) throws -> KeyslotProof.Outcome {
    if let known, token?.tpm2 == nil {
      return try device.opened(by: known.text, at: .keyslot(pair.new)) == pair.new
        ? .opened : .refused(doesNotOpen(pair.new))
    }
    let volume = Volume(device, at: editor.path)
    let (found, missing) = try secrets.find(
      [pair.new], of: volume.device, named: [pair.new: pair.old])
    guard let secret = found.first else {
      let reason = missing.first?.reason ?? "nothing at hand opens it"
      return known == nil ? .untested(reason) : .refused(doesNotOpen(pair.new))
    }
    return try device.opened(by: secret.text, at: .keyslot(pair.new)) == pair.new
      ? .opened : .refused(doesNotOpen(pair.new))
  }

  /// What `fixate-volume-key=` in crypttab wants for the new volume key.
  ///
  /// - Returns: nil where nothing at hand opens the volume.
  /// - Throws: `OperatorError` of the kinds that opening a volume fails with.
  package func fixation(name: String, by known: [KeyslotSecret]) throws -> String? {
    let device = try LUKSDevice(editor.path)
    let volume = Volume(device, at: editor.path)
    for secret in known {
      if let key = try device.volumeKey(from: secret.text) {
        return key.fixation(name: name, uuid: volume.uuid)
      }
    }
    var fixation: String?
    _ = try secrets.candidates(for: [], of: volume) { text in
      guard let key = try LUKSDevice(editor.path).volumeKey(from: text) else { return false }
      fixation = key.fixation(name: name, uuid: volume.uuid)
      return true
    }
    return fixation
  }

  private func doesNotOpen(_ keyslot: Int) -> OperatorError {
    OperatorError(
      "rotate.unproven", .mismatch,
      "keyslot \(keyslot) opened before the data was encrypted anew, and does not open now")
  }
}
