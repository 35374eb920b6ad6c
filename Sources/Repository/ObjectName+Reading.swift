package import Signatures
package import Vocabulary

extension ObjectName {
  /// Reads the name of any object that a host puts into a store, or reads there; nil for any other text.
  package init?(hostText text: String) {
    if text == Self.format.path {
      self = .format
      return
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let isLedger = parts.first == "ledger"
    guard isLedger || parts.first == "rewraps" else {
      self.init(ledgerText: text)
      return
    }
    guard parts.count == 3, let host = KeyID(String(parts[1])),
      let number = Int(parts[2].prefix { $0 != "." }), (1..<1 << 32).contains(number)
    else { return nil }
    let sequence = LedgerSequence(number)
    let names =
      isLedger
      ? [Self.ledgerEntry(host, sequence), Self.ledgerSignature(host, sequence)]
      : [Self.rewrapEntry(host, sequence), Self.rewrapSignature(host, sequence)]
    guard let name = names.first(where: { $0.path == text }) else { return nil }
    self = name
  }
}

extension ObjectName {
  /// Whether it is the header of a pack.
  package var isPackHeader: Bool { path.hasSuffix(Self.headerSuffix) }

  /// Whether it begins with an age header, which an officer may replace; the payload of a pack does not.
  package var isRewrappable: Bool { !path.hasPrefix("packs/") || isPackHeader }

  /// The digest that a pack's payload is called by, nil for other objects.
  package var packDigest: SHA256Digest? {
    guard path.hasPrefix("packs/"), !isPackHeader else { return nil }
    return SHA256Digest(hex: path.suffix(64))
  }

  /// The pack whose header it is, nil for other objects.
  package var headedPack: SHA256Digest? {
    isPackHeader ? SHA256Digest(hex: path.dropLast(Self.headerSuffix.utf8.count).suffix(64)) : nil
  }

  /// The place in a host's ledger that an entry or a signature has, nil for other objects.
  package func ledgerPlace(of host: KeyID) -> LedgerSequence? {
    let parts = path.split(separator: "/")
    guard parts.count == 3, parts[0] == "ledger", parts[1] == host.description else { return nil }
    return Int(parts[2].prefix { $0 != "." }).map { LedgerSequence($0) }
  }

  /// Whether it belongs to a chain: an entry or a signature, of a host's or of officers.
  package var isChained: Bool { path.hasPrefix("ledger/") || path.hasPrefix("rewraps/") }

  /// Whether it is an entry about a host's rewrapped objects, or the signature of one.
  package func isRewrap(of host: KeyID) -> Bool {
    path.hasPrefix(Self.rewrapFolder(of: host) + "/")
  }
}
