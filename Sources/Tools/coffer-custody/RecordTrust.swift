import ArgumentParser
import LocalFiles
import Signatures
import SystemPackage
import Vocabulary

/// Whose signatures on the record count, and what it must contain.
struct RecordTrust: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The record's public key, as it was noted elsewhere.",
      discussion: """
        Without it, the key that lies beside the record is believed, which whoever wrote the record \
        anew has replaced, too.
        """),
    completion: .file())
  var trust: String?

  @Option(
    help: ArgumentHelp(
      "The hash of an entry that was noted elsewhere; the record must contain it.",
      discussion: "Entries cut off at the end are found by this alone.", valueName: "hash"))
  var expectHead: String?

  /// The key; nil for the one beside the record.
  ///
  /// - Throws: `OperatorError` `trust.unreadable`.
  func key() throws -> VerifyingKey? {
    guard let trust else { return nil }
    do {
      return try VerifyingKey(
        parsing: String(decoding: LocalPath(FilePath(trust)).read(), as: UTF8.self))
    } catch {
      throw OperatorError(
        "trust.unreadable", .usage, "cannot read the public key \(trust): \(error)",
        hint: "it is the file record.pub, as it was when the record began")
    }
  }

  /// The head; nil where none was noted.
  ///
  /// - Throws: `OperatorError` `usage`.
  func head() throws -> SHA256Digest? {
    guard let expectHead else { return nil }
    guard let digest = SHA256Digest(hex: expectHead) else {
      throw OperatorError(
        "usage", .usage, "--expect-head takes the 64 hexadecimal digits of an entry's hash")
    }
    return digest
  }
}
