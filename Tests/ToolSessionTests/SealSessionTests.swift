import Foundation
import ProofTools
import Testing

/// `coffer-custody seal` and `unseal` as an officer runs them, and as a power cut ends them.
@Suite(
  .timeLimit(.minutes(20)),
  .enabled(if: SoftwareTPM.obstacle == nil, "\(SoftwareTPM.obstacle ?? "")"))
final class SealSessionTests {
  /// All of `SealingStep`; `everyStepIsKilled` says if one is missing.
  private static let steps = [
    "counter-made", "sealed", "written", "proven", "named", "counter-moved", "proven-again",
  ]
  private static let secret = "AGE-SECRET-KEY-1QQQ\n"

  private let folder: ScratchFolder
  private let tpm: SoftwareTPM

  init() throws {
    folder = try ScratchFolder()
    tpm = try SoftwareTPM()
    try tpm.extend(7)
    try folder.write(Self.secret, to: "secret")
  }

  private func path(_ name: String) -> String { folder.path(of: name) }

  private func custody(
    _ arguments: [String], input: String = "", fault: String? = nil
  ) async throws -> Program.Outcome {
    var environment = ["COFFER_CUSTODY_STATE": path("state")]
    environment["COFFER_FAULT"] = fault
    return try await Program(path: BuiltTools.custody, environment: environment)
      .run(arguments + ["--tcti", tpm.tcti], input: input)
  }

  private func seal(_ options: String..., fault: String? = nil) async throws -> Program.Outcome {
    try await custody(["seal"] + options, fault: fault)
  }

  /// What a file opens to; nil where it does not.
  private func opened(_ name: String) async throws -> String? {
    let outcome = try await custody(["unseal", path(name)])
    return outcome.status == 0 ? outcome.output : nil
  }

