internal import Foundation

/// A program that Debian ships, against which ours is held; or one of ours, run in the same way.
package struct StockTool: Sendable {
  /// What a program left behind.
  package struct Outcome: Sendable, CustomStringConvertible {
    /// Its exit status.
    package let status: Int32
    /// What it wrote, errors included.
    package let text: String

    package var description: String { "exit \(status): \(text)" }
  }

  /// Where the program is.
  package let path: String

  /// Finds a program on the search path, or in `folders`; nil where it is not installed.
  package init?(_ name: String, in folders: [String]? = nil) {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    let paths = (folders ?? path.split(separator: ":").map(String.init)).map { "\($0)/\(name)" }
    guard let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
      return nil
    }
    self.path = path
  }

  /// Takes the program that the build which runs these proofs made.
  package init(built name: String) {
    path = "\(Self.products)/\(name)"
  }

  /// Takes a program that is known to be somewhere.
  package init(at path: String) {
    self.path = path
  }

  /// Whether a program is installed, for tests to say that they are skipped.
  package static func isInstalled(_ name: String) -> Bool { StockTool(name) != nil }

  /// Runs the program to its end.
  ///
  /// - Parameters:
  ///   - arguments: what it is told.
  ///   - environment: variables that it has besides or instead of ours.
  ///   - input: the file that it reads from; nothing where it is nil.
  ///   - folder: where it runs; here where it is nil.
  /// - Returns: what it left behind.
  /// - Throws: where it does not start.
  package func run(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
    in folder: String? = nil
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = input.flatMap { FileHandle(forReadingAtPath: $0) } ?? .nullDevice
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, text: text)
  }

  // The folder of the build's products: the one that the proofs run from.
  private static let products: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let bundles = [own] + CommandLine.arguments.filter { $0.contains(".xctest") }
    let folders = bundles.map { ($0 as NSString).deletingLastPathComponent }
    let found = folders.first { FileManager.default.isExecutableFile(atPath: "\($0)/coffer-age") }
    return found ?? "no tools beside \(bundles)"
  }()
}
