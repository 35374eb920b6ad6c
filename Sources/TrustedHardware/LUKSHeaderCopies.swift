internal import Glibc
internal import LocalFiles
internal import SecretMemory
package import SystemPackage
internal import Vocabulary

/// The two copies of a LUKS2 header, each held against its own checksum.
///
/// libcryptsetup is content with one, and where it may, writes the other anew without a word; what
/// damaged it is then not known. This reads, and nothing else.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3, section 2.
package struct LUKSHeaderCopies: Sendable, Equatable {
  /// One copy.
  package enum Copy: Sendable, Equatable {
    /// Its checksum holds; `sequence` counts the writes. A checksum of another hash than SHA-256 is
    /// not checked.
    case whole(sequence: UInt64)
    /// Why it is none, a few words.
    case damaged(String)
  }

  /// The one at the start.
  package let primary: Copy
  /// The one after it.
  package let secondary: Copy

  /// Whether both are whole and of the same write.
  package var areWhole: Bool {
    guard case .whole(let first) = primary, case .whole(let second) = secondary else {
      return false
    }
    return first == second
  }

  /// Reads both; more than once where one is not whole, for it may be just being written.
  ///
  /// - Throws: `OperatorError` `luks.unreadable`.
  package init(of path: FilePath) throws {
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
      defer { try? file.close() }
      var (first, second) = try Self.read(file)
      for _ in 0..<3 where !Self.agree(first, second) {
        usleep(100_000)
        (first, second) = try Self.read(file)
      }
      (primary, secondary) = (first, second)
    } catch let error as Errno {
      throw OperatorError("luks.unreadable", .failed, "cannot read \(path): \(error)")
    }
  }

  private static func agree(_ first: Copy, _ second: Copy) -> Bool {
    guard case .whole(let one) = first, case .whole(let other) = second else { return false }
    return one == other
  }

  // The sizes that a copy may have; the second one starts where the first ends.
  private static let sizes = (0..<9).map { 0x4000 << $0 }

  private static func read(_ file: FileDescriptor) throws -> (Copy, Copy) {
    let first = try BinaryHeader(file, at: 0)
    let firstCopy = try first.copy(file, magic: BinaryHeader.firstMagic)
    if case .whole = firstCopy {
      let second = try BinaryHeader(file, at: first.size)
      return (firstCopy, try second.copy(file, magic: BinaryHeader.secondMagic))
    }
    // What a damaged copy says of its size is not to be believed.
    var secondCopy = Copy.damaged("there is none")
    for size in sizes {
      let second = try BinaryHeader(file, at: size)
      guard second.hasMagic(BinaryHeader.secondMagic) else { continue }
      secondCopy = try second.copy(file, magic: BinaryHeader.secondMagic)
      if case .whole = secondCopy { break }
    }
    return (firstCopy, secondCopy)
  }

  /// The 4096 bytes before the JSON area; numbers in them are big-endian.
  private struct BinaryHeader {
    static let firstMagic: [UInt8] = [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]
    static let secondMagic: [UInt8] = [0x53, 0x4b, 0x55, 0x4c, 0xba, 0xbe]
    private static let length = 4096
    private static let checksum = 448..<512

    private let offset: Int
    private let bytes: [UInt8]

    init(_ file: FileDescriptor, at offset: Int) throws {
      self.offset = offset
      bytes = try Self.bytes(file, offset..<offset + Self.length)
    }

    var size: Int { Int(truncatingIfNeeded: number(at: 8)) }

    func hasMagic(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }

    func copy(_ file: FileDescriptor, magic: [UInt8]) throws -> Copy {
      guard bytes.count == Self.length, hasMagic(magic) else {
        return .damaged("its first bytes are not those of a header")
      }
      guard bytes[6] == 0, bytes[7] == 2, sizes.contains(size), number(at: 256) == offset else {
        return .damaged("its version, size or place are not those of a header")
      }
      let whole = try LUKSHeaderCopies.BinaryHeader.bytes(file, offset..<offset + size)
      guard whole.count == size else { return .damaged("it is cut off") }
      guard text(at: 72..<104) == "sha256" else { return .whole(sequence: number(at: 16)) }
      var zeroed = whole
      zeroed.replaceSubrange(Self.checksum, with: repeatElement(0, count: Self.checksum.count))
      guard whole[Self.checksum].prefix(32).elementsEqual(SHA256Hasher.digest(of: zeroed).bytes)
      else { return .damaged("its checksum does not hold") }
      return .whole(sequence: number(at: 16))
    }

    private func number(at place: Int) -> UInt64 {
      guard bytes.count >= place + 8 else { return 0 }
      return bytes[place..<place + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func text(at range: Range<Int>) -> String {
      String(decoding: bytes[range].prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Bytes of the device, fewer at its end.
    private static func bytes(_ file: FileDescriptor, _ range: Range<Int>) throws -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: range.count)
      let filled = try bytes.withMutableBytes {
        try file.readWhole(into: &$0, at: range.lowerBound)
      }
      return Array(bytes.prefix(filled))
    }
  }
}
