internal import SecretMemory
package import TrustedHardware
internal import Vocabulary

/// A PE image, PE32 or PE32+: a kernel, a boot loader, a unified kernel image.
///
/// Source: Microsoft PE Format, revision of 2023; Windows Authenticode Portable Executable Signature
/// Format 1.0.
package struct PEImage: Sendable {
  /// A section, as the table has it.
  struct Section: Sendable {
    let name: String
    let virtualSize: Int
    /// Where its bytes are in the file.
    let range: Range<Int>
  }

  let bytes: [UInt8]
  let sections: [Section]
  /// What lies between the file's start and the sections.
  private let headerSize: Int
  private let checksum: Range<Int>
  /// The entry of the certificate table, which a signature fills; nil where the image has no room.
  private let certificateEntry: Range<Int>?
  /// How many bytes signatures take.
  private let certificateSize: Int

  private static let mostSections = 256

  /// Reads an image.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - source: what it was read from, for the error.
  /// - Throws: `OperatorError` `pe.malformed`.
  package init(_ bytes: [UInt8], of source: String) throws {
    func malformed(_ why: String) -> OperatorError {
      OperatorError("pe.malformed", .mismatch, "\(source) is no PE image: \(why)")
    }
    var cursor = BinaryCursor(bytes)
    guard cursor.take(2).map(Array.init) == Array("MZ".utf8), cursor.skip(0x3a),
      let start = cursor.takeSize(), start >= 0x40
    else { throw malformed("it has no MZ header") }
    guard cursor.skip(start - 0x40), cursor.take(4).map(Array.init) == [0x50, 0x45, 0, 0] else {
      throw malformed("it has no PE signature")
    }
    guard cursor.skip(2), let sectionCount = cursor.take(UInt16.self), cursor.skip(12),
      let optionalSize = cursor.take(UInt16.self), cursor.skip(2)
    else { throw malformed("its file header is cut off") }

    let optional = cursor.offset
    guard let magic = cursor.take(UInt16.self), magic == 0x10b || magic == 0x20b else {
      throw malformed("its optional header is neither PE32 nor PE32+")
    }
    // Where the directories begin, whose number stands right before them.
    let directories = magic == 0x10b ? 96 : 112
    guard Int(optionalSize) >= directories, cursor.skip(58), let headerSize = cursor.takeSize(),
      cursor.skip(directories - 4 - 64), let directoryCount = cursor.takeSize(),
      directoryCount <= (Int(optionalSize) - directories) / 8,
      let table = cursor.take(directoryCount * 8),
      cursor.skip(optional + Int(optionalSize) - cursor.offset)
    else { throw malformed("its optional header is cut off") }
    checksum = optional + 64..<optional + 68
    (certificateEntry, certificateSize) =
      try Self.certificates(table, at: optional + directories, fileSize: bytes.count)
      ?? { throw malformed("its certificates lie outside of it") }()

    guard sectionCount <= Self.mostSections else {
      throw malformed("it has \(sectionCount) sections")
    }
    var sections: [Section] = []
    for _ in 0..<sectionCount {
      guard let name = cursor.take(8), let virtualSize = cursor.takeSize(), cursor.skip(4),
        let size = cursor.takeSize(), let place = cursor.takeSize(), cursor.skip(16)
      else { throw malformed("its section table is cut off") }
      let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
      guard size == 0 || (place >= headerSize && place + size <= bytes.count) else {
        throw malformed("section \(text) lies outside of it")
      }
      sections.append(
        Section(
          name: text, virtualSize: virtualSize, range: size == 0 ? 0..<0 : place..<place + size))
    }
    guard headerSize >= cursor.offset, headerSize <= bytes.count else {
      throw malformed("its headers have a wrong size")
    }
    let filled = sections.map(\.range).filter { !$0.isEmpty }.sorted {
      $0.lowerBound < $1.lowerBound
    }
    guard zip(filled, filled.dropFirst()).allSatisfy({ $0.upperBound <= $1.lowerBound }) else {
      throw malformed("its sections overlap")
    }
    self.bytes = bytes
    self.sections = sections
    self.headerSize = headerSize
  }

  /// The entry of the certificate table and the size of what it names; nil where that is not there.
  private static func certificates(
    _ table: ArraySlice<UInt8>, at place: Int, fileSize: Int
  ) -> (Range<Int>?, Int)? {
    var cursor = BinaryCursor(table)
    guard cursor.skip(4 * 8), let start = cursor.takeSize(), let size = cursor.takeSize() else {
      return (nil, 0)
    }
    guard size == 0 || start + size <= fileSize else { return nil }
    return (place + 32..<place + 40, size)
  }

  /// The Authenticode hash, which firmware measures into PCR 4; a signature does not change it.
  ///
  /// Computed as firmware does, which hashes an image that ends off a multiple of 8 bytes as it is,
  /// where signing tools fill it up first.
  ///
  /// Source: EDK II, `DxeTpm2MeasureBootLib.c`, `MeasurePeImageAndExtend`.
  package func authenticode(_ bank: PCRBank) -> [UInt8] {
    var hasher = MessageHasher(bank.function)
    var hashed = headerSize
    bytes.withBytes { bytes in
      var place = 0
      for gap in [checksum, certificateEntry ?? headerSize..<headerSize] {
        hasher.update(bytes.extracting(place..<gap.lowerBound))
        place = gap.upperBound
      }
      hasher.update(bytes.extracting(place..<headerSize))
      for section in sections.map(\.range).sorted(by: { $0.lowerBound < $1.lowerBound }) {
        hasher.update(bytes.extracting(section))
        hashed += section.count
      }
      let rest = bytes.byteCount - certificateSize
      if rest > hashed { hasher.update(bytes.extracting(hashed..<rest)) }
    }
    return hasher.finish()
  }
}
