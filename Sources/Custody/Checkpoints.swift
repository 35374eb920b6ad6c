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
}

/// Who is told when a step is done; tests have the process end there.
package struct Checkpoints: Sendable {
  private let told: @Sendable (CustodyStep) throws -> Void

  /// - Parameter told: what it throws counts as a failure of the change.
  package init(_ told: @escaping @Sendable (CustodyStep) throws -> Void = { _ in }) {
    self.told = told
  }

  func reach(_ step: CustodyStep) throws { try told(step) }
}
