import Foundation
import ProofTools
import Vocabulary

/// A call that a program made below one folder, as `recorder.c` writes it down.
enum RecordedCall {
  case makeFile(folder: Int, name: String, inode: Int)
  case makeNameless(inode: Int)
  case makeFolder(folder: Int, name: String, inode: Int)
  case makeLink(folder: Int, name: String, inode: Int, target: String)
  case write(inode: Int, offset: Int, bytes: ArraySlice<UInt8>)
  case truncate(inode: Int, length: Int)
  case sync(inode: Int)
  case syncAll
  case rename(folder: Int, name: String, toFolder: Int, toName: String)
  case link(inode: Int, folder: Int, name: String)
  case remove(folder: Int, name: String)
  /// A call that changes nothing that a crash could lose.
  case other(String)
  /// A call that was made to fail.
  case failed(String)

  /// Reads a whole record.
  static func parse(_ log: [UInt8]) throws -> [RecordedCall] {
    var calls: [RecordedCall] = []
    var rest = log[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: rest[..<end], as: UTF8.self)
      rest = rest[(end + 1)...]
      let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      guard let kind = words.first, let call = call(kind, Array(words.dropFirst()), &rest) else {
        throw OperatorError("proof.record", .failed, "what the recorder wrote is none: \(line)")
      }
      calls.append(call)
    }
    return calls
  }

  private static func call(
    _ kind: String, _ words: [String], _ rest: inout ArraySlice<UInt8>
  ) -> RecordedCall? {
    func number(_ place: Int) -> Int {
      words.indices.contains(place) ? Int(words[place]) ?? -1 : -1
    }
    func name(_ place: Int) -> String {
      String(decoding: Hexadecimal.decode(words[place]) ?? [], as: UTF8.self)
    }
    switch kind {
    case "C": return .makeFile(folder: number(0), name: name(1), inode: number(2))
    case "T": return .makeNameless(inode: number(0))
    case "D": return .makeFolder(folder: number(0), name: name(1), inode: number(2))
    case "Y":
      return .makeLink(folder: number(0), name: name(1), inode: number(2), target: name(3))
    case "W":
      let bytes = rest.prefix(number(2))
      rest = rest.dropFirst(number(2))
      return .write(inode: number(0), offset: number(1), bytes: bytes)
    case "Z": return .truncate(inode: number(0), length: number(1))
    case "S": return .sync(inode: number(0))
    case "A": return .syncAll
    case "R":
      return .rename(folder: number(0), name: name(1), toFolder: number(2), toName: name(3))
    case "L": return .link(inode: number(0), folder: number(1), name: name(2))
    case "U": return .remove(folder: number(0), name: name(1))
    case "N": return .other(words.joined(separator: " "))
    case "F": return .failed(words.joined(separator: " "))
    default: return nil
    }
  }

  /// Whether a crash before it and one after it can leave different things.
  var changes: Bool {
    switch self {
    case .other, .failed: false
    default: true
    }
  }
}

/// Runs real programs under the recorder, which is compiled when it is first wanted.
enum Recorder {
  /// A call that is to fail.
  struct Failure {
    /// Which one, counted from 0.
    let call: Int
    /// What it fails with; -9 kills the program before it.
    let error: Int32
    /// Whether all calls after it fail, too; of a full disk, those that need room.
    let forGood: Bool
  }

  /// What a recorded program left behind.
  struct Outcome {
    let said: StockTool.Outcome
    let calls: [RecordedCall]
  }

  private static let built =
    NSTemporaryDirectory() + "coffer-recorder-\(ProcessInfo.processInfo.processIdentifier).so"
  private static let library: Result<String, any Error> = Result {
    guard let compiler = StockTool("clang") ?? StockTool("cc") else {
      throw OperatorError("proof.compiler", .failed, "neither clang nor cc is installed")
    }
    let source =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/recorder/recorder.c"
    let built = Self.built
    let said = try compiler.run(
      ["-Wall", "-Werror", "-shared", "-fPIC", "-O1", "-o", built, source, "-ldl"])
    guard said.status == 0 else { throw OperatorError("proof.compiler", .failed, said.text) }
    atexit { try? FileManager.default.removeItem(atPath: Recorder.built) }
    return built
  }

  static var isThere: Bool { StockTool.isInstalled("clang") || StockTool.isInstalled("cc") }

  /// Runs a tool of ours and records what it does below a folder.
  static func run(
    _ tool: String, _ arguments: [String], below root: String, failing failure: Failure? = nil,
    clockAhead seconds: Int = 0
  ) throws -> Outcome {
    let log = root + ".record"
    try? FileManager.default.removeItem(atPath: log)
    var environment = [
      "LD_PRELOAD": try library.get(), "COFFER_RECORD_ROOT": root, "COFFER_RECORD_LOG": log,
      "COFFER_RECORD_CLOCK": "\(seconds)",
    ]
    if let failure {
      environment["COFFER_RECORD_FAIL"] =
        "\(failure.call) \(failure.error)\(failure.forGood ? " +" : "")"
    }
    let said = try StockTool(built: tool).run(arguments, environment: environment)
    defer { try? FileManager.default.removeItem(atPath: log) }
    return Outcome(said: said, calls: try RecordedCall.parse(ScratchFolder.bytes(at: log)))
  }
}
