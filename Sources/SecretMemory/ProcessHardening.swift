internal import CSodium
internal import Glibc

/// What a tool does before it touches a secret.
package enum ProcessHardening {
  /// Lets nobody read this process's memory: no core dumps, no tracing by others of the same user,
  /// and new files for their owner alone (umask 077).
  /// - Returns: whether the kernel agreed to all of it.
  @discardableResult package static func refuseCoreDumps() -> Bool {
    _ = umask(0o077)
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    let limited = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0
    return coffer_refuse_dumps() == 0 && limited
  }
}
