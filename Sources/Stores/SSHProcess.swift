import Dispatch
import Glibc
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

  private let process: pid_t
  private let complaints = Complaints()

  /// Starts it.
  ///
  /// - Throws: `store.no-ssh`.
  init(to address: SSHAddress) throws {
    guard let path = Self.find() else {
      throw OperatorError(
        "store.no-ssh", .missingProgram, "ssh is not on the search path",
        hint: "install openssh-client")
    }
    let (toPeer, fromPeer, errors) = (try Self.pipe(), try Self.pipe(), try Self.pipe())
    defer { for end in [toPeer.readEnd, fromPeer.writeEnd, errors.writeEnd] { try? end.close() } }
    do {
      process = try Self.spawn(
        path, Self.arguments(address),
        [(toPeer.readEnd, 0), (fromPeer.writeEnd, 1), (errors.writeEnd, 2)])
    } catch {
      for end in [toPeer.writeEnd, fromPeer.readEnd, errors.readEnd] { try? end.close() }
      throw error
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

  /// Where ssh lies; relative places of the search path are passed over, as for plugins.
  private static func find() -> String? {
    let path = unsafe getenv("PATH").map { unsafe String(cString: $0) }
    return (path ?? "/usr/bin:/bin").split(separator: ":").filter { $0.hasPrefix("/") }
      .map { "\($0)/ssh" }
      .first { unsafe access($0, X_OK) == 0 }
  }

  private static func pipe() throws -> (readEnd: FileDescriptor, writeEnd: FileDescriptor) {
    let pipe = try FileDescriptor.pipe()
    for end in [pipe.readEnd, pipe.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    return pipe
  }

  private static func spawn(
    _ path: String, _ arguments: [String], _ descriptors: [(FileDescriptor, Int32)]
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, number) in descriptors {
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor.rawValue, number)
    }

    // What we ignore it would ignore, too. In a group of its own, it is not what a Ctrl-C at a terminal
    // ends first: a run that is asked to stop still has something to send.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

    var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    var process = pid_t()
    let problem = unsafe posix_spawn(&process, path, &actions, &attributes, &words, environ)
    guard problem == 0 else {
      throw OperatorError(
        "store.no-ssh", .missingProgram, "\(path) does not start: \(Errno(rawValue: problem))")
    }
    return process
  }

  deinit {
    // Nobody listens to it any more.
    kill(process, SIGTERM)
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
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
