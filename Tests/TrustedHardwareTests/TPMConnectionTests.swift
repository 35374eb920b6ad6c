import ProofTools
import Testing
import TrustedHardware
import Vocabulary

/// What a TPM tells, held against what tpm2-tools make of the same TPM.
@Suite(
  .enabled(if: SoftwareTPM.obstacle == nil, "swtpm or tpm2-tools are not installed"),
  .timeLimit(.minutes(20)))
struct TPMConnectionTests {
  @Test func pcrsAreThoseOfPcrread() throws {
    let tpm = try SoftwareTPM()
    for index in [0, 7, 11, 23] { try tpm.extend(index) }
    for bank in [PCRBank.sha256, .sha384] {
      // More than a TPM tells at a time.
      let values = try TPMConnection(tcti: tpm.tcti).read(Set(0..<24), of: bank)
      #expect(values.count == 24)
      let told = try tpm.run("tpm2_pcrread", "\(bank.rawValue):all").lowercased()
      for (index, value) in values {
        #expect(value.count == bank.digestSize)
        let line =
          told.split(separator: "\n").first { $0.split(separator: " ").first == "\(index)" }
          ?? told.split(separator: "\n").first { $0.contains(" \(index):") } ?? ""
        #expect(line.hasSuffix("0x" + Hexadecimal.encode(value)), "\(bank) \(index): \(line)")
      }
      let extended = values.filter { PCRBank.isExtended($0.value) }.keys.sorted()
      #expect(extended == (bank == .sha256 ? [0, 7, 11, 23] : []))
    }
  }

  @Test func banksAreThoseThatAreAllocated() throws {
    let tpm = try SoftwareTPM()
    let banks = try TPMConnection(tcti: tpm.tcti).banks()
    let told = try tpm.run("tpm2_getcap", "pcrs")
    for bank in PCRBank.allCases {
      let all = Array(0..<24)
      let isTold = told.contains("- \(bank.rawValue): [ 0,")
      #expect(banks[bank] == (isTold ? all : nil), "\(bank): \(told)")
    }
    #expect(banks[.sha256] != nil)
  }

  @Test func failedTriesAreCountedUntilTheTPMIsLockedOut() throws {
    let tpm = try SoftwareTPM()
    var seen: [Int] = []
    for _ in 0..<4 {
      let properties = try TPMConnection(tcti: tpm.tcti).properties()
      try expectSame(properties, as: tpm)
      seen.append(properties.lockout.failedTries)
      if properties.lockout.isLockedOut {
        #expect(properties.lockout.triesLeft == 0)
        break
      }
      try tpm.failOnce()
    }
    #expect(seen == [0, 1, 2, 3])
  }

  @Test func authorizationsAreToldApart() throws {
    let tpm = try SoftwareTPM()
    try tpm.run("tpm2_changeauth", "-c", "lockout", "secret")
    let properties = try TPMConnection(tcti: tpm.tcti).properties()
    try expectSame(properties, as: tpm)
    #expect(properties.lockoutAuthSet)
    #expect(!properties.ownerAuthSet)
    #expect(properties.manufacturer == "IBM")
  }

  @Test func whereNoTPMAnswersThatIsSaid() {
    for tcti in ["swtpm:path=/nowhere/tpm", "device:/nowhere/tpm", "nonsense:x", "/nowhere/tpm"] {
      let refused = refusal { _ = try TPMConnection(tcti: tcti) }
      #expect(refused?.code == "tpm.unreachable", "\(tcti)")
      #expect(refused?.status == .missingProgram, "\(tcti)")
    }
  }

  private func expectSame(_ properties: TPMProperties, as tpm: SoftwareTPM) throws {
    let told = try tpm.run("tpm2_getcap", "properties-variable")
    func number(_ name: String) -> Int? {
      told.split(separator: "\n").lazy.map { $0.split(separator: " ") }
        .first { $0.first == "\(name):" }?.last.flatMap {
          $0.hasPrefix("0x") ? Int($0.dropFirst(2), radix: 16) : Int($0)
        }
    }
    let lockout = properties.lockout
    #expect(number("ownerAuthSet") == (properties.ownerAuthSet ? 1 : 0))
    #expect(number("endorsementAuthSet") == (properties.endorsementAuthSet ? 1 : 0))
    #expect(number("lockoutAuthSet") == (properties.lockoutAuthSet ? 1 : 0))
    #expect(number("inLockout") == (lockout.isLockedOut ? 1 : 0))
    #expect(number("TPM2_PT_LOCKOUT_COUNTER") == lockout.failedTries)
    #expect(number("TPM2_PT_MAX_AUTH_FAIL") == lockout.maximumTries)
    #expect(number("TPM2_PT_LOCKOUT_INTERVAL") == lockout.recoveryTime)
    #expect(number("TPM2_PT_LOCKOUT_RECOVERY") == lockout.lockoutRecovery)
  }
}
