import Foundation
import ProofTools
import Testing

/// A volume, a TPM that was booted, and the officer who has them.
struct SealedVolume {
  let office: Office
  let image: VolumeImage
  let tpm: SoftwareTPM

  /// Why there can be none; nil where there can.
  static let obstacle: String? =
    VolumeImage.obstacle ?? SoftwareTPM.obstacle ?? SystemdTokenPlugin.obstacle
    ?? (StockTool.isInstalled("age-keygen") ? nil : "age is not installed")

  /// PCRs 7 and 11 are extended; keyslot 0 opens by the passphrase.
  ///
  /// - Parameter data: what the volume holds.
  /// - Throws: where one of the programs fails.
  init(holding data: [UInt8]? = nil) throws {
    office = try Office()
    image = try data.map { try VolumeImage(holding: $0) } ?? VolumeImage()
    tpm = try SoftwareTPM()
    for index in [7, 11] { try tpm.extend(index) }
  }

  /// Runs a verb of `coffer-custody luks` on the volume, with this TPM.
  @discardableResult func luks(
    _ verb: String, _ options: String..., fault: String? = nil
  ) async throws -> Program.Outcome {
    try await run([verb, image.path, "--tcti", tpm.tcti] + options, fault: fault)
  }

  /// Runs a verb that changes the volume, agreed to beforehand and unlocked by the passphrase.
  @discardableResult func change(
    _ verb: String, _ options: String..., fault: String? = nil
  ) async throws -> Program.Outcome {
    try await run(
      [verb, image.path, "--tcti", tpm.tcti, "--unlock-key-file", image.passphrase] + agreed
        + options, fault: fault)
  }

  /// Takes a keyslot away; what opens another is given or not.
  @discardableResult func retire(
    _ slot: Int, _ options: String..., fault: String? = nil
  ) async throws -> Program.Outcome {
    try await run(
      ["retire", image.path, "\(slot)", "--tcti", tpm.tcti] + agreed + options, fault: fault)
  }

  /// Runs a verb as it is typed.
  func run(_ words: [String], fault: String? = nil) async throws -> Program.Outcome {
    var environment = ["COFFER_CUSTODY_STATE": office.path("state")]
    environment["COFFER_FAULT"] = fault
    return try await Program(path: BuiltTools.custody, environment: environment)
      .run(["luks"] + words)
  }

  /// Signs the PCR 11 of now, beside what was signed before.
  func sign(_ key: String, into file: String) async throws {
    let place = FileManager.default.fileExists(atPath: file) ? "--append-to" : "--output"
    try await run(
      ["sign-policy", "--key", key, "--pcrs", "11", "--tcti", tpm.tcti, place, file]
    ).expect(0)
  }

  var agreed: [String] { ["--header-backup", office.shelf, "-r", office.recipient, "--yes"] }

  /// What systemd-cryptenroll lists: the kinds of keyslots by number.
  func listed() throws -> [Int: String] {
    let tool = try #require(StockTool("systemd-cryptenroll"))
    let outcome = try tool.run([image.path])
    try #require(outcome.status == 0, "\(outcome)")
    let pairs = outcome.text.split(separator: "\n").dropFirst().compactMap { line in
      let words = line.split(separator: " ")
      return words.count == 2 ? Int(words[0]).map { ($0, String(words[1])) } : nil
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  /// Whether the passphrase of keyslot 0 opens the volume.
  func opensByPassphrase() -> Bool {
    let arguments = ["open", "--test-passphrase", "--key-file", image.passphrase, image.path, "x"]
    return (try? image.run(arguments)) != nil
  }

  /// What `luks status` finds.
  func findings() async throws -> [String] {
    let status = try await luks("status", "--json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [String: Any])
    let findings = object["findings"] as? [[String: Any]] ?? []
    return findings.compactMap { $0["code"] as? String }
  }
}
