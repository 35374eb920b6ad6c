/// Small PE images, made for proofs.
package enum PEBuilder {
  /// An image with sections, of names of up to eight letters, that follow its headers without gaps;
  /// PE32+ where it is wide, PE32 otherwise.
  package static func image(_ sections: [(String, [UInt8])], wide: Bool = true) -> [UInt8] {
    let optionalSize = (wide ? 112 : 96) + 16 * 8
    let tableEnd = 0x40 + 4 + 20 + optionalSize + 40 * sections.count
    let headerSize = aligned(tableEnd)
    var bytes = Array("MZ".utf8) + zeros(0x3a) + number(0x40, 4)
    bytes += [0x50, 0x45, 0, 0]
    bytes += number(wide ? 0x8664 : 0x14c, 2) + number(sections.count, 2) + zeros(12)
    bytes += number(optionalSize, 2) + number(0x22e, 2)
    bytes += number(wide ? 0x20b : 0x10b, 2) + zeros(30) + number(0x1000, 4)
    bytes += number(0x200, 4) + zeros(16) + number(0x100000, 4) + number(headerSize, 4)
    bytes += number(0xabcd, 4) + number(10, 2) + zeros(2 + (wide ? 32 : 16) + 4) + number(16, 4)
    bytes += zeros(16 * 8)
    var place = headerSize
    for (index, (name, content)) in sections.enumerated() {
      let text = Array(name.utf8.prefix(8))
      bytes += text + zeros(8 - text.count) + number(content.count, 4)
      bytes += number(0x1000 * (index + 1), 4) + number(aligned(content.count), 4)
      bytes += number(place, 4) + zeros(12) + number(0x6000_0020, 4)
      place += aligned(content.count)
    }
    bytes += zeros(headerSize - tableEnd)
    for (_, content) in sections {
      bytes += content + zeros(aligned(content.count) - content.count)
    }
    return bytes
  }

  /// A unified kernel image with a stub of a version of systemd.
  package static func unifiedKernelImage(
    _ sections: [(String, [UInt8])], stub: String = "252.39-1~deb12u2"
  ) -> [UInt8] {
    let magic = Array("#### LoaderInfo: systemd-stub \(stub) ####\0".utf8)
    return image([(".text", [0xc3]), (".sdmagic", magic)] + sections)
  }

  private static func aligned(_ size: Int) -> Int { (size + 511) / 512 * 512 }

  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  private static func number(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
