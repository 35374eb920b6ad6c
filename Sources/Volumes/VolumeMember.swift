package import Repository
import Signatures
import Vocabulary

/// An object on its way, with what it must be.
package struct VolumeMember: Sendable {
  package let name: ObjectName
  package let facts: NeededSet.Facts

  /// Its line in a list that `sha256sum -c` reads.
  var line: String { "\(facts.sha256)  \(name)\n" }

  /// Bytes that it takes in a volume, its line included.
  var room: Int {
    TarHeader.block + TarHeader.padded(facts.size) + 64 + 3 + name.path.utf8.count
  }
}

extension ObjectName {
  /// Reads the name of an object that travels: of the ledger, or named by it; nil for any other text.
  init?(travelling text: some StringProtocol) {
    let text = String(text)
    if text == ObjectName.format.path {
      self = .format
      return
    }
    if let name = ObjectName(ledgerText: text) {
      self = name
      return
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 3, let host = KeyID(String(parts[1])),
      let number = parts[2].split(separator: ".").first.flatMap({ Int($0) }), number > 0
    else { return nil }
    let sequence = LedgerSequence(number)
    let names = [
      ObjectName.ledgerEntry(host, sequence), .ledgerSignature(host, sequence),
      .rewrapEntry(host, sequence), .rewrapSignature(host, sequence),
    ]
    guard let name = names.first(where: { $0.path == text }) else { return nil }
    self = name
  }
}
