import FoundationEssentials
import Glibc

/// A folder that is gone with its owner.
final class TemporaryFolder {
  let path: String

  init() {
    var name = Array("/tmp/coffer-test.XXXXXX".utf8CString)
    _ = unsafe mkdtemp(&name)
    path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file of the given mode.
  /// - Returns: its path.
  func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
    let file = "\(path)/\(name)"
    try Data(text.utf8).write(to: URL(filePath: file))
    _ = unsafe chmod(file, mode)
    return file
  }
}
