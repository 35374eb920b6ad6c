package import SecretMemory
internal import Vocabulary

/// Whoever can be asked while keys are read or used: a person at a terminal, or nobody.
package protocol KeyDialogue: Sendable {
  /// Whether a person answers, who may mistype.
  var asksPeople: Bool { get }

  /// Asks for the passphrase of something that has one; `subject` says of what.
  ///
  /// - Throws: `OperatorError` where nobody answers.
  func passphrase(of subject: String) throws -> SecretBytes

  /// Shows a message.
  func show(_ message: String) throws

  /// Asks for a text that may be seen.
  func ask(_ question: String) throws -> String

  /// Asks for a text that must not be seen.
  func askSecret(_ question: String) throws -> SecretBytes

  /// Asks for one of two answers.
  ///
  /// - Parameters:
  ///   - question: what is asked.
  ///   - yes: how the first answer is called.
  ///   - no: how the other is called; nil where there is none.
  /// - Returns: whether it was the first.
  /// - Throws: `OperatorError` where nobody answers.
  func confirm(_ question: String, yes: String, no: String?) throws -> Bool
}

/// Nobody is there to ask: cron at night.
package struct NobodyToAsk: KeyDialogue {
  package var asksPeople: Bool { false }

  package init() {}

  package func passphrase(of subject: String) throws -> SecretBytes {
    throw nobody("the passphrase of \(subject)")
  }

  package func show(_ message: String) throws {}

  package func ask(_ question: String) throws -> String { throw nobody("'\(question)'") }

  package func askSecret(_ question: String) throws -> SecretBytes { throw nobody("'\(question)'") }

  package func confirm(_ question: String, yes: String, no: String?) throws -> Bool {
    throw nobody("'\(question)'")
  }

  private func nobody(_ what: String) -> OperatorError {
    OperatorError(
      "dialogue.nobody", .usage, "there is nobody to ask for \(what)",
      hint: "use a key that needs no answer here")
  }
}
