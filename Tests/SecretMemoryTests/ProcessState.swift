import Glibc

/// What the kernel says of this process.
enum ProcessState {
  static var coreLimit: UInt {
    var limit = rlimit()
    _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    return limit.rlim_max
  }

  static var fileMask: UInt32 { umask(0o077) }
}
