internal import AgeFormat
internal import Glibc
internal import SecretMemory
internal import Synchronization
internal import SystemPackage
internal import Vocabulary

/// The two pipes over which messages go, the same at both ends.
///
/// age-plugin.md, "Protocol": each message is written as a stanza is written in a header.
package final class PluginChannel: Sendable {
  // A plugin that says more than the longest header is out of its mind.
  private static let longest = AgeHeader.maximumSize
  private static let newline = UInt8(ascii: "\n")

  private let input: FileDescriptor
  private let output: FileDescriptor
  // What was read and not taken yet. It may be secret, and is wiped when it is taken.
  private let waiting = Mutex<[UInt8]>([])

  /// Takes the descriptors of both directions, which stay the caller's to close.
  package init(readingFrom input: Int32, writingTo output: Int32) {
    self.input = FileDescriptor(rawValue: input)
    self.output = FileDescriptor(rawValue: output)
  }

  /// Says something.
  ///
  /// - Throws: `plugin.closed` where nobody reads any more.
  package func send(_ message: borrowing PluginMessage) throws {
    let words = [message.command] + message.arguments
    let head = Array("-> \(words.joined(separator: " "))\n".utf8)
    let encoded = message.body.withBytes { Base64.encodeSecret($0, padding: .none) }
    var text = head
    encoded.withBytes { encoded in
      for start in stride(from: 0, through: encoded.byteCount, by: Stanza.lineLength) {
        let end = min(start + Stanza.lineLength, encoded.byteCount)
        text.append(encoded.extracting(start..<end))
        text.append(Self.newline)
      }
    }
    defer { text.wipe() }
    do {
      _ = try unsafe text.withUnsafeBytes { unsafe try output.writeAll($0) }
    } catch {
      throw closed
    }
  }

  /// Waits for the next thing that is said.
  ///
  /// - Throws: `plugin.closed` where nothing more is said, `plugin.protocol` for what is no message.
  package func receive() throws -> PluginMessage {
    var head = try line()
    defer { head.wipe() }
    guard head.starts(with: "-> ".utf8) else { throw malformed }
    let words = String(decoding: head.dropFirst(3), as: UTF8.self)
      .split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.allSatisfy({ Stanza.isArgument($0.utf8) }) else { throw malformed }
    var encoded: [UInt8] = []
    defer { encoded.wipe() }
    while true {
      var next = try line()
      defer { next.wipe() }
      guard next.count <= Stanza.lineLength, encoded.count <= Self.longest else { throw malformed }
      encoded.append(contentsOf: next)
      if next.count < Stanza.lineLength { break }
    }
    guard let body = encoded.withBytes({ Base64.decodeSecret($0, padding: .none) }) else {
      throw malformed
    }
    return PluginMessage(words[0], Array(words.dropFirst()), body: body)
  }

  /// The next line, without its end.
  private func line() throws -> [UInt8] {
    try waiting.withLock { waiting in
      var searched = 0
      while true {
        if let end = waiting[searched...].firstIndex(of: Self.newline) {
          let line = Array(waiting[..<end])
          var rest = Array(waiting[(end + 1)...])
          waiting.wipe()
          swap(&waiting, &rest)
          return line
        }
        searched = waiting.count
        guard waiting.count <= Self.longest else { throw malformed }
        try readMore(&waiting)
      }
    }
  }

  private func readMore(_ waiting: inout [UInt8]) throws {
    var piece = [UInt8](repeating: 0, count: 4 * 1024)
    defer { piece.wipe() }
    let count = (try? unsafe piece.withUnsafeMutableBytes { unsafe try input.read(into: $0) }) ?? 0
    guard count > 0 else { throw closed }
    var longer: [UInt8] = []
    longer.reserveCapacity(waiting.count + count)
    longer.append(contentsOf: waiting)
    longer.append(contentsOf: piece[..<count])
    waiting.wipe()
    swap(&waiting, &longer)
  }

  private var closed: OperatorError {
    OperatorError("plugin.closed", .failed, "the other side ended before it had said all")
  }

  private var malformed: OperatorError {
    OperatorError("plugin.protocol", .failed, "the other side does not speak age's plugin protocol")
  }
}
