import MeasuredBoot
import ProofTools
import SecretMemory
import SystemPackage
import Testing
import TrustedHardware
import Vocabulary

/// Event logs, replayed here and by tpm2_eventlog.
@Suite struct EventLogTests {
  @Test(
    .enabled(if: StockTool.isInstalled("tpm2_eventlog"), "tpm2_eventlog is not installed"),
    arguments: ["sha256", "sha1+sha256", "sha1+sha256+sha384+sha512", "locality", "old form"])
  func theReplayIsThatOfTPM2Tools(kind: String) throws {
    let log = BootLogs.log(of: kind)
    let told = try pcrs(toldOf: log)
    try #require(told.count >= (kind == "old form" ? 10 : 11), "\(told)")
    let read = try EventLog(log.bytes, of: "log")
    for (bank, values) in Dictionary(grouping: told, by: \.bank) {
      let replay = try read.replay(bank)
      // tpm2-tools before 5.5 pass over the locality.
      for value in values where kind != "locality" || value.index != 0 {
        #expect(replay[value.index] == value.bytes, "\(bank) \(value.index)")
      }
      let measured = Set(read.events.map(\.pcr))
      #expect(Set(values.map(\.index)) == measured)
      for index in Set(0..<24).subtracting(measured).subtracting([0]) {
        #expect(replay[index] == bank.reset(of: index))
      }
    }
    #expect(Set(told.map(\.bank)) == Set(read.banks))
  }

  @Test(.enabled(if: SoftwareTPM.obstacle == nil, "swtpm or tpm2-tools are not installed"))
  func aLogExplainsTheTPMThatWasExtendedWithIt() throws {
    let tpm = try SoftwareTPM()
    let log = BootLogs.log(of: "sha1+sha256")
    try tpm.extend(log, in: [.sha256])
    let record = BootRecord(try EventLog(log.bytes, of: "log"), nil)
    let all: Set = [0, 4, 7, 8, 9, 11, 12, 16, 17, 23]
    let connection = try TPMConnection(tcti: tpm.tcti)
    try record.check(connection.read(all, of: .sha256), .sha256)

    // Something that no log tells of.
    try tpm.extend(7)
    try tpm.extend(16)
    let live = try connection.read(all, of: .sha256)
    let refused = try #require(refusal { try record.check(live, .sha256) })
    #expect(refused.code == "eventlog.mismatch")
    #expect(refused.message.contains("PCR 7, 16, of the sha256 bank"), "\(refused)")
    try record.check(live.filter { ![7, 16].contains($0.key) }, .sha256)
  }

  @Test func systemdsWordsAreAllowedForInPCR11AndNothingElseIs() throws {
    var log = BootLogs.log(of: "sha256")
    log.measure(Array(".linux\0".utf8), into: 11, type: 0xd, saying: [])
    let record = BootRecord(try EventLog(log.bytes, of: "log"), nil)
    var value = try #require(try record.replay(.sha256)[11])
    for word in ["enter-initrd", "leave-initrd", "sysinit", "ready"] {
      value = PCRBank.sha256.extend(value, by: PCRBank.sha256.digest(of: Array(word.utf8)))
      try record.check([11: value], .sha256)
    }
    let other = PCRBank.sha256.extend(value, by: PCRBank.sha256.digest(of: Array("ready".utf8)))
    #expect(refusal { try record.check([11: other], .sha256) }?.code == "eventlog.mismatch")
    let early = PCRBank.sha256.extend(
      PCRBank.sha256.reset(of: 11), by: PCRBank.sha256.digest(of: Array("enter-initrd".utf8)))
    #expect(refusal { try record.check([11: early], .sha256) }?.code == "eventlog.mismatch")
  }

  /// As swtpm 0.7.1 tells PCR 0 after TPM2_Startup from locality 3.
  @Test func theLocalityOfTheStartBeginsPCR0() throws {
    var log = EventLogBuilder(banks: [.sha256])
    log.startupLocality(3)
    let started = [UInt8](repeating: 0, count: 31) + [3]
    #expect(try EventLog(log.bytes, of: "log").replay(.sha256)[0] == started)
    log.measure([1], into: 0, type: 0x8, saying: [])
    let measured = PCRBank.sha256.extend(started, by: PCRBank.sha256.digest(of: [1]))
    #expect(try EventLog(log.bytes, of: "log").replay(.sha256)[0] == measured)
  }

  @Test func aBankThatTheLogLacksIsRefused() throws {
    let log = try EventLog(BootLogs.log(of: "old form").bytes, of: "log")
    #expect(log.banks == [.sha1])
    #expect(refusal { _ = try log.replay(.sha256) }?.code == "eventlog.no-bank")
  }

