import SecretMemory
import Vocabulary

/// SHA-256 of a file with holes as a program would read it: zeros where there is no data.
///
/// A hole may be larger than any disk, and takes its time: it can be interrupted.
struct HoleFillingHasher: ~Copyable {
  private static let zeros = [UInt8](repeating: 0, count: 1 << 20)

  private let isNeeded: Bool
  private let interruption: Interruption
  private var hasher = SHA256Hasher()
  private var position = 0

  /// Prepares; does nothing where the file has no holes and its data's digest is the file's.
  init(_ hasHoles: Bool, interruption: Interruption) {
    isNeeded = hasHoles
    self.interruption = interruption
  }

  /// Takes the next piece of data.
  ///
  /// - Throws: `interrupted`.
  mutating func update(_ bytes: RawSpan, at offset: Int) throws {
    guard isNeeded else { return }
    try fill(to: offset)
    hasher.update(bytes)
    position += bytes.byteCount
  }

  /// The digest of the whole file, nil where it was not needed.
  ///
  /// - Throws: `interrupted`.
  consuming func finish(size: Int) throws -> SHA256Digest? {
    guard isNeeded else { return nil }
    try fill(to: size)
    return hasher.finish()
  }

  private mutating func fill(to offset: Int) throws {
    while position < offset {
      try interruption.check()
      let count = min(offset - position, Self.zeros.count)
      Self.zeros.withBytes { hasher.update($0.extracting(0..<count)) }
      position += count
    }
  }
}
