internal import Glibc
internal import SystemPackage

/// The names in a folder.
enum FolderListing {
  /// All but `.` and `..`, in no order.
  ///
  /// - Throws: `Errno`.
  static func names(in folder: FilePath) throws -> [String] {
    guard let stream = unsafe folder.withPlatformString({ unsafe opendir($0) }) else {
      throw Errno(rawValue: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      names.append(
        unsafe withUnsafePointer(to: &entry.pointee.d_name) {
          unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
        })
    }
    return names.filter { $0 != "." && $0 != ".." }
  }
}
