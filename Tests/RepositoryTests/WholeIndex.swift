import SecretMemory

@testable import Repository

/// Indexes that are in memory as a whole.
extension IndexFile {
  static func encode(records: [[UInt8]]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try write(packs: records.count, record: { records[$0] }, to: { bytes.append($0) })
    return bytes
  }

  /// Decodes what comes in pieces of some size.
  static func decode(_ plaintext: [UInt8], pieces size: Int = .max) throws -> [PackDescription] {
    var (packs, parser) = ([PackDescription](), IndexParser())
    for start in stride(from: 0, to: plaintext.count, by: min(size, max(1, plaintext.count))) {
      let end = start + min(size, plaintext.count - start)
      try Array(plaintext[start..<end]).withBytes { try parser.feed($0) { packs.append($0) } }
    }
    try parser.finish { packs.append($0) }
    return packs
  }
}