  @Test func aPCRWithAnEventWithoutDigestIsUnknownInThatBankOnly() throws {
    var log = BootLogs.log(of: "sha1+sha256")
    log.record([.sha1: HashFunction.sha1.digest(of: [1])], into: 9, type: 0xd, saying: [])
    let read = try EventLog(log.bytes, of: "log")
    #expect(try read.replay(.sha256)[9] == nil)
    #expect(try read.replay(.sha1)[9] != nil)
    let some = try #require(try read.replay(.sha1)[9]) + [UInt8](repeating: 0, count: 12)
    let record = BootRecord(read, nil)
    #expect(refusal { try record.check([9: some], .sha256) }?.code == "eventlog.mismatch")
    let prediction = try Prediction(record, .sha256, pcrs: [9], until: .enterInitrd)
    #expect(refusal { _ = try prediction.values() }?.code == "predict.incomplete")
  }

  @Test func whatIsNoLogIsRefusedWithItsReason() throws {
    let good = BootLogs.log(of: "sha1+sha256").bytes
    var cases: [(String, [UInt8])] = [("empty", []), ("cut off", Array(good.dropLast()))]
    cases.append(("trailing", good + [0]))
    cases.append(("text", Array("pcrs:\n  sha256:\n    0: 0x00 and so on and so on".utf8)))
    var algorithms = good
    algorithms[32 + 24] = 0xff
    cases.append(("too many algorithms", algorithms))
    var size = good
    size[32 + 28 + 2] = 21
    cases.append(("a wrong digest size", size))
    var twice = good
    twice[32 + 28 + 4] = 4
    cases.append(("an algorithm twice", twice))
    var pcr = EventLogBuilder(banks: [.sha256])
    pcr.measure([1], into: 24, type: 0xd, saying: [])
    cases.append(("PCR 24", pcr.bytes))
    var late = EventLogBuilder(banks: [.sha256])
    late.measure([1], into: 0, type: 0xd, saying: [])
    late.startupLocality(3)
    cases.append(("a late locality", late.bytes))
    var locality = EventLogBuilder(banks: [.sha256])
    locality.startupLocality(7)
    cases.append(("no locality", locality.bytes))
    for (name, bytes) in cases {
      let refused = refusal { _ = try EventLog(bytes, of: "log") }
      #expect(
        refused?.code == "eventlog.malformed", "\(name): \(refused?.description ?? "accepted")")
    }
  }

  @Test func aMissingLogAndAnUnreadableOneAreToldApart() throws {
    #expect(refusal { _ = try EventLog("/nowhere/log") }?.code == "eventlog.missing")
    #expect(refusal { _ = try EventLog("/") }?.code == "eventlog.unreadable")
    #expect(try UserspaceLog("/nowhere/log") == nil)
  }

  /// Whatever bytes come, there is an answer or a refusal.
  @Test func hostileLogsAreRefusedOrReadAndNeverATrap() throws {
    var chance = SeededChance(for: "hostile event logs")
    let logs = ["sha256", "sha1+sha256+sha384+sha512", "locality", "old form"].map {
      BootLogs.log(of: $0).bytes
    }
    var (read, refused) = (0, 0)
    for turn in 0..<4000 {
      var bytes = logs[turn % logs.count]
      switch Int.random(in: 0..<4, using: &chance) {
      case 0: bytes = chance.bytes(Int.random(in: 0..<300, using: &chance))
      case 1: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &chance))
      default: break
      }
      for _ in 0..<Int.random(in: 0..<6, using: &chance) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &chance)
        bytes[place] =
          [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &chance)]
          .randomElement(using: &chance) ?? 0
      }
      do {
        let log = try EventLog(bytes, of: "log")
        read += 1
        let record = BootRecord(log, nil)
        for bank in log.banks {
          _ = try record.replay(bank)
          var prediction = try Prediction(record, bank, pcrs: [8, 9, 12], until: .enterInitrd)
          _ = refusal { try prediction.replaceCommandLine("new", old: nil) }
          _ = refusal { try prediction.replaceInitrd([1], old: nil) }
        }
      } catch let error as OperatorError {
        refused += 1
        #expect(error.code == "eventlog.malformed", "\(error)")
      }
    }
    #expect(read > 100 && refused > 100, "\(read) read, \(refused) refused")
  }

  private struct Told {
    let bank: PCRBank
    let index: Int
    let bytes: [UInt8]
  }

  /// The `pcrs:` that tpm2_eventlog prints.
  private func pcrs(toldOf log: EventLogBuilder) throws -> [Told] {
    let folder = try ScratchFolder()
    let tool = try #require(StockTool("tpm2_eventlog"))
    let outcome = try tool.run([folder.write(log.bytes, to: "log")])
    try #require(outcome.status == 0, "\(outcome)")
    let lines = outcome.text.split(separator: "\n").drop { $0 != "pcrs:" }.dropFirst()
    var told: [Told] = []
    var bank: PCRBank?
    for line in lines {
      let words = line.split { " :".contains($0) }
      if words.count == 1 {
        bank = PCRBank(rawValue: String(words[0]))
      } else if let bank, let index = Int(words[0]),
        let bytes = Hexadecimal.decode(words[1].dropFirst(2))
      {
        told.append(Told(bank: bank, index: index, bytes: bytes))
      }
    }
    return told
  }
}
