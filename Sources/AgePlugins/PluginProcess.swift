internal import Glibc
internal import SystemPackage
internal import Vocabulary

/// A plugin that runs, and ends when its owner goes away.
///
/// It is started by hand and not by swift-subprocess because keys are used where nothing can be
/// awaited; see `docs/decisions/0009-plugins-by-posix-spawn.md`.
struct PluginProcess: ~Copyable {
  /// What is said to the plugin, and what it says.
  let channel: PluginChannel

  private let process: pid_t
  private let input: FileDescriptor
  private let output: FileDescriptor

  /// Starts a plugin in one of the protocol's modes, `recipient-v1` or `identity-v1`.
  ///
  /// - Throws: `OperatorError` `plugin.missing`, or `plugin.failed` where it does not start.
  init(_ name: PluginName, mode: String) throws {
    guard let path = Self.find(name) else {
      throw OperatorError(
        "plugin.missing", .missingProgram, "\(name.program) is not on the search path",
        hint: "install the plugin '\(name)', or put the folder it is in on PATH")
    }
    let toPlugin = try Self.pipe()
    let fromPlugin = try Self.pipe()
    defer {
      try? toPlugin.readEnd.close()
      try? fromPlugin.writeEnd.close()
    }
    do {
      process = try Self.spawn(
        path, [name.program, "--age-plugin=\(mode)"], input: toPlugin.readEnd,
        output: fromPlugin.writeEnd)
    } catch {
      try? toPlugin.writeEnd.close()
      try? fromPlugin.readEnd.close()
      throw error
    }
    input = toPlugin.writeEnd
    output = fromPlugin.readEnd
    channel = PluginChannel(readingFrom: output.rawValue, writingTo: input.rawValue)
  }

  /// Where a plugin's program lies.
  ///
  /// Relative places of the search path are passed over: whoever may
  /// write into the current folder must not choose what runs.
  private static func find(_ name: PluginName) -> String? {
    let path = unsafe getenv("PATH").map { unsafe String(cString: $0) }
    return (path ?? "/usr/bin:/bin").split(separator: ":").filter { $0.hasPrefix("/") }
      .map { "\($0)/\(name.program)" }
      .first { unsafe access($0, X_OK) == 0 }
  }

  private static func pipe() throws -> (readEnd: FileDescriptor, writeEnd: FileDescriptor) {
    let pipe = try FileDescriptor.pipe()
    for end in [pipe.readEnd, pipe.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    return pipe
  }

  private static func spawn(
    _ path: String, _ arguments: [String], input: FileDescriptor, output: FileDescriptor
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, input.rawValue, STDIN_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, output.rawValue, STDOUT_FILENO)

    // What we ignore it would ignore, too.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for signal in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

    var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    var process = pid_t()
    let problem = unsafe posix_spawn(&process, path, &actions, &attributes, &words, environ)
    guard problem == 0 else {
      throw OperatorError(
        "plugin.failed", .failed, "\(path) does not start: \(Errno(rawValue: problem))")
    }
    return process
  }

  deinit {
    // A plugin ends where nothing more is said to it.
    try? input.close()
    try? output.close()
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
  }
}
