package import AgeFormat
import Glibc
package import SecretMemory
import Synchronization
import SystemPackage
import Vocabulary

/// A passphrase that another program gives over a descriptor, for where no person is.
///
/// It is read once, when it is first wanted. All other questions go to `others`.
package final class PassphraseDescriptor: KeyDialogue {
  // Longer than anybody's passphrase.
  private static let longest = 64 * 1024

  package let asksPeople = false

  private let descriptor: FileDescriptor
  private let others: any KeyDialogue
  private let known = Mutex<Known?>(nil)

  private final class Known: Sendable {
    let bytes: SecretBytes
    init(_ bytes: consuming SecretBytes) { self.bytes = bytes }
  }

  /// Takes the number of an open descriptor.
  package init(_ descriptor: Int32, others: any KeyDialogue) {
    self.descriptor = FileDescriptor(rawValue: descriptor)
    self.others = others
  }

  /// The descriptor that `AGE_PASSPHRASE_FD` names; nil where it is not set.
  ///
  /// - Throws: `OperatorError` `passphrase.descriptor`.
  package static func named(byEnvironment others: any KeyDialogue) throws -> PassphraseDescriptor? {
    guard let value = unsafe getenv("AGE_PASSPHRASE_FD") else { return nil }
    let text = unsafe String(cString: value)
    guard let number = Int32(text), number >= 0 else {
      throw OperatorError(
        "passphrase.descriptor", .usage, "AGE_PASSPHRASE_FD is no number of a descriptor")
    }
    return PassphraseDescriptor(number, others: others)
  }

  /// The passphrase, whatever it is of; throws `OperatorError` `passphrase.descriptor` where it cannot
  /// be read.
  package func passphrase(of subject: String) throws -> SecretBytes {
    let known = try known.withLock { known in
      if let known { return known }
      let read = Known(try read())
      known = read
      return read
    }
    return known.bytes.withBytes { SecretBytes(copying: $0) }
  }

  package func show(_ message: String) throws { try others.show(message) }

  package func ask(_ question: String) throws -> String { try others.ask(question) }

  package func askSecret(_ question: String) throws -> SecretBytes {
    try others.askSecret(question)
  }

  package func confirm(_ question: String, yes: String, no: String?) throws -> Bool {
    try others.confirm(question, yes: yes, no: no)
  }

  /// Everything up to the end, without line ends there.
  private func read() throws -> SecretBytes {
    var count = 0
    let room = try SecretBytes(count: Self.longest) { (room: inout MutableRawSpan) throws -> Void in
      while count < Self.longest {
        let got: Int
        do {
          var rest = room._mutatingExtracting(count..<Self.longest)
          got = try unsafe rest.withUnsafeMutableBytes { unsafe try descriptor.read(into: $0) }
        } catch {
          throw OperatorError(
            "passphrase.descriptor", .usage,
            "no passphrase can be read from descriptor \(descriptor.rawValue): \(error)",
            hint: "open it for the program, as in '3<file'")
        }
        guard got > 0 else { break }
        count += got
      }
    }
    return room.withBytes { bytes in
      while count > 0, [UInt8(ascii: "\n"), UInt8(ascii: "\r")].contains(bytes[byteAt: count - 1]) {
        count -= 1
      }
      return SecretBytes(copying: bytes.extracting(0..<count))
    }
  }
}
