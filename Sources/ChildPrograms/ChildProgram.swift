import Glibc
package import SystemPackage

/// A program that runs beside this one; its owner waits for its end when it goes away.
///
/// It is started by posix_spawn, where nothing can be awaited: `docs/decisions/0009-plugins-by-posix-spawn.md`.
package struct ChildProgram: ~Copyable {
  /// Which process group it is in: whom a Ctrl-C at a terminal ends.
  package enum Group: Sendable {
    case ofItsStarter
    case itsOwn
  }

  private let process: pid_t

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: where it lies.
  ///   - arguments: its words, the first of which is what it is called.
  ///   - descriptors: what is open in it, with the numbers that it knows them by.
  ///   - group: its process group.
  /// - Throws: `Errno` where it does not start.
  package init(
    _ path: String, _ arguments: [String], _ descriptors: [(FileDescriptor, Int32)],
    in group: Group
  ) throws {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, number) in descriptors {
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor.rawValue, number)
    }

    // What we ignore it would ignore, too.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    var flags = POSIX_SPAWN_SETSIGDEF
    if case .itsOwn = group {
      unsafe posix_spawnattr_setpgroup(&attributes, 0)
      flags |= POSIX_SPAWN_SETPGROUP
    }
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

    var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    var process = pid_t()
    let problem = unsafe posix_spawn(&process, path, &actions, &attributes, &words, environ)
    guard problem == 0 else { throw Errno(rawValue: problem) }
    self.process = process
  }

  /// Asks it to end.
  package borrowing func terminate() { kill(process, SIGTERM) }

  deinit {
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
  }
}

extension ChildProgram {
  /// Where a program of the search path lies; nil where it does not.
  ///
  /// Relative places of the path are passed over: whoever may write into the current folder must not choose what
  /// runs.
  package static func find(_ name: String) -> String? {
    let path = unsafe getenv("PATH").map { unsafe String(cString: $0) }
    return (path ?? "/usr/bin:/bin").split(separator: ":").filter { $0.hasPrefix("/") }
      .map { "\($0)/\(name)" }
      .first { unsafe access($0, X_OK) == 0 }
  }

  /// A pipe that no other child has.
  ///
  /// - Throws: `Errno`.
  package static func pipe() throws -> (readEnd: FileDescriptor, writeEnd: FileDescriptor) {
    let pipe = try FileDescriptor.pipe()
    for end in [pipe.readEnd, pipe.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    return pipe
  }
}
