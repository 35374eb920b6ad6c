internal import LocalFiles
internal import SecretMemory
internal import SystemPackage
internal import Vocabulary

/// Where a sealed secret goes: its name, and the one that it has until it is proven.
struct SealingPlace: Sendable {
  /// Where it ends up.
  let path: FilePath
  /// Where it is until then; always the same, so that the next run finds what another left.
  let temporary: FilePath
  private let old: FilePath?

  init(_ path: FilePath, replacing old: FilePath?) {
    self.path = path
    self.old = old
    let name = path.lastComponent?.string ?? "sealed"
    temporary = path.removingLastComponent().appending(".\(name).sealing")
  }

  /// What runs that were cut off have left: files sealed to the counter of the file that is replaced.
  ///
  /// - Parameters:
  ///   - former: the file that is replaced, read.
  ///   - isOutstanding: whether a counter has still to move before a file is the last one.
  /// - Returns: those that can be read.
  /// - Throws: `OperatorError` `output.exists` where something else has the name.
  func remains(
    of former: SealedSecret?, isOutstanding: (SealedSecretHeader.CounterLimit) throws -> Bool
  ) throws -> [SealedSecret] {
    let cutOff = LocalPath(temporary).exists ? try? SealedSecret(from: temporary) : nil
    let there = LocalPath(path)
    guard there.exists, old.map({ there.isSame(as: LocalPath($0)) }) != true else {
      return [cutOff].compactMap(\.self)
    }
    // A run that had named its file, and not yet moved the counter.
    guard let counter = former?.header.counter?.counter,
      let unfinished = try? SealedSecret(from: path), let limit = unfinished.header.counter,
      limit.counter == counter, try isOutstanding(limit)
    else {
      throw OperatorError(
        "output.exists", .refused, "\(path) is there, and is not written over",
        hint: "to seal it anew, name it with --replace")
    }
    return [cutOff, unfinished].compactMap(\.self)
  }

  /// Writes the file durably under its temporary name.
  ///
  /// - Throws: `OperatorError` `seal.unwritable`.
  func write(_ sealed: SealedSecret) throws {
    try reporting { try sealed.bytes.withBytes { try DurableFile.write($0, to: temporary) } }
  }

  /// Gives the file its name.
  ///
  /// - Throws: `OperatorError` `seal.unwritable`; it does not have it then.
  func publish() throws { try reporting { try LocalPath(temporary).rename(to: path) } }

  /// Has the name outlast a power cut.
  ///
  /// - Throws: `OperatorError` `seal.unwritable`.
  func sync() throws {
    try reporting { try DurableFile.syncFolder(path.removingLastComponent()) }
  }

  /// Removes what has its temporary name.
  func discard() { try? LocalPath(temporary).remove() }

  private func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as Errno {
      throw OperatorError(
        "seal.unwritable", .failed, "cannot write \(path): \(error)",
        hint: error == .noSpace ? "make room, and run it again" : nil)
    }
  }
}
