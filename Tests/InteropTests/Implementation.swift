import Foundation
import ProofTools
import Testing

/// Another age, which must open what ours seals and seal what ours opens.
enum Implementation: String, CaseIterable, CustomStringConvertible {
  /// Debian's `age`.
  case age
  /// `rage`, through PyPI's `pyrage`.
  case rage

  var description: String { rawValue }

  /// Whether it is installed.
  var isThere: Bool {
    switch self {
    case .age: StockTool.isInstalled("age") && StockTool.isInstalled("age-keygen")
    case .rage: Oracles.python != nil
    }
  }

  /// The ones that are installed.
  static var all: [Implementation] { allCases.filter(\.isThere) }

  /// Seals a file to the recipients in another.
  func seal(
    _ input: String, to recipients: String, armored: Bool, as output: String
  ) throws -> StockTool.Outcome {
    let armor = armored ? ["-a"] : []
    switch self {
    case .age:
      return try #require(StockTool("age")).run(armor + ["-R", recipients, "-o", output, input])
    case .rage: return try Oracles.run("rage.py", ["seal", recipients, input, output] + armor)
    }
  }

  /// Opens a file with the identity in another.
  func open(_ file: String, with identity: String, as output: String) throws -> StockTool.Outcome {
    switch self {
    case .age:
      try #require(StockTool("age")).run(["-d", "-i", identity, "-o", output, file])
    case .rage: try Oracles.run("rage.py", ["open", identity, file, output])
    }
  }
}

/// Programs in Python that ours are held against, and the environment that they need.
enum Oracles {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path

  /// The Python of the environment `oracles`; nil where `Scripts/lab venvs` has not made it.
  static let python: StockTool? = {
    let scripts = URL(fileURLWithPath: folder).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Scripts").path
    let question = """
      from laboratory import venvs
      print(venvs.python("oracles") if venvs.is_complete("oracles") else "", end="")
      """
    let answer = try? StockTool("python3", in: ["/usr/bin"])?.run(
      ["-c", question], environment: quiet(["PYTHONPATH": scripts]))
    guard let answer, answer.status == 0, !answer.text.isEmpty else { return nil }
    return StockTool(at: answer.text)
  }()

  /// What a test says that is skipped for want of it.
  static let absence: Comment = "no Python environment 'oracles': Scripts/lab venvs makes it"

  /// Runs one of `programs`.
  static func run(_ program: String, _ arguments: [String]) throws -> StockTool.Outcome {
    try #require(python).run(
      ["\(folder)/programs/\(program)"] + arguments, environment: quiet([:]))
  }

  /// Runs the second implementation of age.
  static func independent(_ arguments: [String]) throws -> StockTool.Outcome {
    try #require(python).run(
      ["-m", "independent"] + arguments, environment: quiet(["PYTHONPATH": folder]))
  }

  /// Runs a program at a terminal, where a person gives answers: the end of a question, and what is
  /// typed.
  static func atTerminal(
    _ command: [String], answers: [Answer], environment: [String: String] = [:],
    notes: borrowing ScratchFolder
  ) throws -> StockTool.Outcome {
    let lines = answers.map { "\($0.question)\t\($0.isSecret ? "secret" : "seen")\t\($0.text)\n" }
    let file = try notes.write(lines.joined(), to: "answers")
    return try #require(StockTool("python3", in: ["/usr/bin"])).run(
      ["\(folder)/programs/at_terminal.py", file] + command, environment: quiet(environment))
  }

  /// What a person answers to a question.
  struct Answer {
    let question: String
    let text: String
    var isSecret = true
  }

  /// A program of `programs`, as text.
  static func text(of program: String) throws -> String {
    try String(contentsOfFile: "\(folder)/programs/\(program)", encoding: .utf8)
  }

  private static func quiet(_ environment: [String: String]) -> [String: String] {
    environment.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
  }
}
