import AgeFormat
import Catalog
import Repository
import Vocabulary

/// Keeps the catalog in step with the store: rebuilt where it is behind, lost or of another history.
struct CatalogKeeper {
  let catalog: CatalogDatabase
  let store: any BlobStore
  let keys: HostKeys
  let rewraps: HostRewraps
  let listener: any OperationListener

  /// Makes the catalog say what the head of the ledger says, and forget what was stored under other
  /// seals than the configuration's.
  func bringUpToDate(with ledger: Ledger, sealed seals: [CompartmentSeal]) throws {
    if try catalog.head() != ledger.head { try rebuild(from: ledger) }
    try dropPacksThatNeverArrived()
    try dropPacksThatAreGone()
    for seal in seals { try keep(seal) }
  }

  /// What a compartment holds under another key or for other recipients must not be built upon: the
  /// new snapshot's recipients could not read it.
  private func keep(_ seal: CompartmentSeal) throws {
    let book = SealBook(catalog)
    let known = try book.seal(of: seal.name)
    if known == seal {
      try warnOfOthers(seal)
      return
    }
    if let known, known.chunkIDKey == seal.chunkIDKey, try goOn(from: book, under: seal) { return }
    guard try book.start(seal) else { return }
    let change =
      switch known {
      case let known? where known.chunkIDKey == seal.chunkIDKey:
        "recipients of '\(seal.name)' changed: all of it is stored again for them"
      case .some: "'\(seal.name)' has another chunk-id key: all of it is stored again"
      case nil: "nothing says for whom '\(seal.name)' was sealed: all of it is stored again"
      }
    listener.hear(.note(change))
  }

  /// What an officer rewrapped for the new recipients is built upon, and need not be stored again.
  ///
  /// - Returns: whether there is any of it.
  private func goOn(from book: SealBook, under seal: CompartmentSeal) throws -> Bool {
    guard rewraps.hasAny(under: seal) else { return false }
    let packs = try book.move(to: seal) { pack, snapshot in
      rewraps.isSealed(.packHeader(pack), under: seal)
        && rewraps.isSealed(.index(snapshot, seal.name), under: seal)
    }
    let rest =
      packs.forgotten == 0
      ? "" : "; \(packs.forgotten) packs were not, and what they held is stored again"
    listener.hear(
      .note(
        "recipients of '\(seal.name)' changed: \(packs.kept) packs were rewrapped for them" + rest))
    return true
  }

  /// An officer may have rewrapped for others than the configuration names.
  private func warnOfOthers(_ seal: CompartmentSeal) throws {
    guard rewraps.ledger?.head != nil,
      try SnapshotBook(catalog).publishedPacks().contains(where: { pack in
        pack.compartment == seal.name
          && rewraps.isSealed(.packHeader(pack.name), otherwiseThan: seal)
      })
    else { return }
    listener.hear(
      .warning(
        "an officer rewrapped '\(seal.name)' for other recipients than the configuration names: "
          + "change them there; until then new packs are for the old ones"))
  }

  /// A pack that the store lost must not be built upon, nor one that no index describes any more: what
  /// it held is stored again.
  private func dropPacksThatAreGone() throws {
    let book = SnapshotBook(catalog)
    let needed = try book.needed()
    let packs = try book.publishedPacks().map { pack in
      let names = [
        ObjectName.pack(pack.name), .packHeader(pack.name), .index(pack.snapshot, pack.compartment),
      ]
      return (handle: pack.handle, names: names)
    }
    // All at once: a store may be far away.
    let all = Set(packs.flatMap(\.names)).sorted()
    let areWhole = Dictionary(
      uniqueKeysWithValues: zip(all, try store.sizes(of: all)).map { name, size in
        (name, size == needed.objects[name]?.size || rewraps.explains(size, of: name))
      })
    let gone = packs.filter { pack in !pack.names.allSatisfy { areWhole[$0] == true } }
    for name in areWhole.keys.sorted() where areWhole[name] == false {
      listener.hear(
        .warning(
          "\(name) is lost or cut short; what it held is stored again, but "
            + "earlier snapshots need it: fetch it from another copy of the store"))
    }
    try book.drop(gone.map(\.handle))
  }

  /// A crash between catalog and store leaves packs that the catalog knows and the store does not.
  private func dropPacksThatNeverArrived() throws {
    let book = SnapshotBook(catalog)
    let pending = try book.pendingPacks()
    let sizes = try store.sizes(of: pending.flatMap { [.pack($0.name), .packHeader($0.name)] })
    let lost = pending.indices.map { (pending[$0], sizes[2 * $0], sizes[2 * $0 + 1]) }
      .filter { pack, size, headerSize in size != pack.size || headerSize != pack.headerSize }
      .map(\.0)
    // What arrived of them stays: a host adds to its store and takes nothing away.
    try book.drop(lost.map(\.handle))
  }

  private func rebuild(from ledger: Ledger) throws {
    listener.hear(.step("rebuilding the catalog from the store"))
    try catalog.clear()
    guard let last = ledger.entries.last else { return }
    let needed = try ledger.needed(at: last.entry.sequence)
    let objects = ObjectReader(store: store, needed: needed, rewraps: rewraps.ledger)
    try SnapshotBook(catalog).rebuild(
      head: last.head, needed: needed, sources: last.entry.sources,
      seals: last.entry.compartments ?? []
    ) { name, take in
      guard let compartment = name.index?.compartment,
        let identities = keys.compartments[compartment]?.indexIdentities
      else { return false }
      do {
        try objects.openIndex(name, with: identities, take)
        return true
      } catch AgeError.noIdentityMatches {
        // Made with keys this host no longer has: its chunks are simply stored again.
        listener.hear(.warning("\(name) does not open with the host's index identity"))
      } catch let error as OperatorError where error.status == .mismatch {
        // A damaged store is no reason to save nothing tonight; it is verify that must fail.
        listener.hear(.warning("\(error.message): what it lists is stored again"))
      }
      return false
    }
  }
}
