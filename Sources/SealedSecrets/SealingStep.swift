/// A moment between two writes of a sealing, at which the machine may stop.
///
/// Whatever happens there, the file that was to be replaced opens, or the new one does, and the same
/// command ends what was begun.
package enum SealingStep: String, Sendable, CaseIterable {
  /// The TPM has a new counter.
  case counterMade = "counter-made"
  /// The key is sealed; nothing is on the disk.
  case sealed
  /// The file is on the disk under a temporary name.
  case written
  /// It was read back and opened.
  case proven
  /// It has its name.
  case named
  /// The counter was moved by one.
  case counterMoved = "counter-moved"
  /// The file was opened once more, by its name and with the counter where it stays.
  case provenAgain = "proven-again"
}

/// Who is told when a step is done; tests have the process end there.
package struct SealingSteps: Sendable {
  private let told: @Sendable (SealingStep) throws -> Void

  /// - Parameter told: what it throws counts as a failure of the step.
  package init(_ told: @escaping @Sendable (SealingStep) throws -> Void = { _ in }) {
    self.told = told
  }

  func reach(_ step: SealingStep) throws { try told(step) }
}
