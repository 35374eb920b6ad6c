internal import SecretMemory
internal import Subprocess

/// The end of what a program writes to standard error; the beginning is dropped, however much comes.
enum ErrorTail {
  private static let limit = 8 << 10

  /// Reads to the end.
  /// - Returns: the last lines, at most five.
  static func read(_ output: SubprocessOutputSequence) async throws -> String {
    var kept: [UInt8] = []
    for try await buffer in output {
      kept.append(buffer.bytes)
      if kept.count > limit { kept.removeFirst(kept.count - limit) }
    }
    let lines = String(decoding: kept, as: UTF8.self).split(separator: "\n")
    return lines.suffix(5).joined(separator: "; ")
  }
}
