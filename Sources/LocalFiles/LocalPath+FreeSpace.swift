import Glibc
import SystemPackage

extension LocalPath {
  /// How many bytes its file system has left for us, where the path lies or will lie; nil where that cannot
  /// be told.
  package var freeBytes: Int? {
    var place = canonical
    var facts = statvfs()
    while unsafe place.withPlatformString({ unsafe statvfs($0, &facts) }) != 0 {
      guard errno == ENOENT, place.removeLastComponent() else { return nil }
    }
    return Int(facts.f_bavail) * Int(facts.f_frsize)
  }
}
