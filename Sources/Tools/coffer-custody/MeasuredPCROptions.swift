import ArgumentParser
import MeasuredBoot
import TrustedHardware
import Vocabulary

/// A list of PCRs as systemd's tools write it, `7+11`, or with commas.
struct PCRList: ExpressibleByArgument {
  let indexes: Set<Int>

  /// No PCR.
  init() { indexes = [] }

  init?(argument: String) {
    var indexes: Set<Int> = []
    for part in argument.split(
      omittingEmptySubsequences: false, whereSeparator: { "+,".contains($0) })
    {
      guard let index = Self.index(part), indexes.insert(index).inserted else { return nil }
    }
    self.indexes = indexes
  }

  var defaultValueDescription: String {
    indexes.isEmpty ? "none" : indexes.sorted().map(String.init).joined(separator: ",")
  }

  /// A PCR's number, 0 to 23, as it is always written.
  static func index(_ text: Substring) -> Int? {
    guard let index = Int(text), (0..<24).contains(index), text == String(index) else { return nil }
    return index
  }
}

/// A PCR and bytes in hexadecimal, `4=1f…`.
struct PCRAssignment: ExpressibleByArgument {
  let index: Int
  let bytes: [UInt8]

  init?(argument: String) {
    let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = PCRList.index(parts[0]),
      let bytes = Hexadecimal.decode(parts[1]), !bytes.isEmpty
    else { return nil }
    self.index = index
    self.bytes = bytes
  }
}

extension PCRBank: ExpressibleByArgument {}

extension BootPhase: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }

  package var defaultValueDescription: String { text }
}
