internal import CSodium

/// What becomes of memory that was given back.
package enum FreedMemory {
  /// Keeps it for the next who asks, where the C library would give large pieces back to the system.
  ///
  /// Else work on one megabyte after the other has the system zero each page of each of them again.
  package static func keep() { coffer_keep_freed_memory() }
}
