import Repository
import SecretMemory
package import Vocabulary

/// The volumes of a set that are at hand, and what they offer, lost volumes that can be made good included.
package struct VolumeSet: Sendable {
  /// So many ways to make a volume good are tried.
  private static let mostWays = 32
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

  /// For each data volume its bytes as they are, and as each choice of others makes them.
  private let ways: [[any VolumeBytes]]
  private var places: [ObjectName: [Place]] = [:]

  /// Reads what the volumes hold.
  ///
  /// - Parameters:
  ///   - manifest: what the set is made of.
  ///   - files: those at hand, by their numbers from 0, each of the right length.
  init(_ manifest: VolumeSetManifest, _ files: [Int: MediumFile]) {
    self.manifest = manifest
    ways = manifest.dataVolumes.indices.map { Self.ways(to: $0, manifest, files) }
    for number in manifest.volumes.indices where files[number] == nil { lost.append(number + 1) }
    for number in manifest.dataVolumes.indices { read(number, isAtHand: files[number] != nil) }
    lost.sort()
  }

  /// Names of all objects that are offered.
  var names: some Collection<ObjectName> { places.keys }

  /// The length of an object, nil where none is offered.
  func size(of name: ObjectName) -> Int? { places[name]?.first?.range.count }

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
      for way in ways[place.volume] {
        do {
          return (try attempt { try way.stream(place.range, $0) }, hurt)
        } catch let error as OperatorError where error.status == .mismatch {
          if way is MediumFile { hurt.append(place.volume + 1) }
        }
      }
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
      for way in ways[place.volume] {
        guard let bytes = try? way.read(place.range),
          SHA256Hasher.digest(of: bytes) == place.sha256
        else { continue }
        return bytes
      }
    }
    throw OperatorError("object.missing", .mismatch, "\(name) is whole in no volume at hand")
  }

  private mutating func read(_ number: Int, isAtHand: Bool) {
    for (turn, way) in ways[number].enumerated() {
      do {
        let contents = try VolumeContents(reading: way, number: number + 1)
        for member in contents.members {
          places[member.name, default: []].append(
            Place(volume: number, range: member.place, sha256: member.sha256))
        }
        if turn > 0 || !isAtHand { rebuilt.append(number + 1) }
        return
      } catch {
        guard turn == 0, isAtHand else { continue }
        lost.append(number + 1)
        if let error = error as? OperatorError { problems.append(error) }
      }
    }
  }

  private static func ways(
    to number: Int, _ manifest: VolumeSetManifest, _ files: [Int: MediumFile]
  ) -> [any VolumeBytes] {
    let own: [any VolumeBytes] = files[number].map { [$0] } ?? []
    let others = files.keys.filter { $0 != number }.sorted()
    let (data, parity) = (manifest.dataVolumes.count, manifest.parityVolumes)
    guard parity > 0, others.count >= data else { return own }
    let code = VolumeCode(data: data, parity: parity)
    let rebuilt = choices(data, of: others[...]).prefix(mostWays).map { choice in
      RebuiltVolume(
        number: number, count: manifest.volumes[number].bytes, code: code,
        others: files.filter { choice.contains($0.key) })
    }
    return own + rebuilt
  }

  /// So many of some numbers, in every way, the first ones first; no more ways than are ever tried.
  private static func choices(_ count: Int, of numbers: ArraySlice<Int>) -> [[Int]] {
    guard count > 0, let first = numbers.first else { return count == 0 ? [[]] : [] }
    guard numbers.count > count else { return [Array(numbers)] }
    let with = choices(count - 1, of: numbers.dropFirst()).map { [first] + $0 }
    guard with.count < mostWays else { return with }
    return with + choices(count, of: numbers.dropFirst())
  }
}