  /// What the custody record says of how sealings went, once it holds.
  private func outcomes() throws -> [String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: path("state/record"))
    return try names.filter { $0.hasSuffix(".json") }.sorted().compactMap {
      let entry = try JSONSerialization.jsonObject(with: Data(folder.read("state/record/\($0)")))
      let fields = try #require(entry as? [String: Any])
      #expect(fields["action"] as? String == "secret.seal")
      return fields["outcome"] as? String
    }
  }

  @Test func aSecretIsSealedOpenedAndSealedAnew() async throws {
    let sealed = try await seal(
      "--pcrs", "7", "--purpose", "age-identity", "--in", path("secret"), "--out", path("a"))
    sealed.expect(
      0, naming: "purpose       age-identity", "PCRs          sha256:7", "0x01800100 at")
    #expect(!sealed.text.contains("AGE-SECRET"))
    #expect(try await opened("a") == Self.secret)
    let attributes = try FileManager.default.attributesOfItem(atPath: path("a"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)

    // From the file before, without the secret's own file.
    try folder.write(try folder.read("a"), to: "copy")
    let anew = try await seal("--replace", path("a"), "--out", path("a"), "--json").expect(0)
    let event = try #require(try anew.events().first)
    #expect(event.name == "sealed" && event["replaced"] == path("a"))
    #expect(try await opened("a") == Self.secret)
    try await custody(["unseal", path("copy")]).expect(4, "counter.passed")
    #expect(try outcomes() == ["begun", "done", "begun", "done"])
    // Neither the record nor anything else has the secret.
    for name in try FileManager.default.contentsOfDirectory(atPath: path("state/record")) {
      #expect(!(try folder.readText("state/record/\(name)").contains("AGE-SECRET")))
    }
  }

  @Test func aSecretGoesToANewFileOnly() async throws {
    try await custody(
      ["seal", "--pcrs", "7", "--out", path("a")], input: Self.secret
    ).expect(0)
    try await custody(["unseal", path("a"), "--out", path("plain")]).expect(0)
    #expect(try folder.readText("plain") == Self.secret)
    let attributes = try FileManager.default.attributesOfItem(atPath: path("plain"))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    try await custody(["unseal", path("a"), "--out", path("plain")]).expect(14, "output.exists")
    try await seal("--pcrs", "7", "--in", path("secret"), "--out", path("a"))
      .expect(14, "output.exists")
  }

  @Test func aSecretIsNotShownOnATerminal() async throws {
    try await seal("--pcrs", "7", "--in", path("secret"), "--out", path("a")).expect(0)
    let script = try #require(StockTool("script"), "script is not installed")
    func onTerminal(_ options: String) throws -> StockTool.Outcome {
      let command = "\(BuiltTools.custody) unseal \(path("a")) --tcti \(tpm.tcti) \(options)"
      return try script.run(["-qec", command, "/dev/null"])
    }
    let refused = try onTerminal("")
    #expect(refused.status == 2 && refused.text.contains("[output.terminal]"), "\(refused)")
    #expect(!refused.text.contains("AGE-SECRET"))
    let wanted = try onTerminal("--out -")
    #expect(wanted.status == 0 && wanted.text.contains("AGE-SECRET"), "\(wanted)")
  }

  @Test func aPINIsKeptWhenASecretIsSealedAnew() async throws {
    try folder.write("1234\n", to: "pin")
    try folder.write("4321\n", to: "wrong")
    let pin = ["--pin-file", path("pin")]
    try await custody(
      ["seal", "--in", path("secret"), "--out", path("a"), "--no-counter"] + pin
    ).expect(0)
    try await custody(
      ["seal", "--replace", path("a"), "--out", path("b"), "--pcrs", "7"] + pin
    ).expect(0, naming: "has no counter", "PIN           yes")
    try await custody(["unseal", path("b")] + pin).expect(0)
    let wrong = try await custody(["unseal", path("b"), "--pin-file", path("wrong")])
    wrong.expect(4, "tpm.wrong-pin")
    try await custody(["unseal", path("b")]).expect(2, "dialogue.no-terminal")
  }

  @Test(arguments: [
    (["--out", "x"], 2, "seal.no-policy"),
    (["--out", "x", "--pcrs", "11"], 14, "pcr.never-extended"),
    (["--out", "x", "--pcrs", "7", "--nv-index", "0x81000001"], 2, "counter.bad-index"),
    (["--out", "x", "--pcrs", "7", "--nv-index", "here"], 2, "counter.bad-index"),
    (["--out", "x", "--pcrs", "7", "--purpose", "fun"], 2, "usage"),
    (["--out", "x", "--pcrs", "7", "--no-counter", "--nv-index", "0x01800101"], 2, "usage"),
    (["--out", "/nowhere/x", "--pcrs", "7"], 1, "seal.unwritable"),
    (["--out", "x", "--pcrs", "7", "--replace", "none"], 1, "sealed.unreadable"),
    (["--pcrs", "7"], 2, "usage"),
  ])
  func whatCannotBeMeantIsRefused(options: [String], status: Int32, code: String) async throws {
    let placed = options.map { ["x", "none"].contains($0) ? path($0) : $0 }
    try await custody(["seal", "--in", path("secret")] + placed).expect(status, code)
    #expect(try tpm.run("tpm2_getcap", "handles-nv-index").isEmpty)
    #expect(!FileManager.default.fileExists(atPath: path("x")))
  }

  @Test(arguments: steps)
  func aFirstSealingThatIsKilledIsDoneByTheNextRun(step: String) async throws {
    let options = ["seal", "--pcrs", "7", "--in", path("secret"), "--out", path("a")]
    let killed = try await custody(options, fault: "kill:\(step)")
    // A first sealing moves no counter.
    guard step != "counter-moved" else { return #expect(killed.status == 0, "\(killed)") }
    #expect(killed.status == 128 + 9, "\(killed)")
    let next = try await custody(options)
    if ["named", "proven-again"].contains(step) {
      next.expect(14, "output.exists")
      #expect(try outcomes().first == "begun")
    } else {
      next.expect(0)
    }
    #expect(try await opened("a") == Self.secret)
    #expect(!FileManager.default.fileExists(atPath: path(".a.sealing")))
  }

  @Test(arguments: steps, ["a", "b"])
  func aReplacementThatIsKilledLosesNothing(step: String, target: String) async throws {
    try await seal("--pcrs", "7", "--in", path("secret"), "--out", path("a")).expect(0)
    try folder.write(try folder.read("a"), to: "copy")
    let options = [
      "seal", "--replace", path("a"), "--in", path("secret"), "--out", path(target),
    ]
    let killed = try await custody(options, fault: "kill:\(step)")
    // A replacement makes no counter.
    guard step != "counter-made" else { return #expect(killed.status == 0, "\(killed)") }
    #expect(killed.status == 128 + 9, "\(killed)")
    let isClosed = ["counter-moved", "proven-again"].contains(step)
    #expect(try await opened("copy") == (isClosed ? nil : Self.secret))
    let isNamed = isClosed || step == "named"
    #expect(try await opened(isNamed ? target : "a") == Self.secret)
    if step == "named" {
      let told = try await custody(["unseal", path(target)])
      #expect(told.errors.contains("was cut off"), "\(told)")
    }
    // What was left under the temporary name opens as well, until the next run.
    if ["written", "proven"].contains(step) {
      try folder.write(try folder.read(".\(target).sealing"), to: "left")
      #expect(try await opened("left") == Self.secret)
    }
    let next = try await custody(options)
    next.expect(isClosed && target == "b" ? 14 : 0)
    #expect(try await opened(target) == Self.secret)
    #expect(try await opened("copy") == nil)
    #expect(!FileManager.default.fileExists(atPath: path(".\(target).sealing")))
    if FileManager.default.fileExists(atPath: path("left")) {
      #expect(try await opened("left") == nil)
    }
  }

  @Test func everyStepIsKilled() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources/SealedSecrets/SealingStep.swift")
    let cases = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      .filter { $0.hasPrefix("  case ") }
      .map { line in
        line.split(separator: "\"").dropFirst().first.map(String.init)
          ?? String(line.dropFirst("  case ".count))
      }
    #expect(cases == Self.steps)
  }

  @Test func twoRunsDoNotSealIntoOneFolder() async throws {
    try await seal("--pcrs", "7", "--in", path("secret"), "--out", path("a")).expect(0)
    let options = ["seal", "--replace", path("a"), "--out", path("a")]
    let flock = try #require(StockTool("flock"), "flock is not installed")
    let locked = try flock.run(
      [folder.path(of: ""), BuiltTools.custody] + options + ["--tcti", tpm.tcti],
      environment: ["COFFER_CUSTODY_STATE": path("state")])
    #expect(locked.status == 11 && locked.text.contains("[seal.locked]"), "\(locked)")
    #expect(try await opened("a") == Self.secret)
    try await custody(options).expect(0)
  }
}
