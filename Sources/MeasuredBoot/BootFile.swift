package import SystemPackage
internal import Vocabulary

/// Files that take part in a boot, read whole.
package enum BootFile {
  /// More than any kernel or initrd.
  private static let largest = 1 << 30

  /// Reads a kernel, an initrd or another file that is measured.
  ///
  /// - Throws: `OperatorError` `component.unreadable`.
  package static func component(_ path: FilePath) throws -> [UInt8] {
    do {
      return try bytes(of: path, atMost: largest)
    } catch {
      throw OperatorError("component.unreadable", .usage, "cannot read \(path): \(error)")
    }
  }

  /// Reads a kernel command line; the line end after it is not part of it.
  ///
  /// - Throws: `OperatorError` `component.unreadable`, also where it is no single line of text.
  package static func commandLine(_ path: FilePath) throws -> String {
    var bytes = try component(path)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    guard !bytes.isEmpty, bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
      throw OperatorError(
        "component.unreadable", .usage, "\(path) is not one line of printable ASCII")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads a file to its end, for files in /sys do not tell their size.
  static func bytes(of path: FilePath, atMost limit: Int) throws(Errno) -> [UInt8] {
    do {
      let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
      defer { try? file.close() }
      var bytes: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 1 << 18)
      while true {
        let count = try unsafe piece.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
        guard count > 0 else { return bytes }
        guard bytes.count + count <= limit else { throw Errno.fileTooLarge }
        bytes.append(contentsOf: piece.prefix(count))
      }
    } catch let error as Errno {
      throw error
    } catch {
      throw Errno.ioError
    }
  }
}
