import AgeFormat
import Glibc
import LocalFiles
import SecretMemory
import Synchronization
import SystemPackage
import Vocabulary

/// Where a result goes: a file that appears when it is whole, or standard output.
///
/// A file is made with the first byte, under a temporary name, mode 0600, and takes its own name with
/// `finish`; a run that fails leaves what was there. What is no regular file, such as a device, a
/// pipe or a link, is written to as it is.
package final class OutputFile: ByteSink {
  private struct State: ~Copyable {
    var partial: PartialFile?
    var direct: FileDescriptor?
  }

  /// How it is called in an error.
  package let name: String

  private let path: FilePath?
  private let state = Mutex(State())

  /// Prepares to write to a file; to standard output where the path is nil or `-`.
  package init(_ path: String?) {
    self.path = path == "-" ? nil : path.map { FilePath($0) }
    name = path == nil || path == "-" ? "standard output" : path ?? ""
  }

  /// Whether it is a terminal.
  package var isTerminal: Bool { path == nil && isatty(STDOUT_FILENO) == 1 }

  package func write(_ bytes: RawSpan) throws {
    try state.withLock { state in
      try reporting {
        try begin(&state)
        if let file = state.direct {
          _ = try unsafe bytes.withUnsafeBytes { unsafe try file.writeAll($0) }
        } else {
          try state.partial?.write(bytes)
        }
      }
    }
  }

  /// Gives the file its name, also where nothing was written to it.
  ///
  /// - Throws: `OperatorError` `output.failed`.
  package func finish() throws {
    try state.withLock { state in
      try reporting {
        try begin(&state)
        if let partial = state.partial.take() { try partial.replace() }
        if let file = state.direct, path != nil { try file.close() }
        state.direct = nil
      }
    }
  }

  /// Takes back what has no name yet.
  package func discard() {
    state.withLock { $0.partial = nil }
  }

  private func begin(_ state: inout State) throws {
    guard state.direct == nil, state.partial == nil else { return }
    guard let path else {
      state.direct = .standardOutput
      return PipeRoom.enlarge(.standardOutput)
    }
    if LocalPath(path).isReplaceable {
      state.partial = try PartialFile(for: path)
    } else {
      let file = try FileDescriptor.open(path, .writeOnly, options: [.truncate, .closeOnExec])
      PipeRoom.enlarge(file)
      state.direct = file
    }
  }

  private func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as Errno {
      throw OperatorError(
        "output.failed", .failed, "cannot write \(name): \(error)",
        hint: error == .noSpace ? "make room, and run it again" : nil)
    }
  }
}
