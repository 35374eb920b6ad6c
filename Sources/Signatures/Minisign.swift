/// The words and sizes of minisign's files.
enum Minisign {
  static let untrustedPrefix = "untrusted comment: "
  static let trustedPrefix = "trusted comment: "
  /// Ed25519 over the message itself in a signature; in a key, Ed25519 as such.
  static let plainAlgorithm = Array("Ed".utf8)
  /// Ed25519 over BLAKE2b-512 of the message.
  static let hashedAlgorithm = Array("ED".utf8)

  /// A line with its prefix is shorter than this, or minisign refuses it.
  static let longestUntrustedLine = 1_024
  /// The same for trusted comments, less than minisign's 8,192 by the room for its prefix.
  static let longestTrustedComment = 8_000

  /// The lines of a file: each ends with LF, and the last may lack it.
  static func lines(_ text: String) -> [ArraySlice<UInt8>] {
    var bytes = Array(text.utf8)[...]
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  }

  /// The comment after a prefix; nil where the line has another beginning, is too long, is not UTF-8
  /// or has control characters other than tab.
  static func comment(_ line: ArraySlice<UInt8>, after prefix: String, atMost limit: Int) -> String?
  {
    guard line.starts(with: prefix.utf8), line.count <= limit else { return nil }
    let comment = line.dropFirst(prefix.utf8.count)
    guard isPrintable(comment) else { return nil }
    return String(validating: comment, as: UTF8.self)
  }

  static func isPrintable(_ comment: some Sequence<UInt8>) -> Bool {
    comment.allSatisfy { $0 == UInt8(ascii: "\t") || ($0 >= 0x20 && $0 != 0x7f) }
  }
}
