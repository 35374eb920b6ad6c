import Repository
import SecretMemory
import Vocabulary

/// What a data volume holds, as its archive says.
///
/// An archive is taken only where every header is byte for byte one that an export writes: regular files
/// of the names that objects have, each once, the list first. Nothing is ever unpacked by a path.
struct VolumeContents {
  private static let largestList = 1 << 27

  /// An object in a volume.
  struct Member {
    let name: ObjectName
    let place: Range<Int>
    /// What the volume's list says of it.
    let sha256: SHA256Digest
  }

  let members: [Member]

  /// Reads the headers of an archive.
  ///
  /// - Parameters:
  ///   - bytes: the archive.
  ///   - number: the volume's, counted from 1.
  /// - Throws: `volume.malformed`, `volume.unreadable`.
  init(reading bytes: any VolumeBytes, number: Int) throws {
    var reader = Headers(bytes: bytes, number: number)
    let (list, place) = try reader.next()
    guard list.name == VolumeSetManifest.list(of: number), list.size <= Self.largestList else {
      throw reader.malformed("does not start with its list")
    }
    members = try bytes.read(place).split(separator: UInt8(ascii: "\n")).map { line in
      let (header, place) = try reader.next()
      let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard words.count == 3, words[1].isEmpty,
        let digest = SHA256Digest(hex: String(decoding: words[0], as: UTF8.self)),
        words[2].elementsEqual(header.name.utf8), let name = ObjectName(travelling: header.name)
      else { throw reader.malformed("holds what is not in its list") }
      return Member(name: name, place: place, sha256: digest)
    }
    guard Set(members.map(\.name)).count == members.count else {
      throw reader.malformed("holds an object twice")
    }
    try reader.end()
  }

  /// Goes from header to header.
  private struct Headers {
    let bytes: any VolumeBytes
    let number: Int
    var offset = 0

    mutating func next() throws -> (header: TarHeader, place: Range<Int>) {
      let start = offset + TarHeader.block
      guard start <= bytes.count, let header = TarHeader(try bytes.read(offset..<start)),
        NeededSet.Facts.sizes.contains(header.size),
        start + TarHeader.padded(header.size) + TarHeader.endSize <= bytes.count
      else { throw malformed("holds something that is no object") }
      offset = start + TarHeader.padded(header.size)
      return (header, start..<start + header.size)
    }

    func end() throws {
      guard offset + TarHeader.endSize == bytes.count,
        try bytes.read(offset..<bytes.count).allSatisfy({ $0 == 0 })
      else { throw malformed("does not end where it should") }
    }

    func malformed(_ why: String) -> OperatorError {
      OperatorError(
        "volume.malformed", .mismatch, "\(VolumeSetManifest.name(of: number)) \(why)",
        hint: "it is damaged or forged, and counts as lost")
    }
  }
}
