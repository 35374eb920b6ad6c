internal import CLinux

/// What becomes of memory that was given back.
package enum FreedMemory {
  /// Keeps it for the next who asks, where the C library would give large pieces back to the system.
  ///
  /// Else work on one megabyte after the other has the system zero each page of each of them again.
  package static func keep() {
    _ = mallopt(linux_mmap_threshold, 32 << 20)
    _ = mallopt(linux_trim_threshold, 128 << 20)
    _ = mallopt(linux_top_pad, 1 << 20)
  }
}
