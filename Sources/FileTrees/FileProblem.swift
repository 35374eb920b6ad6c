package import SystemPackage

/// Why one file of a tree could not be taken along, while the walk goes on.
package struct FileProblem: Error, Hashable, Sendable {
  /// What went wrong.
  package enum Reason: Hashable, Sendable {
    /// It was there when its folder was listed, and is not any more.
    case vanished
    /// The system refused to let it be read.
    case unreadable(Errno)
    /// It holds nothing to restore: a socket or a device.
    case notKept(FileStatus.Kind)
    /// Another kind of file stands there than when its folder was listed.
    case replaced
    /// Another kind of file stood there than when its folder was listed, and that one was taken along.
    case readAgain
    /// It lies deeper than a walk goes.
    case tooDeep
  }

  /// Which file.
  package let path: RelativePath
  /// What went wrong.
  package let reason: Reason

  /// Names a file and what went wrong with it.
  package init(_ path: RelativePath, _ reason: Reason) {
    (self.path, self.reason) = (path, reason)
  }

  /// Whether the file is simply not there any more, as happens in a living tree.
  init(_ path: RelativePath, failing error: Errno) {
    self.init(path, error == .noSuchFileOrDirectory ? .vanished : .unreadable(error))
  }

  /// Whether nothing is lost by it: a run that only met these is complete.
  package var isHarmless: Bool {
    switch reason {
    case .vanished, .notKept, .readAgain: true
    case .unreadable, .replaced, .tooDeep: false
    }
  }
}

extension FileProblem: CustomStringConvertible {
  package var description: String {
    switch reason {
    case .vanished: "\(path): vanished before it was read"
    case .unreadable(let error): "\(path): \(error)"
    case .notKept(let kind): "\(path): a \(kind.rawValue) is not kept"
    case .replaced: "\(path): was replaced while it was read"
    case .readAgain: "\(path): was replaced while it was read, and was read again"
    case .tooDeep: "\(path): more than \(FileTreeWalk.deepest) folders deep"
    }
  }
}
