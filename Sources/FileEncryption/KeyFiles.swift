import AgeFormat
import Glibc
import LocalFiles
import Recipients
package import SecretMemory
import SystemPackage
import Vocabulary

/// Identity files as `keygen` makes and reads them.
package enum KeyFiles {
  /// Whether what is written to standard output is seen by a person.
  package static var showsOnTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// The recipients of all identities in a file, as they are written.
  ///
  /// - Throws: `OperatorError`, `recipient.none` where an identity knows no written recipient.
  package static func recipients(of path: String) throws -> [String] {
    let pairs = try SecretFile.read(FilePath(path)).withBytes { try IdentityFile.parse($0) }
    return try pairs.map { pair in
      guard let recipient = try pair.publicHalf() as? any WrittenRecipient else {
        throw OperatorError(
          "recipient.none", .usage, "only the plugin knows the recipient of its identity",
          hint: "look for the comment in the identity file, or ask the plugin")
      }
      return recipient.text
    }
  }

  /// The post-quantum identities of a file in the form for `age-plugin-pq`, one a line.
  ///
  /// - Throws: `OperatorError` `identity.unsupported` for an identity of another kind.
  package static func pluginForms(of path: String) throws -> SecretBytes {
    let pairs = try SecretFile.read(FilePath(path)).withBytes { try IdentityFile.parse($0) }
    var text = SecretBytes(count: 0) { _ in }
    for pair in pairs {
      guard let hybrid = pair as? HybridIdentity else {
        throw OperatorError(
          "identity.unsupported", .usage, "an identity in \(path) is not a post-quantum one",
          hint: "the plugin is for identities that begin with AGE-SECRET-KEY-PQ-1")
      }
      text = hybrid.withPluginText { line in
        text.withBytes { before in
          SecretBytes(count: before.byteCount + line.byteCount + 1) { room in
            var head = room._mutatingExtracting(0..<before.byteCount)
            head.copy(from: before)
            var tail = room._mutatingExtracting(
              before.byteCount..<before.byteCount + line.byteCount)
            tail.copy(from: line)
            room.storeBytes(
              of: UInt8(ascii: "\n"), toByteOffset: room.byteCount - 1, as: UInt8.self)
          }
        }
      }
    }
    return text
  }

  /// Writes a new file, mode 0600, or to standard output where the path is nil.
  ///
  /// - Throws: `OperatorError` `output.exists` where there is something of that name.
  package static func write(_ text: borrowing SecretBytes, to path: String?) throws {
    do {
      guard let path, path != "-" else {
        return try text.withBytes { bytes in
          _ = try unsafe bytes.withUnsafeBytes {
            unsafe try FileDescriptor.standardOutput.writeAll($0)
          }
        }
      }
      try text.withBytes { try DurableFile.write($0, to: FilePath(path), taken: .refuse) }
    } catch Errno.fileExists {
      throw OperatorError(
        "output.exists", .refused, "\(path ?? "") is there already, and is not written over",
        hint: "name another file by -o")
    } catch let error as Errno {
      throw OperatorError(
        "output.failed", .failed, "cannot write \(path ?? "standard output"): \(error)")
    }
  }

  /// Writes what is not secret; as above.
  package static func write(_ text: String, to path: String?) throws {
    try Array(text.utf8).withBytes { try write(SecretBytes(copying: $0), to: path) }
  }
}
