internal import Foundation

/// A TPM in software, swtpm, with a state and a socket of its own; gone when its test is.
package final class SoftwareTPM: Sendable {
  private let folder: ScratchFolder
  private let process: Process

  /// Why there can be none; nil where there can.
  package static let obstacle: String? =
    ["swtpm", "tpm2_pcrread"].first { !StockTool.isInstalled($0) }.map { "\($0) is not installed" }

  /// Starts one that was just manufactured and started up.
  package init() throws {
    guard let swtpm = StockTool("swtpm") else { throw Failed(text: "no swtpm") }
    folder = try ScratchFolder()
    let state = folder.path(of: "state")
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
    process = Process()
    process.executableURL = URL(fileURLWithPath: swtpm.path)
    process.arguments = [
      "socket", "--tpm2", "--tpmstate", "dir=\(state)",
      "--server", "type=unixio,path=\(folder.path(of: "tpm"))",
      "--ctrl", "type=unixio,path=\(folder.path(of: "tpm.ctrl"))",
      "--flags", "not-need-init,startup-clear",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    for _ in 0..<200 {
      if isListening { return }
      usleep(50_000)
    }
    throw Failed(text: "swtpm does not start")
  }

  deinit {
    // Without it the TPM takes its end for a failed try.
    _ = try? run("tpm2_shutdown")
    // A signal that can be blocked is: the process has the mask of the thread that started it.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Whether both sockets can be connected to: they are there a moment before that, one after the
  /// other.
  private var isListening: Bool { ["tpm", "tpm.ctrl"].allSatisfy { canConnect(to: path(of: $0)) } }

  private func canConnect(to path: String) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let channel = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(channel) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    return unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(channel, $0, size) == 0
      }
    }
  }

  /// Where it answers, as tpm2-tss names it.
  package var tcti: String { "swtpm:path=\(folder.path(of: "tpm"))" }

  /// Where a file of this name is in its folder.
  package func path(of name: String) -> String { folder.path(of: name) }

  /// Reads a file of this name in its folder.
  package func read(_ name: String) throws -> [UInt8] { try folder.read(name) }

  /// Writes a file of this name into its folder, and says where it is.
  @discardableResult package func write(_ bytes: [UInt8], to name: String) throws -> String {
    try folder.write(bytes, to: name)
  }

  /// Runs a program of tpm2-tools, whatever comes of it.
  package func attempt(_ program: String, _ arguments: String...) throws -> StockTool.Outcome {
    try outcome(of: program, arguments)
  }

  /// Runs a program of tpm2-tools, and gives what it says.
  ///
  /// - Throws: where it fails.
  @discardableResult package func run(_ program: String, _ arguments: String...) throws -> String {
    let outcome = try outcome(of: program, arguments)
    guard outcome.status == 0 else { throw Failed(text: "\(program): \(outcome)") }
    return outcome.text
  }

  /// Extends a PCR of the SHA-256 bank.
  package func extend(_ index: Int) throws {
    try run("tpm2_pcrextend", "\(index):sha256=" + String(repeating: "5a", count: 32))
  }

  /// Takes a bank away, which needs a restart.
  package func removeBank(_ name: String) throws {
    try run("tpm2_pcrallocate", "\(name):none")
    try run("tpm2_shutdown", "-c")
    guard let control = StockTool("swtpm_ioctl") else { throw Failed(text: "no swtpm_ioctl") }
    let outcome = try control.run(["--unix", folder.path(of: "tpm.ctrl"), "-i"])
    guard outcome.status == 0 else { throw Failed(text: "swtpm_ioctl: \(outcome)") }
    try run("tpm2_startup", "-c")
  }

  /// Gives a key's authorization value wrongly, once; the key counts failed tries.
  package func failOnce() throws {
    let parent = path(of: "parent.ctx")
    if !FileManager.default.fileExists(atPath: parent) {
      try run("tpm2_createprimary", "-C", "o", "-p", "right", "-c", parent)
      try run("tpm2_flushcontext", "-t")
    }
    _ = try attempt("tpm2_create", "-C", parent, "-P", "wrong", "-u", path(of: "child"))
    try run("tpm2_flushcontext", "-t")
  }

  private func outcome(of program: String, _ arguments: [String]) throws -> StockTool.Outcome {
    guard let tool = StockTool(program) else { throw Failed(text: "no \(program)") }
    return try tool.run(arguments, environment: ["TPM2TOOLS_TCTI": tcti])
  }

  private struct Failed: Error {
    let text: String
  }
}
