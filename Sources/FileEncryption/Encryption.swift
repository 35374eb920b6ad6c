package import AgeFormat

/// Encrypts one file.
package enum Encryption {
  /// Encrypts all of the input.
  ///
  /// - Parameters:
  ///   - input: what is read.
  ///   - output: what it becomes; there only if all went well.
  ///   - recipients: who may open it.
  ///   - armored: whether it is to be text.
  /// - Throws: `OperatorError`.
  package static func run(
    _ input: InputFile, to output: OutputFile, for recipients: [any Recipient], armored: Bool
  ) throws {
    do {
      if armored {
        let armor = ArmorSink(output)
        try AgeFile.encrypt(input, to: armor, for: recipients)
        try armor.finish()
      } else {
        try AgeFile.encrypt(input, to: output, for: recipients)
      }
    } catch let error as AgeError {
      throw error.operatorError(about: input.name)
    }
    try output.finish()
  }
}
