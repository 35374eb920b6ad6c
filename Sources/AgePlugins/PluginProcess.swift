internal import ChildPrograms
internal import SystemPackage
internal import Vocabulary

/// A plugin that runs, and ends when its owner goes away.
///
/// It is started by hand and not by swift-subprocess because keys are used where nothing can be
/// awaited; see `docs/decisions/0009-plugins-by-posix-spawn.md`.
struct PluginProcess: ~Copyable {
  /// What is said to the plugin, and what it says.
  let channel: PluginChannel

  private let process: ChildProgram
  private let input: FileDescriptor
  private let output: FileDescriptor

  /// Starts a plugin in one of the protocol's modes, `recipient-v1` or `identity-v1`.
  ///
  /// - Throws: `OperatorError` `plugin.missing`, or `plugin.failed` where it does not start.
  init(_ name: PluginName, mode: String) throws {
    guard let path = ChildProgram.find(name.program) else {
      throw OperatorError(
        "plugin.missing", .missingProgram, "\(name.program) is not on the search path",
        hint: "install the plugin '\(name)', or put the folder it is in on PATH")
    }
    let toPlugin = try ChildProgram.pipe()
    let fromPlugin = try ChildProgram.pipe()
    defer {
      try? toPlugin.readEnd.close()
      try? fromPlugin.writeEnd.close()
    }
    do {
      process = try ChildProgram(
        path, [name.program, "--age-plugin=\(mode)"],
        [(toPlugin.readEnd, 0), (fromPlugin.writeEnd, 1)], in: .ofItsStarter)
    } catch {
      try? toPlugin.writeEnd.close()
      try? fromPlugin.readEnd.close()
      throw OperatorError("plugin.failed", .failed, "\(path) does not start: \(error)")
    }
    input = toPlugin.writeEnd
    output = fromPlugin.readEnd
    channel = PluginChannel(readingFrom: output.rawValue, writingTo: input.rawValue)
  }

  deinit {
    // A plugin ends where nothing more is said to it.
    try? input.close()
    try? output.close()
  }
}
