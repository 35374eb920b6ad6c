import AgeFormat
import Recipients
import Repository
import SecretMemory
import Vocabulary

/// Looks through the snapshots of a host for one compartment, and says what is to be rewrapped of it.
struct CompartmentSurvey {
  /// A manifest that an identity opened.
  private struct OpenManifest {
    let entry: LedgerEntry
    let manifest: Manifest
    let carried: CarriedHeader?
  }

  let compartment: CompartmentName
  let readers: RewrapPolicy.Readers
  let view: RewrapView
  let objects: ObjectReader
  let identities: [any Identity]
  let meter: ProgressMeter
  let interruption: Interruption

  private var seals: [SnapshotID: CompartmentSeal] = [:]
  /// The chunk-id key under which each snapshot was stored, once it was asked for.
  private var keys: [SnapshotID: String] = [:]
  private var manifests: [OpenManifest] = []
  /// Parts by their chunk-id keys, and what was rewrapped of each.
  private var parts: [String: RewrapPlan.Part] = [:]
  private var generations: [String: [ObjectName: RewrapLedger.Generation]] = [:]

  init(
    of compartment: CompartmentName, for readers: RewrapPolicy.Readers, in view: RewrapView,
    _ objects: ObjectReader, with identities: [any Identity], meter: ProgressMeter,
    interruption: Interruption
  ) {
    (self.compartment, self.readers, self.view) = (compartment, readers, view)
    (self.objects, self.identities) = (objects, identities)
    (self.meter, self.interruption) = (meter, interruption)
  }

  /// Adds to a plan what is to be rewrapped of the compartment.
  ///
  /// - Throws: what the store fails with.
  mutating func run(_ plan: inout RewrapPlan) throws {
    meter.begin("\(compartment)")
    try openManifests(&plan)
    guard !manifests.isEmpty else { return }
    for opened in manifests {
      try take(.manifest(opened.entry.snapshot, compartment), of: opened.entry.snapshot, &plan)
    }
    for name in objects.needed.objects.keys.sorted() {
      guard let index = name.index, index.compartment == compartment else { continue }
      try interruption.check()
      try plan.attempt(name) {
        let packs = try packs(in: name)
        try take(name, of: index.snapshot, &$0)
        for pack in packs where objects.needed.objects[.packHeader(pack)] != nil {
          try $0.attempt(.packHeader(pack)) { try take(.packHeader(pack), of: index.snapshot, &$0) }
        }
      }
      meter.advance(bytes: objects.needed.objects[name]?.size ?? 0, files: 1)
    }
    plan.parts += parts.sorted { $0.key < $1.key }.map(\.value).filter { !$0.objects.isEmpty }
  }

  private func packs(in index: ObjectName) throws -> [SHA256Digest] {
    var packs: [SHA256Digest] = []
    do {
      try objects.openIndex(index, with: identities) { packs.append($0.name) }
    } catch AgeError.noIdentityMatches {
      throw Self.notOpened(index)
    }
    return packs
  }

  private mutating func openManifests(_ plan: inout RewrapPlan) throws {
    var isSealed = false
    for verified in view.ledger.entries {
      let entry = verified.entry
      seals[entry.snapshot] = entry.compartments?.first { $0.name == compartment }
      guard !view.isGone(entry),
        entry.sources.contains(where: { $0.compartment == compartment && $0.isThere })
      else { continue }
      try interruption.check()
      do {
        try plan.attempt(.manifest(entry.snapshot, compartment)) {
          let opened = try openManifest(of: entry)
          manifests.append(opened)
          let readers = opened.manifest.recipients.map { $0 + (opened.carried?.readers ?? []) }
          $0.note(entry.snapshot, of: compartment, openTo: readers, but: self.readers.texts)
        }
      } catch AgeError.noIdentityMatches {
        isSealed = true
      }
    }
    guard isSealed else { return }
    if manifests.isEmpty {
      plan.sealed.append(compartment)
    } else {
      plan.problems.append(Self.partlySealed(compartment))
    }
  }

  private func openManifest(of entry: LedgerEntry) throws -> OpenManifest {
    let name = ObjectName.manifest(entry.snapshot, compartment)
    let plaintext = try objects.open(name, with: identities)
    guard let manifest = try? JSONDocument.decode(Manifest.self, from: plaintext) else {
      throw OperatorError("manifest.damaged", .mismatch, "\(name) is no manifest")
    }
    try manifest.check(against: entry)
    let header = try AgeHeader(parsing: objects.store.read(name))
    return OpenManifest(
      entry: entry, manifest: manifest,
      carried: try CarriedHeader(in: header, under: header.fileKey(for: identities)))
  }

