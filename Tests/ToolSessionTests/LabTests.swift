import Foundation
import ProofTools
import Testing

/// What the lab leaves behind on the machine that it ran on.
@Suite(.serialized, .timeLimit(.minutes(20))) struct LabTests {
  private static let lab =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path + "/Scripts/lab"

  @Test(.enabled(if: geteuid() == 0 && StockTool.isInstalled("getfacl")))
  func foldersThatWereOpenedForALabAreShutWhenTheLastOneIsDown() async throws {
    // A short name, for a socket's path must be short.
    let folder = "/var/tmp/coffer-shut-\(getpid())"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func run(_ command: String) async throws -> String {
      try await Program(path: "/bin/sh").run(["-ec", command]).expect(0).output
    }
    func rights() async throws -> String {
      try await run("getfacl --absolute-names \(folder) \(folder)/shut \(folder)/shared")
    }
    _ = try await run("mkdir -m 700 \(folder) \(folder)/shut; mkdir -m 750 \(folder)/shared")
    _ = try await run("setfacl -m user:nobody:r-x \(folder)/shared")
    let before = try await rights()
    let labs = ["\(folder)/shut/a", "\(folder)/shut/b", "\(folder)/shared/c"]
    for lab in labs { _ = try await run("\(Self.lab) cluster \(lab)") }
    for lab in labs {
      #expect(try await rights().contains("user:postgres:--x"))
      _ = try await run("\(Self.lab) down \(lab)")
    }
    #expect(try await rights() == before)
  }
}
