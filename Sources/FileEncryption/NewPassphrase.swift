import AgeFormat
import SecretMemory
import Vocabulary

/// A passphrase that is given for the first time: asked for twice, or made up.
enum NewPassphrase {
  // Without signs that look like others; 32 of them, five bits each.
  private static let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789%".utf8)
  private static let groups = 5
  private static let groupSize = 5

  /// Asks for a passphrase; an empty answer has one of 125 random bits made and shown.
  ///
  /// - Throws: `OperatorError` `passphrase.differ`, and what asking throws.
  static func ask(_ dialogue: any KeyDialogue) throws -> SecretBytes {
    if dialogue.asksPeople {
      let first = try dialogue.passphrase(of: "the new file, or nothing to have one made")
      guard first.count > 0 else { return try makeUp(dialogue) }
      let second = try dialogue.passphrase(of: "the new file, again")
      guard first.matches(second) else {
        throw OperatorError(
          "passphrase.differ", .usage, "the passphrases are not the same", hint: "try again")
      }
      return first
    }
    return try dialogue.passphrase(of: "the new file")
  }

  private static func makeUp(_ dialogue: any KeyDialogue) throws -> SecretBytes {
    let size = groups * (groupSize + 1) - 1
    let passphrase = SecretBytes(count: size) { text in
      for offset in 0..<size {
        let isGap = offset % (groupSize + 1) == groupSize
        let sign = alphabet[Int(Randomness.number(below: UInt32(alphabet.count)))]
        text.storeBytes(of: isGap ? UInt8(ascii: "-") : sign, toByteOffset: offset, as: UInt8.self)
      }
    }
    let shown = passphrase.withBytes { String(decoding: $0.copied(), as: UTF8.self) }
    try dialogue.show("The passphrase is: \(shown)")
    return passphrase
  }
}
