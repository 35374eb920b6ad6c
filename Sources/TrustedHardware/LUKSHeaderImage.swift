internal import SecretMemory
internal import Vocabulary

/// The end of a reencryption, written into the image of a header.
///
/// libcryptsetup 2.6.1 ends one in several writes. Cut off between them, the header says that all data
/// is under the new key and that the work is not done; `cryptsetup reencrypt --resume-only` then takes
/// the one segment for one that is not begun (`luks2_reencrypt.c`, `_offset_forward`), and decrypts what
/// is under the new key by the old one. Here the end is one write.
///
/// Source: LUKS2 On-Disk Format Specification 1.1.3, sections 2 and 3.
package enum LUKSHeaderImage {
  private static let binarySize = 4096
  private static let checksum = 448..<512
  private static let requirement = "online-reencrypt"

  /// Ends the reencryption in an image of both copies of a header and of the keyslots' areas: what
  /// belongs to it and to the old key goes, and the areas of keyslots that go are overwritten.
  ///
  /// - Throws: `OperatorError` `luks.damaged` where the image is not one of a reencryption of which
  ///   all data is done.
  package static func endReencryption(in image: inout [UInt8]) throws {
    let size = Int(truncatingIfNeeded: number(image, at: 8))
    guard image.count >= 2 * size, size > binarySize, number(image, at: size + 256) == size
    else { throw damaged("its sizes are not those of a header") }
    let text = image[binarySize..<size].prefix { $0 != 0 }
    let json = try JSONDocument.decode([String: JSONValue].self, from: Array(text))
    var header = try Parts(json)
    let gone = try header.end()
    for area in gone where area.offset >= 2 * size && area.end <= image.count {
      image.replaceSubrange(
        area.offset..<area.end, with: Randomness.bytes(count: area.size))
    }
    let written = try JSONDocument.line(header.json)
    guard written.count < size - binarySize else { throw damaged("it has no room") }
    for start in [0, size] {
      try write(written, into: &image, at: start, size: size)
    }
  }

  private static func write(
    _ json: [UInt8], into image: inout [UInt8], at start: Int, size: Int
  ) throws {
    let algorithm = image[start + 72..<start + 104].prefix { $0 != 0 }
    guard algorithm.elementsEqual("sha256".utf8) else {
      throw damaged("its checksum is not SHA-256")
    }
    let zeros = repeatElement(UInt8(0), count: size - binarySize - json.count)
    image.replaceSubrange(start + binarySize..<start + size, with: json + zeros)
    let sequence = number(image, at: start + 16) + 1
    for place in 0..<8 {
      image[start + 16 + place] = UInt8(truncatingIfNeeded: sequence >> (56 - 8 * place))
    }
    let sum = start + checksum.lowerBound..<start + checksum.upperBound
    image.replaceSubrange(sum, with: repeatElement(0, count: sum.count))
    let digest = SHA256Hasher.digest(of: Array(image[start..<start + size]))
    image.replaceSubrange(sum.lowerBound..<sum.lowerBound + 32, with: digest.bytes)
  }

  private static func number(_ bytes: [UInt8], at place: Int) -> UInt64 {
    guard bytes.count >= place + 8 else { return 0 }
    return bytes[place..<place + 8].reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func damaged(_ why: String) -> OperatorError {
    OperatorError(
      "luks.damaged", .mismatch, "the reencryption cannot be ended in this header: \(why)")
  }

  /// The parts of a JSON area that an end of a reencryption touches.
  private struct Parts {
    private(set) var json: [String: JSONValue]
    private var keyslots: [String: JSONValue]
    private var segments: [String: JSONValue]
    private var digests: [String: JSONValue]

    init(_ json: [String: JSONValue]) throws {
      guard case .object(let keyslots)? = json["keyslots"],
        case .object(let segments)? = json["segments"],
        case .object(let digests)? = json["digests"]
      else { throw damaged("its JSON area is not as LUKS2 has it") }
      self.json = json
      (self.keyslots, self.segments, self.digests) = (keyslots, segments, digests)
    }

    /// Ends the reencryption; gives the areas of the keyslots that went.
    mutating func end() throws -> [LUKSLayout.Area] {
      guard let old = digest(of: "backup-previous"), let new = digest(of: "backup-final"),
        old != new
      else { throw damaged("it is of none") }
      let data = segments.filter { !$0.value.has("backup-") }
      guard data.count == 1, let segment = data.first, !segment.value.has("in-reencryption"),
        digests[new]?.list("segments").contains(segment.key) == true
      else { throw damaged("not all data is under the new key") }
      let reencrypt = keyslots.filter { $0.value.field("type") == .text("reencrypt") }.map(\.key)
      let gone = Set((digests[old]?.list("keyslots") ?? []) + reencrypt)
      guard !(digests[new]?.list("keyslots") ?? []).allSatisfy(gone.contains) else {
        throw damaged("no keyslot has the new key")
      }
      let areas = gone.compactMap { keyslots[$0]?.area }
      keyslots = keyslots.filter { !gone.contains($0.key) }
      segments = data
      digests = digests.filter { number, digest in
        number != old && !digest.list("keyslots").contains(where: reencrypt.contains)
      }.mapValues { digest in
        digest.keeping("keyslots") { !gone.contains($0) }
          .keeping("segments") { data.keys.contains($0) }
      }
      json["keyslots"] = .object(keyslots)
      json["segments"] = .object(segments)
      json["digests"] = .object(digests)
      if case .object(let tokens)? = json["tokens"] {
        json["tokens"] = .object(
          tokens.mapValues { $0.keeping("keyslots") { !gone.contains($0) } })
      }
      removeRequirement()
      return areas
    }

    private func digest(of flag: String) -> String? {
      guard let segment = segments.first(where: { $0.value.has(flag) })?.key else { return nil }
      return digests.first { $0.value.list("segments").contains(segment) }?.key
    }

    private mutating func removeRequirement() {
      guard case .object(var config)? = json["config"],
        case .object(var requirements)? = config["requirements"]
      else { return }
      let left = JSONValue.object(requirements).list("mandatory").filter {
        !$0.hasPrefix(requirement)
      }
      requirements["mandatory"] = left.isEmpty ? nil : .list(left.map { .text($0) })
      config["requirements"] = requirements.isEmpty ? nil : .object(requirements)
      json["config"] = .object(config)
    }
  }
}

extension JSONValue {
  fileprivate func field(_ name: String) -> JSONValue? {
    if case .object(let fields) = self { fields[name] } else { nil }
  }

  /// The texts of a list.
  fileprivate func list(_ name: String) -> [String] {
    guard case .list(let values)? = field(name) else { return [] }
    return values.compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  fileprivate func keeping(_ name: String, _ isKept: (String) -> Bool) -> JSONValue {
    guard case .object(var fields) = self, fields[name] != nil else { return self }
    fields[name] = .list(list(name).filter(isKept).map { .text($0) })
    return .object(fields)
  }

  /// Whether a segment has a flag that begins so.
  fileprivate func has(_ flag: String) -> Bool { list("flags").contains { $0.hasPrefix(flag) } }

  /// The area of a keyslot.
  fileprivate var area: LUKSLayout.Area? {
    guard let area = field("area"), case .text(let offset)? = area.field("offset"),
      case .text(let size)? = area.field("size"), let offset = Int(offset), let size = Int(size)
    else { return nil }
    return LUKSLayout.Area(offset: offset, size: size)
  }
}