  /// Takes an object into its part, unless it is for the policy's recipients already.
  private mutating func take(
    _ name: ObjectName, of snapshot: SnapshotID, _ plan: inout RewrapPlan
  ) throws {
    let key = key(of: snapshot)
    if parts[key] == nil {
      let part = try makePart(key)
      parts[key] = part
      generations[key] = view.rewraps.proven(compartment, under: part.key)
    }
    guard let seal = parts[key]?.seal else { return }
    let generation = generations[key]?[name]
    if (generation?.recipients ?? seals[snapshot]?.recipients) == seal.recipients {
      if try generation.map({ try isInPlace(name, $0) }) ?? true {
        plan.current += 1
        return
      }
    }
    parts[key]?.objects.append(name)
  }

  /// Whether an object is what an entry says of it, and not still the old one: the run that was to replace it
  /// was cut off then, and what waited is lost, perhaps because the store was copied.
  ///
  /// - Throws: where it is neither, or no identity opens it.
  private func isInPlace(
    _ name: ObjectName, _ generation: RewrapLedger.Generation
  ) throws -> Bool {
    if (try? ObjectCheck.run(name, generation.facts, in: view.store)) != nil { return true }
    // Manifests and indexes were opened before they came here.
    guard let pack = name.headedPack else { return false }
    do {
      _ = try objects.header(ofPack: pack, with: identities).fileKey(for: identities)
    } catch AgeError.noIdentityMatches {
      throw Self.notOpened(name)
    }
    return false
  }

  /// The chunk-id key under which a snapshot was stored; snapshots that are gone have no manifest to say so.
  private mutating func key(of snapshot: SnapshotID) -> String {
    if let known = keys[snapshot] { return known }
    let mark = seals[snapshot]?.chunkIDKey
    let like = manifests.last { opened in
      opened.entry.snapshot == snapshot
        || mark != nil && seals[opened.entry.snapshot]?.chunkIDKey == mark
    }
    let key = (like ?? manifests[manifests.count - 1]).manifest.chunkIDKey
    keys[snapshot] = key
    return key
  }

  private func makePart(_ text: String) throws -> RewrapPlan.Part {
    guard let bytes = Hexadecimal.decode(text), bytes.count == KeyedHash.keySize else {
      throw OperatorError(
        "manifest.damaged", .mismatch, "a manifest of '\(compartment)' has no chunk-id key")
    }
    let key = bytes.withBytes { SecretBytes(copying: $0) }
    let host = manifests.last { $0.manifest.indexRecipient != nil }?.manifest.indexRecipient
    return RewrapPlan.Part(
      seal: CompartmentSeal(compartment, chunkIDKey: key, recipients: readers.texts),
      readers: readers, host: try host.map { try RecipientRegistry.parse($0) },
      key: KeyedHash(key: key))
  }

  private static func notOpened(_ name: ObjectName) -> OperatorError {
    OperatorError(
      "rewrap.not-opened", .partly,
      "none of the given identities opens \(name): it stays as it is",
      hint: "a rewrapping was cut off before; run again with the identity of somebody who could "
        + "open it until then")
  }

  private static func partlySealed(_ compartment: CompartmentName) -> OperatorError {
    OperatorError(
      "rewrap.partly-sealed", .partly,
      "some snapshots of '\(compartment)' are sealed for others than the given identities: they stay "
        + "as they are",
      hint: "run again with the identity of somebody who could open them")
  }
}

extension RewrapPlan {
  /// Does something about an object, and notes where that is damaged or missing.
  ///
  /// - Throws: `AgeError.noIdentityMatches`, and errors that are not about the object.
  fileprivate mutating func attempt(
    _ name: ObjectName, _ body: (inout RewrapPlan) throws -> Void
  ) throws {
    do {
      try body(&self)
    } catch let error as OperatorError where [.mismatch, .partly].contains(error.status) {
      problems.append(error)
    } catch let error as AgeError where error != .noIdentityMatches {
      problems.append(
        OperatorError("object.damaged", .mismatch, "\(name) cannot be opened: \(error)"))
    }
  }
}
