import Repository
import SecretMemory
package import Vocabulary

/// The volumes of a set that are at hand, and what they offer, lost volumes that can be made good included.
package struct VolumeSet: Sendable {
  /// So many choices of others are tried where a volume is to be made good.
  private static let mostChoices = 300
  private static let largestLedgerFile = 1 << 30

  /// Where an object lies.
  private struct Place {
    let volume: Int
    let range: Range<Int>
    let sha256: SHA256Digest
  }

  /// What a set is made of.
  package let manifest: VolumeSetManifest
  /// Volumes that are not at hand, or no archive; counted from 1.
  package private(set) var lost: [Int] = []
  /// Those of them that others made good.
  package private(set) var rebuilt: [Int] = []
  /// What is wrong with volumes that are at hand.
  package private(set) var problems: [OperatorError] = []

  private let files: [Int: MediumFile]
  private let code: VolumeCode
  private var places: [ObjectName: [Place]] = [:]

  /// Reads what the volumes hold.
  ///
  /// - Parameters:
  ///   - manifest: what the set is made of.
  ///   - files: those at hand, by their numbers from 0, each of the right length.
  init(_ manifest: VolumeSetManifest, _ files: [Int: MediumFile]) {
    (self.manifest, self.files) = (manifest, files)
    code = VolumeCode(data: manifest.dataVolumes.count, parity: manifest.parityVolumes)
    for number in manifest.volumes.indices where files[number] == nil { lost.append(number + 1) }
    for number in manifest.dataVolumes.indices { read(number) }
    lost.sort()
  }

  /// Whether volumes are at hand, and all of them hold parity.
  var isParityAlone: Bool {
    !files.isEmpty && files.keys.allSatisfy { $0 >= manifest.dataVolumes.count }
  }

  /// Names of all objects that are offered.
  var names: some Collection<ObjectName> { places.keys }

  /// The length of an object, nil where none is offered.
  func size(of name: ObjectName) -> Int? { places[name]?.first?.range.count }

  /// Whether some volume's list has an object of this size and SHA-256.
  func offers(_ name: ObjectName, _ facts: NeededSet.Facts) -> Bool {
    places[name]?.contains { $0.sha256 == facts.sha256 && $0.range.count == facts.size } ?? false
  }

  /// Copies an object out, once it is known to be what it must be.
  ///
  /// What a volume has is tried first, then what the others make of it.
  ///
  /// - Parameters:
  ///   - name: the object.
  ///   - facts: what it must be.
  ///   - attempt: copies bytes that `read` hands on; throws where they are not good.
  /// - Returns: what `attempt` returned the first time that it did not throw, and the volumes, counted from 1,
  ///   whose own bytes were not good.
  /// - Throws: `volume.lost-object` where no attempt was good; errors of other status than `mismatch` at once.
  func copy<Result>(
    _ name: ObjectName, _ facts: NeededSet.Facts,
    _ attempt: (_ read: ((RawSpan) throws -> Void) throws -> Void) throws -> Result
  ) throws -> (result: Result, hurt: [Int]) {
    var hurt: [Int] = []
    for place in places[name] ?? [] where place.range.count == facts.size {
      let result = try firstGood(of: place.volume) { way -> Result? in
        do {
          return try attempt { try way.stream(place.range, $0) }
        } catch let error as OperatorError where error.status == .mismatch {
          if way is MediumFile { hurt.append(place.volume + 1) }
          return nil
        }
      }
      if let result { return (result, hurt) }
    }
    throw OperatorError(
      "volume.lost-object", .mismatch, "\(name) is in no volume at hand as its host signed for it",
      hint: "put in the volumes that are not there, or have it carried again: 'coffer-store have'")
  }

  /// Reads a file of the ledger: the first copy that is what its volume's list says.
  ///
  /// - Throws: `object.missing`, `object.too-large`.
  func ledgerFile(_ name: ObjectName) throws -> [UInt8] {
    for place in places[name] ?? [] where place.range.count <= Self.largestLedgerFile {
      let bytes = firstGood(of: place.volume) { way -> [UInt8]? in
        guard let bytes = try? way.read(place.range),
          SHA256Hasher.digest(of: bytes) == place.sha256
        else { return nil }
        return bytes
      }
      if let bytes { return bytes }
    }
    throw OperatorError("object.missing", .mismatch, "\(name) is whole in no volume at hand")
  }

  private mutating func read(_ number: Int) {
    var isRebuilt = false
    var problem: OperatorError?
    let contents = firstGood(of: number) { way -> VolumeContents? in
      isRebuilt = !(way is MediumFile)
      do {
        return try VolumeContents(reading: way, number: number + 1)
      } catch {
        if way is MediumFile { problem = error as? OperatorError }
        return nil
      }
    }
    if let problem {
      problems.append(problem)
      lost.append(number + 1)
    }
    guard let contents else { return }
    if isRebuilt { rebuilt.append(number + 1) }
    for member in contents.members {
      places[member.name, default: []].append(
        Place(volume: number, range: member.place, sha256: member.sha256))
    }
  }

  /// Tries a data volume's bytes as they are, then with the others' help where they cannot be read, then as
  /// each choice of others makes them.
  ///
  /// - Returns: the first result; nil where no way has one.
  private func firstGood<Result>(
    of number: Int, _ attempt: (any VolumeBytes) throws -> Result?
  ) rethrows -> Result? {
    let own = files[number]
    if let own, let result = try attempt(own) { return result }
    guard manifest.parityVolumes > 0 else { return nil }
    let others = files.keys.filter { $0 != number }.sorted()
    let choices = Choices(manifest.dataVolumes.count, of: others)
    for (turn, choice) in choices.prefix(Self.mostChoices).enumerated() {
      let rebuilt = RebuiltVolume(
        number: number, count: manifest.volumes[number].bytes, code: code,
        others: files.filter { choice.contains($0.key) })
      if turn == 0, let own,
        let result = try attempt(MendedVolume(own: own, rebuilt: rebuilt))
      {
        return result
      }
      if let result = try attempt(rebuilt) { return result }
    }
    return nil
  }
}
