import Foundation
import Subprocess
import SystemPackage

/// A program run as cron would run it: no terminal, nothing to type, what it says kept apart.
struct Program: Sendable {
  /// What a program left behind.
  struct Outcome: Sendable, CustomStringConvertible {
    let command: String
    /// Its exit code, or 128 and the signal that ended it, as a shell counts.
    let status: Int32
    let output: String
    let errors: String

    /// Everything it said.
    var text: String { output + errors }

    var description: String { "\(command)\nexit \(status)\n\(output)\(errors)" }
  }

  /// What a program is while it runs.
  typealias Running = Execution<StringInput<String, UTF8>, StringOutput<UTF8>, StringOutput<UTF8>>

  /// More than any session says.
  private static let mostSaid = 64 << 20

  let path: String
  var environment: [String: String] = [:]
  var folder: String?

  /// Runs the program to its end; it reads `input` from standard input, and `body` is done while it
  /// runs.
  func run(
    _ arguments: [String], input: String = "", while body: (Running) async throws -> Void = { _ in }
  ) async throws -> Outcome {
    var options = PlatformOptions()
    // A session of its own has no terminal: whatever asks for a password finds nobody.
    options.createSession = true
    let changes = environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) }
    let result = try await Subprocess.run(
      .path(FilePath(path)), arguments: Arguments(arguments),
      environment: .inherit.updating(Dictionary(uniqueKeysWithValues: changes)),
      workingDirectory: folder.map { FilePath($0) }, platformOptions: options,
      input: .string(input), output: .string(limit: Self.mostSaid),
      error: .string(limit: Self.mostSaid)
    ) { try await body($0) }
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let number): 128 + number
      }
    return Outcome(
      command: ([path] + arguments).joined(separator: " "), status: status,
      output: result.standardOutput, errors: result.standardError)
  }
}

/// Coffer's tools, as the build that runs these proofs made them.
enum BuiltTools {
  /// The folder of the build's products: the one that the proofs run from.
  static let folder: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let bundles = [own] + CommandLine.arguments.filter { $0.contains(".xctest") }
    let folders = bundles.map { ($0 as NSString).deletingLastPathComponent }
    return folders.first { isExecutable("\($0)/coffer-backup") } ?? "no tools beside \(bundles)"
  }()

  static let backup = "\(folder)/coffer-backup"
  static let restore = "\(folder)/coffer-restore"
  static let store = "\(folder)/coffer-store"
  static let age = "\(folder)/coffer-age"
  static let custody = "\(folder)/coffer-custody"
  static let agePlugin = "\(folder)/age-plugin-pq"

  /// The optimised `coffer-backup` where a release build is there and of these sources, else the
  /// one beside the proofs.
  static let fastestBackup: String = {
    let release = (folder as NSString).deletingLastPathComponent + "/release/coffer-backup"
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let sources = FileManager.default.enumerator(atPath: "\(package.path)/Sources")
    let newest = (sources?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".swift") }
      .compactMap { changed("\(package.path)/Sources/\($0)") }.max()
    guard let built = changed(release), let newest, built > newest else { return backup }
    return release
  }()

  private static func isExecutable(_ path: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: path)
  }

  private static func changed(_ path: String) -> Date? {
    try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
  }
}

extension Program.Outcome {
  /// The JSON objects of standard output; a line that is none throws.
  func events() throws -> [Event] {
    try output.split(separator: "\n").map { try Event(line: String($0)) }
  }

  /// The values of a key, one an event that has it.
  func values(of key: String) throws -> [String] { try events().compactMap { $0[key] } }
}

/// One line of `--json`.
struct Event: CustomStringConvertible {
  private let object: [String: Any]
  let description: String

  init(line: String) throws {
    description = line
    object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
  }

  /// What kind of event it is.
  var name: String { self["event"] ?? "" }

  /// A text.
  subscript(key: String) -> String? { object[key] as? String }

  /// A number.
  func number(_ key: String) -> Int? { object[key] as? Int }

  /// A list of texts.
  func texts(_ key: String) -> [String] { object[key] as? [String] ?? [] }
}
