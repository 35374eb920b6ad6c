internal import CCryptsetup
internal import Glibc
package import SystemPackage
internal import Vocabulary

/// Where a LUKS2 header has what: the room in its JSON area and between the keyslots' areas, and which
/// piece of the data is under which key.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3, section 3.
package struct LUKSLayout: Sendable {
  /// A stretch of bytes.
  package struct Area: Sendable, Equatable {
    package let offset: Int
    package let size: Int

    package init(offset: Int, size: Int) {
      (self.offset, self.size) = (offset, size)
    }

    /// Where it ends.
    package var end: Int { offset + size }
  }

  /// The size of the JSON area in bytes, the zero at its end included.
  package let jsonSize: Int
  /// What of it is in use.
  package let jsonUsed: Int
  /// Where the keyslots' areas may lie.
  package let keyslotSpace: Area
  /// The areas of the keyslots, by the keyslot's number.
  package let areas: [Int: Area]
  /// The keyslots as they are written, by number, in bytes of JSON.
  package let keyslotText: [Int: Int]
  /// Bytes of data that are under the new key, while the data is being encrypted anew; nil else.
  package let reencrypted: Int?
  /// Whether all data is under the new key, although the header says that it is being encrypted anew:
  /// the end of that was cut off, and `cryptsetup reencrypt` 2.6.1 would garble the data.
  package let isReencrypted: Bool
  /// Where the data begins, in bytes.
  package let dataOffset: Int

  init(json: [UInt8], headerSize: Int) throws {
    let area = try JSONDocument.decode(Written.self, from: json)
    let whole = try JSONDocument.decode(JSONValue.self, from: json)
    jsonUsed = try JSONDocument.line(whole).count
    jsonSize = Int(area.config.json_size) ?? 0
    keyslotSpace = Area(offset: 2 * headerSize, size: Int(area.config.keyslots_size) ?? 0)
    var (areas, texts): ([Int: Area], [Int: Int]) = ([:], [:])
    for (number, slot) in area.keyslots {
      guard let number = Int(number), let area = slot.area, let offset = Int(area.offset),
        let size = Int(area.size)
      else { continue }
      areas[number] = Area(offset: offset, size: size)
      texts[number] = slot.count
    }
    (self.areas, keyslotText) = (areas, texts)
    let data = area.segments.values.filter { !$0.isBackup }
    dataOffset = data.compactMap { Int($0.offset) }.min() ?? 0
    guard let final = area.segments.first(where: { $0.value.has("backup-final") })?.key,
      let digest = area.digests.values.first(where: { $0.segments.contains(final) })
    else {
      (reencrypted, isReencrypted) = (nil, false)
      return
    }
    isReencrypted = area.segments.allSatisfy { number, segment in
      segment.isBackup || digest.segments.contains(number) && !segment.has("in-reencryption")
    }
    let done = digest.segments.compactMap { area.segments[$0] }.filter {
      !$0.isBackup && !$0.has("in-reencryption")
    }
    // The last piece has no size of its own; then it is all.
    reencrypted =
      done.contains { $0.size == "dynamic" }
      ? Int.max : done.compactMap { Int($0.size) }.reduce(0, +)
  }

  private struct Written: Decodable {
    let keyslots: [String: Slot]
    let segments: [String: Segment]
    let digests: [String: LUKSDigest.Written]
    let config: Config
  }

  private struct Slot: Decodable {
    let area: Place?
    let count: Int

    init(from decoder: any Decoder) throws {
      area = try decoder.container(keyedBy: Key.self).decodeIfPresent(Place.self, forKey: .area)
      count = try JSONDocument.line(JSONValue(from: decoder)).count
    }

    enum Key: CodingKey { case area }
  }

  private struct Place: Decodable {
    let offset: String
    let size: String
  }

  private struct Segment: Decodable {
    let offset: String
    let size: String
    let flags: [String]?

    func has(_ flag: String) -> Bool { flags?.contains(flag) == true }
    var isBackup: Bool { flags?.contains { $0.hasPrefix("backup-") } == true }
  }

  private struct Config: Decodable {
    let json_size: String
    let keyslots_size: String
  }
}

extension LUKSDevice {
  /// The layout of the header as it was when the volume was opened.
  ///
  /// - Throws: `OperatorError` `luks.damaged`.
  package func layout() throws -> LUKSLayout {
    var text: UnsafePointer<CChar>?
    guard unsafe crypt_dump_json(handle, &text, 0) >= 0, let json = unsafe text else {
      throw OperatorError("luks.damaged", .mismatch, "the JSON area cannot be read")
    }
    var (header, keyslots): (UInt64, UInt64) = (0, 0)
    guard unsafe crypt_get_metadata_size(handle, &header, &keyslots) >= 0 else {
      throw OperatorError("luks.damaged", .mismatch, "the sizes of the header cannot be read")
    }
    return try LUKSLayout(
      json: unsafe Array(String(cString: json).utf8), headerSize: Int(clamping: header))
  }

  /// How many bytes of data a volume at a path has, the header not counted; nil where it cannot be told.
  package static func dataSize(of path: FilePath, from offset: Int) -> Int? {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec]) else {
      return nil
    }
    defer { try? file.close() }
    guard let end = try? file.seek(offset: 0, from: .end), end > offset else { return nil }
    return Int(end) - offset
  }
}
