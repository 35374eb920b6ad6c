import Testing

@testable import SecretMemory

@Suite("Secret bytes")
struct SecretBytesTests {
  private struct Refusal: Error {}

  @Test("what was written in place is what is lent")
  func roundTrip() {
    let secret = SecretBytes(count: 3) { bytes in
      for offset in 0..<3 {
        bytes.storeBytes(of: UInt8(offset + 1), toByteOffset: offset, as: UInt8.self)
      }
    }
    #expect(secret.withBytes { $0.copied() } == [1, 2, 3])
    #expect(secret.count == 3)
  }

  @Test("an error while filling is passed on")
  func failingFill() {
    #expect(throws: Refusal.self) {
      _ = try SecretBytes(count: 32) { _ throws(Refusal) in throw Refusal() }
    }
  }

  @Test("no bytes at all are a secret, too")
  func empty() {
    let nothing = SecretBytes(count: 0) { _ in }
    #expect(nothing.withBytes { $0.byteCount } == 0)
    let isSame = nothing.matches(SecretBytes.random(count: 0))
    #expect(isSame)
  }

  @Test("equal bytes match, and bytes that differ in the last bit or in number do not")
  func matching() {
    let one = [UInt8](repeating: 7, count: 32)
    var other = one
    other[31] ^= 1
    let secret = one.withBytes { SecretBytes(copying: $0) }
    let same = one.withBytes { SecretBytes(copying: $0) }
    let near = other.withBytes { SecretBytes(copying: $0) }
    let short = [UInt8](one.dropLast()).withBytes { SecretBytes(copying: $0) }
    let found = [secret.matches(same), secret.matches(near), secret.matches(short)]
    #expect(found == [true, false, false])
  }

  @Test("random secrets differ")
  func randomness() {
    let isSame = SecretBytes.random(count: 32).matches(SecretBytes.random(count: 32))
    #expect(!isSame)
    #expect(Randomness.bytes(count: 32) != Randomness.bytes(count: 32))
    #expect((0..<1000).allSatisfy { _ in Randomness.number(below: 3) < 3 })
  }

  @Test("printing, dumping or interpolating what holds a secret shows none of it")
  func printing() {
    let key = [UInt8](repeating: 0xab, count: 32).withBytes { SecretBytes(copying: $0) }
    let holder = KeyedHash(key: key)
    var dumped = ""
    dump(holder, to: &dumped)
    for text in ["\(holder)", String(describing: holder), String(reflecting: holder), dumped] {
      #expect(!text.contains("171") && !text.lowercased().contains("abab"))
    }
  }

  @Test("a hardened process leaves no core and makes files for its owner alone")
  func hardening() async {
    await #expect(processExitsWith: .success) {
      precondition(ProcessHardening.refuseCoreDumps())
      precondition(ProcessState.coreLimit == 0)
      precondition(ProcessState.fileMask == 0o077)
    }
  }
}
