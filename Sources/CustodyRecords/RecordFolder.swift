internal import LocalFiles
internal import SystemPackage
internal import Vocabulary

/// Where the record's files are, and what they are called.
struct RecordFolder: Sendable {
  /// More than any entry of ours, or a signature, needs.
  private static let largest = 4 << 20
  private static let digits = 10

  let state: FilePath

  var key: FilePath { state.appending("record.key") }
  var publicKey: FilePath { state.appending("record.pub") }
  var lock: FilePath { state.appending("record.lock") }
  private var entries: FilePath { state.appending("record") }

  func entry(_ sequence: Int) -> FilePath { entries.appending("\(Self.name(sequence)).json") }

  func signature(_ sequence: Int) -> FilePath {
    entries.appending("\(Self.name(sequence)).minisig")
  }

  /// A place as it stands in names: ten digits.
  static func name(_ sequence: Int) -> String {
    let number = String(sequence)
    return String(repeating: "0", count: max(0, digits - number.utf8.count)) + number
  }

  func make() throws {
    try DurableFile.makeFolder(state)
    try DurableFile.makeFolder(entries)
  }

  /// The highest number that an entry or a signature has; 0 where there is none.
  ///
  /// A signature without its entry counts: whoever removes the last entry alone leaves it.
  func last() throws -> Int {
    let names: [String]
    do {
      names = try LocalPath(entries).names()
    } catch Errno.noSuchFileOrDirectory {
      return 0
    }
    let numbers = names.compactMap { name -> Int? in
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, ["json", "minisig"].contains(parts[1]),
        parts[0].utf8.count == Self.digits
      else { return nil }
      return Int(parts[0])
    }
    return numbers.max() ?? 0
  }

  /// The content of a file; nil where there is none.
  func read(_ path: FilePath) throws -> [UInt8]? {
    do {
      if let size = LocalPath(path).size, size > Self.largest { throw Errno.fileTooLarge }
      return try LocalPath(path).read()
    } catch Errno.noSuchFileOrDirectory {
      return nil
    } catch let error as Errno {
      throw OperatorError("record.unreadable", .failed, "cannot read \(path): \(error)")
    }
  }
}
