package import CustodyRecords
package import SystemPackage
internal import TrustedHardware
package import Vocabulary

extension GuardedChange {
  private static let rotation = "luks.rotate-volume-key"

  /// What came of a change of the volume key.
  package struct RotationReceipt: Sendable {
    /// What came of opening each keyslot.
    package let proofs: [KeyslotProof]
    /// The backup of the new header.
    package let backup: HeaderBackup
    /// Older backups whose files could not be marked; the record expires them all the same.
    package let unmarked: [FilePath]
    /// `LUKSHeader.volumeKeyDigest` before and after.
    package let digests: (old: SHA256Digest?, new: SHA256Digest?)
    /// The record's new head.
    package let head: RecordHead
  }

  /// Changes the volume key as planned.
  ///
  /// - Parameters:
  ///   - rotation: changes it.
  ///   - plan: what was shown.
  ///   - check: asked between steps; what it throws stops in order.
  ///   - progress: told of the bytes that are encrypted anew and of all.
  /// - Returns: what was written around it.
  /// - Throws: `OperatorError`: whatever failed before the data was touched, with all taken back;
  ///   `rotate.interrupted` where it was stopped after that.
  package func rotate(
    _ rotation: VolumeRotation, _ plan: RotationPlan, check: @escaping () throws -> Void,
    progress: @escaping (_ done: Int, _ total: Int) -> Void
  ) throws -> RotationReceipt {
    let before = try JSONDocument.value(of: WaysIn(plan.volume))
    let backup = try backUp()
    try checkpoints.reach(.backedUp)
    let digests = ["headerBackup": backup.facts.ageSHA256, "oldVolumeKey": plan.mark.oldDigest]
    func entry(_ outcome: CustodyAction.Outcome, _ more: [String: JSONValue] = [:]) throws {
      try record.append(
        CustodyAction(
          Self.rotation, on: subject(plan.volume), before: before,
          after: JSONDocument.value(of: WaysIn(editor.volume())),
          details: plan.recordDetails.merging(more) { $1 }, digests: digests, outcome: outcome))
    }
    try entry(.begun)
    do {
      try rotation.begin(plan, check: check)
    } catch {
      let code = (error as? OperatorError)?.code ?? "unexpected"
      // What failed first is what the operator is told. What is begun in the header goes on.
      if (try? LUKSDevice(editor.path).reencryption) == ReencryptionState.none {
        _ = try? entry(.rolledBack, ["error": .text(code)])
      }
      throw error
    }
    return try goOn(
      rotation, plan.mark, mappedAs: plan.mapping, by: plan.secrets, check: check,
      progress: progress)
  }

  /// Goes on with a change of the volume key that an earlier run began: encrypts what is left, and
  /// ends it.
  ///
  /// - Parameters:
  ///   - rotation: changes it.
  ///   - mark: what the volume's header says of it.
  ///   - mapping: the name that the volume is mapped by.
  ///   - secrets: what opened the old keyslots; empty where an earlier run knew it.
  ///   - check: asked between steps; what it throws stops in order.
  ///   - progress: told of the bytes that are encrypted anew and of all.
  /// - Returns: what was written around it.
  /// - Throws: as `rotate`.
  package func goOn(
    _ rotation: VolumeRotation, _ mark: RotationMark, mappedAs mapping: String?,
    by secrets: [KeyslotSecret] = [], check: @escaping () throws -> Void,
    progress: @escaping (_ done: Int, _ total: Int) -> Void
  ) throws -> RotationReceipt {
    _ = try place()
    let unmarked = try expireBackups()
    try checkpoints.reach(.backupsExpired)
    if try LUKSDevice(editor.path).reencryption != .none {
      try encrypt(rotation, mark, mapping, secrets, check, progress)
    }
    try checkpoints.reach(.reencrypted)
    let proofs = try rotation.finish(mark, by: secrets)
    try editor.removeRotationMark()
    return try close(mark.oldDigest, mark.recordDetails, proofs, unmarked)
  }

