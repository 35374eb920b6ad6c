/// A moment between two writes of a change, at which the machine may stop.
///
/// Whatever happens there, what opened the volume before the change opens it still, and the next
/// change cleans up or goes on.
package enum CustodyStep: String, Sendable, CaseIterable {
  /// The header has been backed up.
  case backedUp = "backed-up"
  /// The header says that a keyslot is being added.
  case marked
  /// The keyslot is there.
  case keyslotAdded = "keyslot-added"
  /// The keyslot has been opened by its passphrase.
  case keyslotOpened = "keyslot-opened"
  /// The keyslot's token is there.
  case tokenWritten = "token-written"
  /// The keyslot has been opened in the way it will be from now on.
  case tokenOpened = "token-opened"
  /// The header says no more that it is being added.
  case unmarked
  /// The header says that a keyslot goes.
  case retirementMarked = "retirement-marked"
  /// The keyslot is destroyed.
  case keyslotDestroyed = "keyslot-destroyed"
  /// Its token is gone.
  case tokenRemoved = "token-removed"
  /// The token that replaces it has its number, beside its own.
  case tokenMoved = "token-moved"
  /// The header says no more that it goes.
  case retired
  /// The change is in the custody record.
  case recorded
  /// The header says that the volume key is being changed.
  case rotationMarked = "rotation-marked"
  /// A keyslot of the new volume key is there, and has been opened; once for each.
  case rotationKeyslotAdded = "rotation-keyslot-added"
  /// A token of such a keyslot is there, and has been opened; once for each.
  case rotationTokenWritten = "rotation-token-written"
  /// The header says that the data is being encrypted anew, and none of it is.
  case reencryptionBegun = "reencryption-begun"
  /// Older backups of the header have expired.
  case backupsExpired = "backups-expired"
  /// All data is under the new volume key, and the old keyslots are still there.
  case reencryptionComplete = "reencryption-complete"
  /// The old keyslots are gone.
  case reencrypted
  /// A new token has the number of the old one, beside its own; once for each.
  case rotationTokenMoved = "rotation-token-moved"
  /// The header says no more that the volume key is being changed.
  case rotationUnmarked = "rotation-unmarked"
  /// The new header has been backed up.
  case rotationBackedUp = "rotation-backed-up"

  /// The steps of a change of the volume key, in their order.
  package static let rotation: [CustodyStep] = [
    .backedUp, .rotationMarked, .rotationKeyslotAdded, .rotationTokenWritten, .reencryptionBegun,
    .backupsExpired, .reencryptionComplete, .reencrypted, .rotationTokenMoved, .rotationUnmarked,
    .rotationBackedUp, .recorded,
  ]
}

/// Who is told when a step is done; tests have the process end there.
package struct Checkpoints: Sendable {
  private let told: @Sendable (CustodyStep) throws -> Void
  private let progressed: @Sendable (Int) -> Void

  /// - Parameters:
  ///   - told: what it throws counts as a failure of the change.
  ///   - progressed: told how many percent of the data are encrypted anew.
  package init(
    _ told: @escaping @Sendable (CustodyStep) throws -> Void = { _ in },
    progressed: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.told = told
    self.progressed = progressed
  }

  func progress(percent: Int) { progressed(percent) }

  func reach(_ step: CustodyStep) throws { try told(step) }
}
