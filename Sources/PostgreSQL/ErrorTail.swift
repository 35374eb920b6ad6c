/// The end of what a program writes to standard error; the beginning is dropped, however much comes.
struct ErrorTail {
  private static let limit = 8 << 10

  private var kept: [UInt8] = []

  /// Takes what comes next.
  mutating func take(_ bytes: ArraySlice<UInt8>) {
    kept += bytes
    if kept.count > Self.limit { kept.removeFirst(kept.count - Self.limit) }
  }

  /// The last lines, at most five.
  var text: String {
    let lines = String(decoding: kept, as: UTF8.self).split(separator: "\n")
    return lines.suffix(5).joined(separator: "; ")
  }
}
