internal import TrustedHardware
internal import Vocabulary

/// Whether a header has room for a second keyslot and token for each that is carried over, for the mark
/// and for a reencryption, reckoned before anything is written.
struct RotationRoom {
  /// What a reencryption writes into the JSON area besides its keyslots, at most: two digests, a
  /// keyslot, four segments and a requirement, 1300 bytes where it was measured.
  private static let reencryptionText = 2048
  /// A keyslot's area begins at a multiple of this.
  private static let alignment = 4096
  /// Less room for checksums would have the header written for each MiB of data.
  private static let leastChecksums = 64 << 10

  private let volume: Volume
  private let layout: LUKSLayout

  init(_ volume: Volume, _ layout: LUKSLayout) {
    (self.volume, self.layout) = (volume, layout)
  }

  /// - Parameters:
  ///   - mark: what is to be done.
  ///   - tokenText: the size of each token that is copied, in bytes of JSON.
  /// - Throws: `OperatorError` `rotate.no-room`.
  func require(_ mark: RotationMark, tokenText: [Int]) throws {
    let marked = try JSONDocument.line(PendingChange.rotation(mark).json).count
    let slots = mark.keyslots.map { layout.keyslotText[$0.old] ?? 0 }
    // Numbers and offsets of the copies may be longer than those of the originals.
    let needed =
      layout.jsonUsed + marked + (slots + tokenText).reduce(0) { $0 + $1 + 16 }
      + Self.reencryptionText
    guard needed < layout.jsonSize else {
      throw Self.noRoom(
        "the JSON area of \(volume.device) has \(layout.jsonSize) bytes, and \(needed) may be needed",
        hint: "drop a keyslot with --drop, or format new volumes with --luks2-metadata-size 64k")
    }
    var areas = Array(layout.areas.values)
    for pair in mark.keyslots {
      let size = layout.areas[pair.old]?.size ?? 0
      guard let start = gaps(between: areas).first(where: { $0.size >= size })?.offset else {
        throw noAreas()
      }
      areas.append(LUKSLayout.Area(offset: start, size: size))
    }
    guard gaps(between: areas).contains(where: { $0.size >= Self.leastChecksums }) else {
      throw noAreas()
    }
  }

  private func gaps(between areas: [LUKSLayout.Area]) -> [LUKSLayout.Area] {
    let space = layout.keyslotSpace
    let end = LUKSLayout.Area(offset: space.end, size: 0)
    var (gaps, place): ([LUKSLayout.Area], Int) = ([], space.offset)
    for area in areas.sorted(by: { $0.offset < $1.offset }) + [end] {
      if area.offset > place {
        gaps.append(LUKSLayout.Area(offset: place, size: area.offset - place))
      }
      let next = (area.end + Self.alignment - 1) / Self.alignment * Self.alignment
      place = max(place, next)
    }
    return gaps
  }

  private func noAreas() -> OperatorError {
    Self.noRoom(
      "the keyslots' area of \(volume.device) has no room for as many again and for a reencryption",
      hint: "drop a keyslot with --drop")
  }

  static func noRoom(_ what: String, hint: String) -> OperatorError {
    OperatorError(
      "rotate.no-room", .refused, "\(what); nothing was changed", hint: hint)
  }
}
