import ChildPrograms
import Dispatch
import Synchronization
import StoreWire
import SystemPackage
import Vocabulary

/// The system's `ssh`, running; it ends with its owner.
///
/// It is started by hand as plugins are, for the same reasons: `docs/decisions/0009-plugins-by-posix-spawn.md`.
final class SSHProcess: WirePeer {
  private static let mostComplaints = 4096
  /// How long a machine may take nothing and say nothing in the middle of a frame.
  private static let patience = Duration.seconds(600)

  let channel: WireChannel

  private let process: ChildProgram
  private let complaints = Complaints()

  /// Starts it.
  ///
  /// - Throws: `store.no-ssh`.
  init(to address: SSHAddress) throws {
    guard let path = ChildProgram.find("ssh") else {
      throw OperatorError(
        "store.no-ssh", .missingProgram, "ssh is not on the search path",
        hint: "install openssh-client")
    }
    let (toPeer, fromPeer, errors) = (
      try ChildProgram.pipe(), try ChildProgram.pipe(), try ChildProgram.pipe()
    )
    defer { for end in [toPeer.readEnd, fromPeer.writeEnd, errors.writeEnd] { try? end.close() } }
    do {
      // A Ctrl-C at a terminal must not end it first: a run that is asked to stop still has something to send.
      process = try ChildProgram(
        path, Self.arguments(address),
        [(toPeer.readEnd, 0), (fromPeer.writeEnd, 1), (errors.writeEnd, 2)], in: .itsOwn)
    } catch {
      for end in [toPeer.writeEnd, fromPeer.readEnd, errors.readEnd] { try? end.close() }
      throw OperatorError(
        "store.no-ssh", .missingProgram, "\(path) does not start: \(error)")
    }
    channel = WireChannel(
      readingFrom: fromPeer.readEnd, writingTo: toPeer.writeEnd, patience: Self.patience)
    complaints.collect(from: errors.readEnd, atMost: Self.mostComplaints)
  }

  var lastWords: String { complaints.text(within: 2) }

  private static func arguments(_ address: SSHAddress) -> [String] {
    // Nobody is there to be asked, a machine must be known before it is spoken to, and a network that is
    // gone without a word is noticed within a minute and a half.
    let options = [
      "BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=30", "ServerAliveInterval=15",
      "ServerAliveCountMax=4", "ClearAllForwardings=yes", "ForwardAgent=no", "ControlMaster=no",
      "LogLevel=ERROR",
    ]
    let port = address.port.map { ["-p", "\($0)"] } ?? []
    // The keeper's authorized_keys says what is run, whatever is asked for here.
    return ["ssh", "-T"] + options.flatMap { ["-o", $0] } + port
      + ["--", address.destination, "coffer-store receive"]
  }

  deinit {
    // Nobody listens to it any more.
    process.terminate()
  }
}

/// What is said on standard error, the end of it.
private final class Complaints: Sendable {
  private let bytes = Mutex<[UInt8]>([])
  private let reading = DispatchGroup()

  func collect(from end: FileDescriptor, atMost limit: Int) {
    reading.enter()
    DispatchQueue(label: "coffer.ssh.complaints").async {
      var piece = [UInt8](repeating: 0, count: limit)
      while let count = try? unsafe piece.withUnsafeMutableBytes({ unsafe try end.read(into: $0) }),
        count > 0
      {
        self.bytes.withLock { $0 = Array(($0 + piece[..<count]).suffix(limit)) }
      }
      try? end.close()
      self.reading.leave()
    }
  }

  func text(within seconds: Int) -> String {
    _ = reading.wait(timeout: .now() + .seconds(seconds))
    let text = String(decoding: bytes.withLock { $0 }, as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).joined(separator: "; ").onOneLine
  }
}
