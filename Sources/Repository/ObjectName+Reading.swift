package import Signatures
package import Vocabulary

extension ObjectName {
  /// Reads the name of any object that a host puts into a store; nil for any other text.
  package init?(hostText text: String) {
    if text == Self.format.path {
      self = .format
      return
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.first == "ledger" else {
      self.init(ledgerText: text)
      return
    }
    guard parts.count == 3, let host = KeyID(String(parts[1])),
      let number = Int(parts[2].prefix { $0 != "." }), (1..<1 << 32).contains(number)
    else { return nil }
    let sequence = LedgerSequence(number)
    let names = [Self.ledgerEntry(host, sequence), Self.ledgerSignature(host, sequence)]
    guard let name = names.first(where: { $0.path == text }) else { return nil }
    self = name
  }
}

extension ObjectName {
  /// The digest that a pack's payload is called by, nil for other objects.
  package var packDigest: SHA256Digest? {
    guard path.hasPrefix("packs/"), !path.hasSuffix(Self.headerSuffix) else { return nil }
    return SHA256Digest(hex: path.suffix(64))
  }

  /// The place in a host's ledger that an entry or a signature has, nil for other objects.
  package func ledgerPlace(of host: KeyID) -> LedgerSequence? {
    let parts = path.split(separator: "/")
    guard parts.count == 3, parts[0] == "ledger", parts[1] == host.description else { return nil }
    return Int(parts[2].prefix { $0 != "." }).map { LedgerSequence($0) }
  }
}
