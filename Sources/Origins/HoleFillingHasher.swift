import SecretMemory
import Vocabulary

/// SHA-256 of a file with holes as a program would read it: zeros where there is no data.
struct HoleFillingHasher: ~Copyable {
  private static let zeros = [UInt8](repeating: 0, count: 64 * 1024)

  private let isNeeded: Bool
  private var hasher = SHA256Hasher()
  private var position = 0

  /// Prepares; does nothing where the file has no holes and its data's digest is the file's.
  init(_ hasHoles: Bool) {
    isNeeded = hasHoles
  }

  mutating func update(_ bytes: RawSpan, at offset: Int) {
    guard isNeeded else { return }
    fill(to: offset)
    hasher.update(bytes)
    position += bytes.byteCount
  }

  /// The digest of the whole file, nil where it was not needed.
  consuming func finish(size: Int) -> SHA256Digest? {
    guard isNeeded else { return nil }
    fill(to: size)
    return hasher.finish()
  }

  private mutating func fill(to offset: Int) {
    while position < offset {
      let count = min(offset - position, Self.zeros.count)
      Self.zeros.withBytes { hasher.update($0.extracting(0..<count)) }
      position += count
    }
  }
}
