import Custody
import ProofTools
import SystemPackage
import Testing
import TrustedHardware
import Vocabulary

/// What is found in headers that cryptsetup made, without a TPM.
@Suite(
  .enabled(if: VolumeImage.obstacle == nil, "cryptsetup is not installed"),
  .timeLimit(.minutes(20)))
struct HeaderFindingTests {
  @Test func aSinglePassphraseIsASingleWayIn() throws {
    let image = try VolumeImage()
    let found = try findings(image)
    #expect(found.map(\.code) == ["ways-in.single", "keyslot.no-token"])
    #expect(found.map(\.severity) == [.warning, .info])
    #expect(found.map(\.keyslot) == [0, 0])
  }

  @Test func aKeyslotOfMinimalCostWithoutTokenMayBeAnOrphan() throws {
    let image = try VolumeImage()
    try image.addKeyslot()
    let found = try findings(image)
    #expect(found.map(\.code) == ["keyslot.orphan", "keyslot.no-token"])
    #expect(found.first?.keyslot == 1)
    try image.addToken(#"{"type":"systemd-recovery","keyslots":["1"]}"#)
    #expect(try findings(image).map(\.code) == ["keyslot.no-token"])
  }

  @Test func aKeyslotThatTheBootPassesOverIsTold() throws {
    let image = try VolumeImage()
    try image.addKeyslot()
    try image.addToken(#"{"type":"systemd-recovery","keyslots":["1"]}"#)
    try image.run(["config", image.path, "--key-slot", "1", "--priority", "ignore"])
    let found = try findings(image)
    #expect(found.filter { $0.code == "keyslot.passed-over" }.map(\.keyslot) == [1])
    try image.run(["config", image.path, "--key-slot", "1", "--priority", "prefer"])
    #expect(try !findings(image).map(\.code).contains("keyslot.passed-over"))
  }

  @Test func aKeyOfAnotherVolumeIsNoWayIn() throws {
    let image = try VolumeImage()
    try image.addKeyslot("--unbound", "--key-size", "256")
    #expect(
      try findings(image).map(\.code)
        == ["ways-in.single", "keyslot.no-token", "keyslot.unbound"])
  }

  @Test func withNothingButATPMTheDataIsAsMortalAsTheTPM() throws {
    let image = try VolumeImage()
    try image.addToken(token("[\"0\"]"))
    let found = try findings(image)
    #expect(found.first?.code == "ways-in.only-tpm")
    #expect(found.first?.severity == .bad)
    #expect(found.map(\.code).contains("tpm.unreachable"))
    #expect(!found.map(\.code).contains("token.substitution"))
  }

  @Test func pcrsAloneBesideAPassphraseLetTheFileSystemBeReplaced() throws {
    let image = try VolumeImage()
    try image.addKeyslot()
    try image.addToken(token("[\"1\"]"))
    let found = try findings(image)
    #expect(found.map(\.code).contains("token.substitution"))
    #expect(found.first { $0.code == "token.substitution" }?.token == 0)
  }

  @Test func aPINPreventsThat() throws {
    let image = try VolumeImage()
    try image.addKeyslot()
    try image.addToken(token("[\"1\"]", #","tpm2-pin":true"#))
    #expect(try !findings(image).map(\.code).contains("token.substitution"))
  }

  @Test func whatTokensCanBeWrongIn() throws {
    let image = try VolumeImage()
    try image.addKeyslot()
    try image.addToken(token("[\"1\"]", #","tpm2-pcr-bank":"sha1""#))
    try image.addToken(token("[\"1\"]"))
    try image.addToken(token("[]", pcrs: "[]"))
    try image.addToken(#"{"type":"clevis","keyslots":["0"],"jwe":{}}"#)
    let found = try findings(image)
    func about(_ code: String) -> [CustodyFinding] { found.filter { $0.code == code } }
    #expect(about("keyslot.two-tokens").map(\.keyslot) == [1])
    #expect(about("pcr.sha1-bank").map(\.token) == [0])
    #expect(about("token.no-keyslots").map(\.token) == [2])
    #expect(about("token.no-policy").map(\.token) == [2])
    #expect(about("token.foreign").map(\.token) == [3])
    // clevis may need the same TPM, and does not say so.
    #expect(about("ways-in.only-tpm").count == 1)
  }

  @Test func aReencryptionUnderWayIsTold() throws {
    let image = try VolumeImage()
    try image.beginReencryption()
    #expect(try findings(image).map(\.code).contains("reencryption.under-way"))
  }

  @Test func aReencryptionThatWasCutOffIsTold() throws {
    let image = try VolumeImage()
    try image.beginReencryption()
    // What the library writes while a zone is being encrypted.
    try image.rewriteHeader(
      #""sector_size":4096},"1""#, as: #""sector_size":4096,"flags":["in-reencryption"]},"1""#)
    let found = try findings(image)
    #expect(found.first?.code == "reencryption.crashed" && found.first?.severity == .bad)
  }

  @Test func aVolumeWithoutKeyslotsIsLost() throws {
    let image = try VolumeImage()
    try image.run(["erase", image.path])
    let found = try findings(image)
    #expect(found.map(\.code) == ["ways-in.none"] && found.first?.severity == .bad)
  }

  @Test func aTokenThatIsNotAsSystemdWritesItIsTold() throws {
    let image = try VolumeImage()
    try image.addTokenUnchecked(#"{"type":"systemd-tpm2","keyslots":["0"],"tpm2-blob":"AJ4A"}"#)
    let found = try findings(image)
    #expect(found.filter { $0.code == "token.unreadable" }.map(\.token) == [0])
  }

  private func findings(_ image: VolumeImage) throws -> [CustodyFinding] {
    let path = FilePath(image.path)
    let volume = Volume(try LUKSDevice(path), at: path)
    let none = OperatorError("tpm.unreachable", .missingProgram, "no TPM in this proof")
    return VolumeStatus(volume, .none(none)).findings
  }

  private func token(_ keyslots: String, _ more: String = "", pcrs: String = "[7]") -> String {
    #"{"type":"systemd-tpm2","keyslots":\#(keyslots),"tpm2-blob":"AJ4A","tpm2-pcrs":\#(pcrs),"#
      + #""tpm2-policy-hash":"00"\#(more)}"#
  }
}
