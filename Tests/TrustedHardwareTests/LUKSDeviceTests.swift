import Foundation
import ProofTools
import SystemPackage
import Testing
import TrustedHardware
import Vocabulary

/// Headers, held against what cryptsetup says of them.
@Suite(
  .enabled(if: VolumeImage.obstacle == nil, "cryptsetup is not installed"),
  .timeLimit(.minutes(20)))
struct LUKSDeviceTests {
  @Test func theHeaderIsWhatLuksDumpShows() throws {
    let image = try VolumeImage(label: "media")
    try image.addKeyslot()
    try image.run(["config", "--priority", "prefer", "--key-slot", "0", image.path])
    try image.addKeyslot("--unbound", "--key-size", "256")
    try image.addToken(#"{"type":"systemd-recovery","keyslots":["1"]}"#)

    let device = try LUKSDevice(FilePath(image.path))
    #expect(try device.uuid + "\n" == image.run(["luksUUID", image.path]))
    #expect(device.label == "media")
    #expect(device.cipher == "aes-xts-plain64")
    #expect(device.volumeKeySize == 64)
    #expect(device.reencryption == .none)

    let dumped = try JSONDocument.decode(
      Dump.self,
      from: Array(image.run(["luksDump", "--dump-json-metadata", image.path]).utf8))
    let slots = device.header.keyslots
    #expect(slots.map { String($0.number) } == dumped.keyslots.keys.sorted())
    for slot in slots {
      let written = dumped.keyslots[String(slot.number)]
      #expect(slot.kdf == written?.kdf)
      #expect(slot.keySize == written?.key_size)
    }
    #expect(slots.map(\.state) == [.active, .active, .unbound])
    #expect(slots.map(\.opensVolume) == [true, true, false])
    #expect(slots.map(\.priority) == [.prefer, .normal, .normal])
    #expect(slots.map { $0.kdf?.isMinimal } == [false, true, true])
    #expect(device.header.tokens.map(\.type) == ["systemd-recovery"])
    #expect(device.header.tokens.map(\.keyslots) == [[1]])
    #expect(device.header.tokens.first?.json == dumped.tokens["0"])
  }

  @Test func theOnlyKeyslotIsToldApart() throws {
    let image = try VolumeImage()
    let device = try LUKSDevice(FilePath(image.path))
    #expect(device.label == nil)
    #expect(device.header.keyslots.map(\.state) == [.lastActive])
  }

  @Test func aReencryptionUnderWayIsSeen() throws {
    let image = try VolumeImage()
    try image.beginReencryption()
    let device = try LUKSDevice(FilePath(image.path))
    #expect(device.reencryption == .clean)
    #expect(device.header.keyslots.last?.type == "reencrypt")
    #expect(device.header.keyslots.last?.kdf == nil)
  }

  @Test func oneWholeCopyOfTheHeaderIsEnough() throws {
    let image = try VolumeImage(label: "media")
    try image.damage(0..<16384)
    #expect(try LUKSDevice(FilePath(image.path)).label == "media")
  }

  @Test func whatIsNoVolumeIsRefused() throws {
    let folder = try ScratchFolder()
    let plain = FilePath(try folder.write([UInt8](repeating: 7, count: 1 << 20), to: "plain"))
    let empty = FilePath(try folder.write("", to: "empty"))
    #expect(refusal { _ = try LUKSDevice(plain) }?.code == "luks.not-luks2")
    #expect(refusal { _ = try LUKSDevice(empty) }?.code == "luks.not-luks2")
    #expect(
      refusal { _ = try LUKSDevice(FilePath(folder.path(of: "."))) }?.code == "luks.unreadable")
    let missing = refusal { _ = try LUKSDevice(FilePath(folder.path(of: "none"))) }
    #expect(missing?.code == "luks.missing")
    #expect(missing?.status == .missingProgram)
  }

  @Test func anOldVolumeIsCalledWhatItIs() throws {
    let image = try VolumeImage("luks1")
    let refused = refusal { _ = try LUKSDevice(FilePath(image.path)) }
    #expect(refused?.code == "luks.not-luks2")
    #expect(refused?.message.contains("LUKS1") == true)
  }

  @Test func twoDamagedCopiesAreRefused() throws {
    let image = try VolumeImage()
    // The JSON areas of both copies; the binary headers say that this is LUKS2.
    try image.damage(4096..<16384)
    try image.damage(4096 + 16384..<2 * 16384)
    let refused = refusal { _ = try LUKSDevice(FilePath(image.path)) }
    #expect(refused?.code == "luks.damaged")
    #expect(refused?.status == .mismatch)
  }

  private struct Dump: Decodable {
    let keyslots: [String: Slot]
    let tokens: [String: [String: JSONValue]]

    struct Slot: Decodable {
      let key_size: Int
      let kdf: KeyDerivation?
    }
  }
}
