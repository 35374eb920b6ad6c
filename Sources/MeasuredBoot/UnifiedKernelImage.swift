package import TrustedHardware
internal import Vocabulary

/// A unified kernel image: kernel, initrd and command line as sections of systemd-stub.
///
/// Source: UAPI.5 Unified Kernel Image; systemd, `src/fundamental/uki.h` and `src/boot/stub.c`.
package struct UnifiedKernelImage: Sendable {
  /// The image as a whole, which firmware measures.
  package let image: PEImage

  private let stubVersion: Int
  private let source: String

  /// In the order in which the stub measures them; `.pcrsig` signs what comes of it, and is not.
  private static let measured = [
    ".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb", ".uname", ".sbat",
    ".pcrpkey",
  ]
  /// Sections of which the stub chooses at boot.
  private static let chosen = [".profile", ".dtbauto", ".hwids", ".efifw"]
  /// Sections that stubs before 254 do not know; .sbat is their own there.
  private static let sinceVersion254: Set = [".uname", ".sbat"]

  /// Reads an image.
  ///
  /// - Throws: `OperatorError` `pe.malformed`; `uki.unsupported` where it has no systemd-stub of
  ///   version 252 or later, or sections that only the machine that boots it chooses from.
  package init(_ bytes: [UInt8], of source: String) throws {
    image = try PEImage(bytes, of: source)
    self.source = source
    let names = image.sections.map(\.name)
    func unsupported(_ why: String) -> OperatorError {
      OperatorError("uki.unsupported", .failed, "cannot tell what \(source) measures: \(why)")
    }
    guard let magic = image.sections.first(where: { $0.name == ".sdmagic" }),
      let version = Self.version(image.bytes[magic.range]), version >= 252
    else { throw unsupported("it names no systemd-stub of version 252 or later") }
    stubVersion = version
    guard names.contains(".linux") else { throw unsupported("it has no kernel") }
    if let name = Self.chosen.first(where: names.contains) {
      throw unsupported("the machine that boots it chooses by \(name)")
    }
    if let name = Self.measured.first(where: { name in names.filter { $0 == name }.count > 1 }) {
      throw unsupported("it has several sections \(name)")
    }
  }

  /// The number in `#### LoaderInfo: systemd-stub 252.39-1 ####`.
  private static func version(_ magic: ArraySlice<UInt8>) -> Int? {
    let text = String(decoding: magic, as: UTF8.self)
    guard let range = text.firstRange(of: "systemd-stub ") else { return nil }
    return Int(text[range.upperBound...].prefix { $0.isASCII && $0.isNumber })
  }

  /// What a section holds in memory; nil where there is none.
  ///
  /// - Throws: `OperatorError` `pe.malformed`.
  func content(of name: String) throws -> [UInt8]? {
    guard let section = image.sections.first(where: { $0.name == name }) else { return nil }
    // What the file does not fill is zero, up to the next page.
    guard section.virtualSize <= section.range.count + 4096 else {
      throw OperatorError(
        "pe.malformed", .mismatch, "section \(name) of \(source) is larger than what is in it")
    }
    let bytes = image.bytes[section.range].prefix(section.virtualSize)
    return bytes + [UInt8](repeating: 0, count: section.virtualSize - bytes.count)
  }

  /// What the stub extends into PCR 11, in its order: of each section the name and the content.
  ///
  /// - Throws: `OperatorError` `pe.malformed`.
  package func measurements(_ bank: PCRBank) throws -> [[UInt8]] {
    try Self.measured.filter { stubVersion >= 254 || !Self.sinceVersion254.contains($0) }
      .flatMap { name -> [[UInt8]] in
        guard let content = try content(of: name), !content.isEmpty else { return [] }
        return [bank.digest(of: Array(name.utf8) + [0]), bank.digest(of: content)]
      }
  }
}
