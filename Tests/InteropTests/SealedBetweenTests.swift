import ProofTools
import Testing

@Suite(
  "Files between coffer-age and other ages",
  .enabled(
    if: StockTool.isInstalled("ssh-keygen") && !Implementation.all.isEmpty,
    "neither age nor the Python environment 'oracles' is there, or no ssh-keygen"))
struct SealedBetweenTests {
  /// One file, sealed by one of us and opened by the other.
  struct Case: CustomStringConvertible {
    let other: Implementation
    let kind: KeyKind
    let isArmored: Bool
    let size: Int

    var description: String { "\(other), \(kind)\(isArmored ? ", armored" : ""), \(size) bytes" }

    /// Every size to X25519; to the other kinds, which differ in the header alone, the smaller ones.
    static let all = Implementation.all.flatMap { other in
      KeyKind.allCases.flatMap { kind in
        [false, true].flatMap { isArmored in
          (kind == .x25519 ? Plaintext.sizes : Plaintext.smallSizes).map { size in
            Case(other: other, kind: kind, isArmored: isArmored, size: size)
          }
        }
      }
    }
  }

  @Test("rage is one of them", .enabled(if: Implementation.rage.isThere, Oracles.absence))
  func rage() {
    #expect(Implementation.all.contains(.rage))
  }

  @Test("what coffer-age seals, the others open", arguments: Case.all)
  func oursToTheirs(file: Case) throws {
    let folder = try ScratchFolder()
    let keys = try file.kind.make(in: folder)
    let input = try Plaintext.write(file.size, in: folder)
    let (sealed, output) = (folder.path(of: "sealed"), folder.path(of: "out"))
    let ours = try cofferAge(
      (file.isArmored ? ["-a"] : []) + ["-R", keys.recipients, "-o", sealed, input])
    #expect(ours.status == 0, "\(ours)")
    let theirs = try file.other.open(sealed, with: keys.identity, as: output)
    #expect(theirs.status == 0, "\(theirs)")
    #expect(try Plaintext.cameBack(in: folder))
  }

  @Test("what the others seal, coffer-age opens", arguments: Case.all)
  func theirsToOurs(file: Case) throws {
    let folder = try ScratchFolder()
    let keys = try file.kind.make(in: folder)
    let input = try Plaintext.write(file.size, in: folder)
    let (sealed, output) = (folder.path(of: "sealed"), folder.path(of: "out"))
    let theirs = try file.other.seal(
      input, to: keys.recipients, armored: file.isArmored, as: sealed)
    #expect(theirs.status == 0, "\(theirs)")
    let ours = try cofferAge(["-d", "-i", keys.identity, "-o", output, sealed])
    #expect(ours.status == 0, "\(ours)")
    #expect(try Plaintext.cameBack(in: folder))
  }
}
