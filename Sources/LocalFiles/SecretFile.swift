import Glibc
package import SecretMemory
package import SystemPackage
import Vocabulary

/// Small files that hold secrets, read straight into locked memory.
package enum SecretFile {
  /// More than any key file of ours, or an age identity file, needs.
  private static let largest = 1 << 20

  /// Reads a whole file, or standard input for `-`.
  ///
  /// - Throws: `secret.unreadable`, `secret.too-large`; the text names the path, never the content.
  package static func read(_ path: FilePath) throws -> SecretBytes {
    if path == "-" { return try read(.standardInput, called: "standard input") }
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
    } catch {
      throw OperatorError(
        "secret.unreadable", .usage, "cannot read the key file \(path): \(error)")
    }
    defer { try? file.close() }
    do {
      return try read(file, called: "\(path)")
    } catch let problem as Errno {
      throw OperatorError(
        "secret.unreadable", .usage, "cannot read the key file \(path): \(problem)")
    }
  }

  /// Writes a secret with a line end to a new file, mode 0600, durably.
  ///
  /// - Throws: `OperatorError` `secret.unwritable`, also where the file is there.
  package static func write(_ secret: borrowing SecretBytes, to path: FilePath) throws {
    let line = secret.withLineEnd()
    do {
      try line.withBytes { try DurableFile.write($0, to: path, taken: .refuse) }
    } catch let error as Errno {
      throw OperatorError("secret.unwritable", .failed, "cannot write \(path): \(error)")
    }
  }

  /// Writes a secret with a line end to a descriptor.
  ///
  /// - Throws: `Errno`.
  package static func write(
    _ secret: borrowing SecretBytes, to descriptor: FileDescriptor
  ) throws {
    let line = secret.withLineEnd()
    try line.withBytes { bytes in
      _ = try unsafe bytes.withUnsafeBytes { unsafe try descriptor.writeAll($0) }
    }
  }

  private static func read(_ file: FileDescriptor, called name: String) throws -> SecretBytes {
    var count = 0
    let room = try SecretBytes(count: largest) { (bytes: inout MutableRawSpan) throws -> Void in
      count = try unsafe bytes.withUnsafeMutableBytes { buffer in
        var filled = 0
        while filled < buffer.count {
          let got = unsafe try file.read(
            into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
          guard got > 0 else { break }
          filled += got
        }
        return filled
      }
    }
    guard count < largest else {
      throw OperatorError("secret.too-large", .usage, "\(name) is too large for a key file")
    }
    return room.withBytes { SecretBytes(copying: $0.extracting(0..<count)) }
  }
}

extension SecretBytes {
  fileprivate borrowing func withLineEnd() -> SecretBytes {
    withBytes { bytes in
      SecretBytes(count: bytes.byteCount + 1) { line in
        for place in 0..<bytes.byteCount {
          line.storeBytes(of: bytes[byteAt: place], toByteOffset: place, as: UInt8.self)
        }
        line.storeBytes(of: UInt8(ascii: "\n"), toByteOffset: bytes.byteCount, as: UInt8.self)
      }
    }
  }
}
