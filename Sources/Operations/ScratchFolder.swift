import Glibc
import LocalFiles
package import SystemPackage
import Vocabulary

/// A folder of the drill's own, mode 0700, that is gone when its owner is.
package struct ScratchFolder: ~Copyable {
  package let path: FilePath

  /// Makes a folder.
  ///
  /// - Throws: `drill.scratch`.
  init(in parent: FilePath) throws {
    var template = parent.appending("coffer-drill-XXXXXX").string.utf8CString.map { $0 }
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> Bool in
      guard let base = buffer.baseAddress else { return false }
      return unsafe mkdtemp(base) != nil
    }
    guard made else {
      throw OperatorError(
        "drill.scratch", .failed, "cannot make a folder in \(parent): \(Errno(rawValue: errno))",
        hint: "name another place with --scratch")
    }
    path = FilePath(platformString: template)
  }

  deinit {
    try? LocalPath(path).removeTree()
  }
}
