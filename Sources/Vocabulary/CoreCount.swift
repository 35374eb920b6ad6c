import FoundationEssentials

/// The number of cores that this process may use, at least 1: fewer than there are where `taskset` or a
/// unit's `CPUAffinity` says so.
package func coreCount() -> Int {
  max(1, ProcessInfo.processInfo.activeProcessorCount)
}
