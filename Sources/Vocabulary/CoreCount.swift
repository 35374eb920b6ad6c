import Glibc

/// The number of cores that this process may use, at least 1.
package func coreCount() -> Int {
  max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}
