import Glibc
import SystemPackage

/// The room that a pipe has: with little, both ends wake each other all the time.
enum PipeRoom {
  // F_SETPIPE_SZ, which Swift's Glibc module does not show, and what any user may ask for.
  private static let setSize: Int32 = 1_031
  private static let size: Int32 = 1 << 20

  /// Makes it larger; what is no pipe stays as it is.
  static func enlarge(_ file: FileDescriptor) {
    _ = fcntl(file.rawValue, setSize, size)
  }
}
