import Foundation
import ProofTools
import Testing

/// A folder with `coffer-age`, Debian's age and some keys, for sessions at a prompt.
final class AgeToolSession {
  let folder: ScratchFolder
  var environment: [String: String] = [:]

  init() throws {
    folder = try ScratchFolder()
  }

  func path(_ name: String) -> String { folder.path(of: name) }

  @discardableResult func write(_ bytes: [UInt8], to name: String) throws -> String {
    try folder.write(bytes, to: name)
  }

  @discardableResult func write(_ text: String, to name: String) throws -> String {
    try folder.write(text, to: name)
  }

  func read(_ name: String) throws -> [UInt8] { try folder.read(name) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// Everything in the folder, hidden files too.
  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path("")).sorted()
  }

  func mode(_ name: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path(name))[.posixPermissions] as? Int
  }

  /// Runs `coffer-age`.
  func age(_ arguments: String..., input: String = "") async throws -> Program.Outcome {
    try await Program(path: BuiltTools.age, environment: environment, folder: path(""))
      .run(arguments, input: input)
  }

  /// Runs a line of shell, in which `$age` is `coffer-age`.
  func shell(_ line: String) async throws -> Program.Outcome {
    let all = environment.merging(["age": BuiltTools.age]) { $1 }
    return try await Program(path: "/bin/bash", environment: all, folder: path(""))
      .run(["-c", "set -o pipefail; \(line)"])
  }

  /// Runs a line of shell at a terminal, of which standard input, output and error are part, and
  /// types an answer each time it asks.
  func terminal(_ line: String, typing answers: String...) async throws -> Program.Outcome {
    let all = environment.merging(["age": BuiltTools.age]) { $1 }
    let script = """
      import os, pty, sys
      child, terminal = pty.fork()
      if child == 0:
          os.execv("/bin/bash", ["bash", "-c", sys.argv[1]])
      answers, said = sys.argv[2:], b""
      while True:
          try:
              piece = os.read(terminal, 65536)
          except OSError:
              break
          if not piece:
              break
          os.write(1, piece)
          said += piece
          if said.endswith(b": ") and answers:
              os.write(terminal, answers.pop(0).encode() + b"\\n")
              said = b""
      sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
      """
    return try await Program(path: "/usr/bin/python3", environment: all, folder: path(""))
      .run(["-c", script, line] + answers)
  }

  /// Makes a key and says whom to encrypt to.
  func key(_ name: String, _ flags: String...) async throws -> String {
    try await Program(path: BuiltTools.age, folder: path(""))
      .run(["keygen", "-o", name] + flags).expect(0)
    let outcome = try await age("keygen", "-y", name).expect(0)
    return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
