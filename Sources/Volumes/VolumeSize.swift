/// How large a volume may be.
package struct VolumeSize: Sendable, Hashable {
  /// What a volume needs beside its largest file: description and checksums of a set.
  static let reserve = 1 << 17

  private static let units: [(suffix: String, bytes: Int)] = [
    ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("K", 1_000),
    ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000),
  ]

  /// Bytes of a volume, all its files together.
  package let bytes: Int

  /// Takes a number of bytes; nil where nothing would fit.
  package init?(bytes: Int) {
    guard bytes > Self.reserve, bytes <= 1 << 50 else { return nil }
    self.bytes = bytes
  }

  /// Reads `25G`, `700M`, in powers of 1000 as makers of media count; `4GiB` in powers of 1024; or a plain
  /// number of bytes.
  package init?(_ text: String) {
    let unit = Self.units.first { text.hasSuffix($0.suffix) }
    guard let number = Int(text.dropLast(unit?.suffix.utf8.count ?? 0)), number > 0 else {
      return nil
    }
    let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: unit?.bytes ?? 1)
    guard !isTooMuch else { return nil }
    self.init(bytes: bytes)
  }

  /// Bytes of the one large file.
  var fileLimit: Int { bytes - Self.reserve }
}