  private func encrypt(
    _ rotation: VolumeRotation, _ mark: RotationMark, _ mapping: String?,
    _ secrets: [KeyslotSecret], _ check: @escaping () throws -> Void,
    _ progress: @escaping (_ done: Int, _ total: Int) -> Void
  ) throws {
    let isDone = try rotation.encrypt(mark, mappedAs: mapping, by: secrets) { done, total in
      progress(done, total)
      do {
        try check()
        return true
      } catch {
        return false
      }
    }
    guard isDone else {
      throw OperatorError(
        "rotate.interrupted", .interrupted,
        "stopped in order, with \(try editor.volume().progress?.text ?? "some") of \(editor.path) "
          + "encrypted anew",
        hint: "go on: coffer-custody luks rotate-volume-key \(editor.path) --resume; until that is "
          + "done, a restart wants a passphrase or recovery key typed")
    }
  }

  /// The old volume key's digest of a change that an earlier run made but for its backup and record;
  /// nil where there is none.
  package func unrecordedRotation() throws -> SHA256Digest? {
    let volume = try editor.volume()
    var begun: SHA256Digest?
    try record.read { verified in
      let entry = verified.entry
      guard entry.subject.uuid == volume.uuid, entry.action == Self.rotation else { return }
      begun = entry.outcome == .begun ? entry.digests["oldVolumeKey"] : nil
    }
    let device = try LUKSDevice(editor.path)
    guard let begun, device.reencryption == .none, volume.rotation == nil,
      device.header.volumeKeyDigest != begun
    else { return nil }
    return begun
  }

  /// Backs the new header up and records the change of which `unrecordedRotation` told.
  ///
  /// - Throws: `OperatorError` of the kinds that backups and records fail with.
  package func closeRotation(from old: SHA256Digest) throws -> RotationReceipt {
    try close(old, [:], [], expireBackups())
  }

  private func close(
    _ old: SHA256Digest, _ details: [String: JSONValue], _ proofs: [KeyslotProof],
    _ unmarked: [FilePath]
  ) throws -> RotationReceipt {
    let backup = try backUp()
    try checkpoints.reach(.rotationBackedUp)
    let (volume, new) = (try editor.volume(), backup.facts.volumeKeyDigest)
    var digests = ["headerBackup": backup.facts.ageSHA256, "oldVolumeKey": old]
    digests["volumeKey"] = new
    let head = try record.append(
      CustodyAction(
        Self.rotation, on: subject(volume), after: JSONDocument.value(of: WaysIn(volume)),
        details: details.merging(["proofs": JSONDocument.value(of: proofs)]) { $1 },
        digests: digests))
    try checkpoints.reach(.recorded)
    return RotationReceipt(
      proofs: proofs, backup: backup, unmarked: unmarked, digests: (old, new), head: head)
  }

  /// Expires every backup of the header there is, once: with one of them the data would be garbage.
  private func expireBackups() throws -> [FilePath] {
    let volume = try editor.volume()
    let current = try LUKSDevice(editor.path).header.volumeKeyDigest
    let history = HeaderBackupHistory(of: volume.uuid, in: record)
    var (folders, facts): ([FilePath], [HeaderBackupFacts]) = ([], history.made.map(\.facts))
    let known = history.made.map { FilePath($0.file).removingLastComponent() }
    for folder in [try place().folder] + known where !folders.contains(folder) {
      // On a medium that lies elsewhere now, for example; the record counts there, too.
      guard let stored = try? HeaderBackupFolder(folder).backups(of: volume.uuid) else { continue }
      folders.append(folder)
      facts += stored.compactMap(\.facts)
    }
    guard
      facts.contains(where: {
        $0.volumeKeyDigest != current && history.expiry(of: $0) == nil
      })
    else { return [] }
    return try HeaderBackup.expireAll(
      of: volume.uuid, on: editor.path, in: folders,
      reason: "the volume key was changed after it was made", record: record
    ).unmarked
  }

  private func subject(_ volume: Volume) -> CustodyAction.Subject {
    CustodyAction.Subject(device: editor.path.string, uuid: volume.uuid)
  }
}

extension RotationMark {
  /// What the custody record tells of it.
  package var recordDetails: [String: JSONValue] {
    [
      "keyslots": .list(keyslots.map { .list([.integer($0.old), .integer($0.new)]) }),
      "tokens": .list(tokens.map { .integer($0.old) }),
      "dropped": .list(dropped.map { .integer($0) }),
    ]
  }
}
