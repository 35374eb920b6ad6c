internal import Foundation

/// A program that Debian ships, against which ours is held.
package struct StockTool: Sendable {
  /// What a program left behind.
  package struct Outcome: Sendable {
    /// Its exit status.
    package let status: Int32
    /// What it wrote, errors included.
    package let text: String
  }

  private let path: String

  /// Finds a program on the search path; nil where it is not installed.
  package init?(_ name: String) {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    let paths = folders.map { "\($0)/\(name)" }
    guard let path = paths.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
      return nil
    }
    self.path = path
  }

  /// Whether a program is installed, for tests to say that they are skipped.
  package static func isInstalled(_ name: String) -> Bool { StockTool(name) != nil }

  /// Runs the program to its end; throws where it does not start.
  package func run(_ arguments: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return Outcome(status: process.terminationStatus, text: text)
  }
}
