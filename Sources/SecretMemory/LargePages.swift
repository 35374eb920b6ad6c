internal import Glibc

/// Pages of 2 MiB for bulk output.
///
/// Fresh memory costs a fault a page, and the kernel's work on small pages took longer than sealing
/// what went into them: with large ones, sealing 64 MiB was measured twice as fast.
enum LargePages {
  // Below this nobody would notice.
  private static let worthAsking = 4 << 20
  private static let size = UInt(2 << 20)

  /// Asks before the first byte is written; a kernel that has none to give says no, which is no harm.
  static func ask(for base: UnsafeMutablePointer<UInt8>, _ count: Int) {
    guard count >= worthAsking else { return }
    let start = (UInt(bitPattern: base) + size - 1) & ~(size - 1)
    let end = (UInt(bitPattern: base) + UInt(count)) & ~(size - 1)
    guard end > start else { return }
    _ = unsafe madvise(
      UnsafeMutableRawPointer(bitPattern: start), Int(end - start), MADV_HUGEPAGE)
  }
}
