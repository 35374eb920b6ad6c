import ProofTools
import SystemPackage
import Testing
import TrustedHardware

/// Both copies of a header, read without libcryptsetup.
@Suite(
  .enabled(if: VolumeImage.obstacle == nil, "cryptsetup is not installed"),
  .timeLimit(.minutes(20)))
struct LUKSHeaderCopiesTests {
  @Test func bothAreWholeAfterEveryWriteOfCryptsetup() throws {
    let image = try VolumeImage()
    #expect(try copies(image).areWhole)
    try image.addKeyslot()
    let later = try copies(image)
    #expect(later.areWhole)
    try image.addToken(#"{"type":"clevis","keyslots":["0"],"jwe":{}}"#)
    #expect(try copies(image) != later)
  }

  @Test(arguments: [0, 100, 300, 450, 5000, 16383]) func oneChangedByteDamagesACopy(at: Int) throws
  {
    let image = try VolumeImage()
    try image.damage(at..<at + 1)
    let first = try copies(image)
    guard case .damaged = first.primary, case .whole = first.secondary else {
      Issue.record("\(first)")
      return
    }
    try image.damage(16384 + at..<16384 + at + 1)
    guard case .damaged = try copies(image).secondary else {
      Issue.record("the second copy")
      return
    }
  }

  @Test func aSecondCopyIsFoundWhereverItIs() throws {
    let image = try VolumeImage()
    try image.run(
      ["luksFormat", "--luks2-metadata-size", "64k", "--pbkdf", "pbkdf2"]
        + ["--pbkdf-force-iterations", "1000", image.path, image.passphrase])
    #expect(try copies(image).areWhole)
    try image.damage(0..<4096)
    let found = try copies(image)
    guard case .damaged = found.primary, case .whole = found.secondary else {
      Issue.record("\(found)")
      return
    }
  }

  private func copies(_ image: VolumeImage) throws -> LUKSHeaderCopies {
    try LUKSHeaderCopies(of: FilePath(image.path))
  }
}
