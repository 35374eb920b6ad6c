import AgeFormat
import Glibc
package import SecretMemory
import Synchronization
import SystemPackage
import Vocabulary

/// A person at the terminal, asked over `/dev/tty` whatever standard input and output are.
///
/// What must not be seen is not echoed, and goes straight into locked memory.
package struct TerminalDialogue: KeyDialogue {
  // Longer than anybody types.
  private static let longest = 4 * 1024

  private let otherwise: String

  package var asksPeople: Bool { true }

  /// - Parameter otherwise: what to do where there is no terminal, in a sentence without a full stop.
  package init(
    otherwise: String =
      "give a passphrase by --passphrase-fd, or by a descriptor named in AGE_PASSPHRASE_FD"
  ) {
    self.otherwise = otherwise
  }

  package func passphrase(of subject: String) throws -> SecretBytes {
    try askSecret("Passphrase of \(subject):")
  }

  package func show(_ message: String) throws {
    write("\(message)\n", to: STDERR_FILENO)
  }

  /// Shows a secret to the person at the terminal, and to nobody who reads the output.
  ///
  /// - Throws: `OperatorError` `dialogue.no-terminal`.
  package func show(_ secret: borrowing SecretBytes, after words: String) throws {
    try onTerminal { terminal in
      write("\(words)\n\n    ", to: terminal.rawValue)
      try secret.withBytes { bytes in
        _ = try unsafe bytes.withUnsafeBytes { unsafe try terminal.writeAll($0) }
      }
      write("\n\n", to: terminal.rawValue)
    }
  }

  package func ask(_ question: String) throws -> String {
    try onTerminal { terminal in
      write("\(question) ", to: terminal.rawValue)
      return try Self.line(from: terminal).withBytes {
        String(decoding: $0.copied(), as: UTF8.self)
      }
    }
  }

  package func askSecret(_ question: String) throws -> SecretBytes {
    try onTerminal { terminal in
      // Asked with the echo off already: whoever is quick would be seen.
      try withoutEcho(terminal) {
        write("\(question) ", to: terminal.rawValue)
        defer { write("\n", to: terminal.rawValue) }
        return try Self.line(from: terminal)
      }
    }
  }

  package func confirm(_ question: String, yes: String, no: String?) throws -> Bool {
    let choice = no.map { "1 \(yes), 2 \($0)" } ?? "1 \(yes)"
    while true {
      switch try ask("\(question)\n\(choice):") {
      case "1": return true
      case "2" where no != nil: return false
      default: continue
      }
    }
  }

  private func onTerminal<Result: ~Copyable>(
    _ body: (FileDescriptor) throws -> Result
  ) throws -> Result {
    let terminal: FileDescriptor
    do {
      terminal = try FileDescriptor.open(FilePath("/dev/tty"), .readWrite, options: [.closeOnExec])
    } catch {
      throw OperatorError(
        "dialogue.no-terminal", .usage, "there is no terminal to ask at",
        hint: otherwise)
    }
    defer { try? terminal.close() }
    return try body(terminal)
  }

  /// Turns the echo off, and the keys that would end the process with the echo still off.
  private func withoutEcho<Result: ~Copyable>(
    _ terminal: FileDescriptor, _ body: () throws -> Result
  ) throws -> Result {
    var before = termios()
    guard unsafe tcgetattr(terminal.rawValue, &before) == 0 else { return try body() }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO | ISIG)
    unsafe tcsetattr(terminal.rawValue, TCSAFLUSH, &silent)
    defer { unsafe tcsetattr(terminal.rawValue, TCSAFLUSH, &before) }
    return try body()
  }

  private static func line(from terminal: FileDescriptor) throws -> SecretBytes {
    var count = 0
    var isInterrupted = false
    let room = try SecretBytes(count: longest) { (room: inout MutableRawSpan) throws -> Void in
      while count < longest {
        var byte: UInt8 = 0
        let got = try unsafe withUnsafeMutableBytes(of: &byte) {
          unsafe try terminal.read(into: $0)
        }
        if got == 0 || byte == UInt8(ascii: "\n") { break }
        // What Ctrl-C and Ctrl-\ send, which the terminal does not act on now.
        isInterrupted = byte == 3 || byte == 28
        if isInterrupted { break }
        room.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
      }
    }
    guard !isInterrupted else {
      throw OperatorError("interrupted", .interrupted, "interrupted")
    }
    return room.withBytes { SecretBytes(copying: $0.extracting(0..<count)) }
  }
}
