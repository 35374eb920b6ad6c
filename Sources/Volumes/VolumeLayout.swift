import Repository
import SecretMemory
import Vocabulary

/// Which object lies in which volume of a set.
///
/// Whole objects, in the order of the ledger, one volume after the other: each volume is an archive of its
/// own. What proves objects, the ledger, is in every one.
package struct VolumeLayout: Sendable {
  /// A volume that holds objects.
  package struct Volume: Sendable {
    /// Counted from 1.
    package let number: Int
    /// What it holds, after its list.
    package fileprivate(set) var members: [VolumeMember]
    fileprivate var room: Int
    fileprivate var listSize: Int

    /// Bytes of its archive.
    package var bytes: Int {
      room - listSize + TarHeader.block + TarHeader.padded(listSize) + TarHeader.endSize
    }

    fileprivate init(number: Int, _ members: [VolumeMember]) {
      (self.number, self.members) = (number, members)
      room = members.reduce(0) { $0 + $1.room }
      listSize = members.reduce(0) { $0 + $1.line.utf8.count }
    }

    /// Adds an object where it fits.
    fileprivate mutating func add(_ member: VolumeMember, in limit: Int) -> Bool {
      let before = (room, listSize)
      room += member.room
      listSize += member.line.utf8.count
      guard bytes <= limit else {
        (room, listSize) = before
        return false
      }
      members.append(member)
      return true
    }
  }

  /// The volumes, in their order.
  package let volumes: [Volume]
  /// How many volumes of parity there are beside them.
  package let parity: Int

  /// Lays a set out.
  ///
  /// - Parameters:
  ///   - common: what every volume holds.
  ///   - objects: what one of them holds.
  ///   - size: of a volume.
  ///   - parity: how many volumes of parity there are to be.
  /// - Throws: `export.volume-size` where a volume is too small for what must be in one,
  ///   `export.too-many-volumes`.
  package init(
    _ common: [VolumeMember], _ objects: [VolumeMember], in size: VolumeSize, parity: Int
  ) throws {
    let empty = Volume(number: 1, common)
    var volumes = [empty]
    guard empty.bytes <= size.fileLimit else { throw Self.tooSmall(size, empty.bytes) }
    for object in objects where !volumes[volumes.count - 1].add(object, in: size.fileLimit) {
      var next = Volume(number: volumes.count + 1, common)
      guard next.add(object, in: size.fileLimit) else {
        throw Self.tooSmall(size, Volume(number: 1, common + [object]).bytes)
      }
      volumes.append(next)
    }
    guard volumes.count + parity <= VolumeSetManifest.mostVolumes else {
      throw OperatorError(
        "export.too-many-volumes", .usage,
        "this would be \(volumes.count) volumes and \(parity) of parity; "
          + "\(VolumeSetManifest.mostVolumes) is the most",
        hint: "use larger volumes")
    }
    (self.volumes, self.parity) = (volumes, parity)
  }

  /// What the set is called: the same for the same objects in the same volumes.
  package var id: String {
    var hasher = SHA256Hasher()
    Array("\(parity)\n".utf8).withBytes { hasher.update($0) }
    for volume in volumes {
      Array("\(volume.number)\n".utf8).withBytes { hasher.update($0) }
      for member in volume.members {
        Array(member.line.utf8).withBytes { hasher.update($0) }
      }
    }
    return Hexadecimal.encode(hasher.finish().bytes.prefix(8))
  }

  private static func tooSmall(_ size: VolumeSize, _ needed: Int) -> OperatorError {
    OperatorError(
      "export.volume-size", .usage,
      "a volume of \(size.bytes) bytes cannot hold the ledger and the largest object: "
        + "that takes \(needed + VolumeSize.reserve)",
      hint: "objects are not split; use larger volumes")
  }
}
