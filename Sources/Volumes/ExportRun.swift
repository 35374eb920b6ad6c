import FileTrees
package import Keeping
import LocalFiles
package import Repository
import SecretMemory
package import SystemPackage
package import Vocabulary

/// Writes a set of volumes, proves what it wrote, and only then gives the set its name.
///
/// Until then it lies in `coffer-<set>.partial`; a run that is killed is gone on with, volume by volume.
package struct ExportRun {
  private let store: any BlobStore
  private let layout: VolumeLayout
  private let plan: ExportPlan
  private let removals: RemovalNotice?
  private let folder: FilePath
  private let meter: ProgressMeter
  private let interruption: Interruption

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - plan: what travels.
  ///   - layout: what of it lies where.
  ///   - removals: what was let go of here, for the keeper on the other side.
  ///   - store: where it is taken from.
  ///   - folder: where the set goes.
  ///   - meter: shows progress.
  ///   - interruption: asks to stop.
  package init(
    _ plan: ExportPlan, _ layout: VolumeLayout, _ removals: RemovalNotice?,
    from store: any BlobStore, to folder: FilePath, meter: ProgressMeter,
    interruption: Interruption
  ) {
    (self.plan, self.layout, self.removals, self.store) = (plan, layout, removals, store)
    (self.folder, self.meter, self.interruption) = (folder, meter, interruption)
  }

  /// Where the set lies once it is whole.
  package var place: FilePath { folder.appending("coffer-\(layout.id)") }

  private var partial: FilePath { folder.appending("coffer-\(layout.id).partial") }

  /// Bytes of all large files.
  package var bytes: Int {
    layout.volumes.reduce(0) { $0 + $1.bytes } + layout.parity * longest
  }

  private var longest: Int { layout.volumes.map(\.bytes).max() ?? 0 }

  /// Writes the set.
  ///
  /// - Throws: `export.exists` where it is there already, `export.no-space`, `export.unwritable`,
  ///   `export.unproven` where what was written reads otherwise; of a hurt object `object.size`,
  ///   `object.digest`; `interrupted`.
  package func run() throws {
    guard !LocalPath(place).exists else {
      throw OperatorError(
        "export.exists", .nothingDone,
        "\(place) is there already: the same objects in the same volumes",
        hint: "check it with 'sha256sum -c' in each of its folders; remove it to write it anew")
    }
    try reporting {
      try requireSpace()
      try DurableFile.makeFolder(partial)
      for number in 1...layout.volumes.count + layout.parity {
        try VolumeFiles(number, .data, in: partial).discardTemporary()
      }
      meter.begin("volumes", total: 2 * layout.volumes.reduce(0) { $0 + $1.bytes })
      for volume in layout.volumes { try write(volume) }
      let volumes = try ParityPass(
        layout, in: partial, meter: meter, interruption: interruption
      ).run()
      try describe(
        VolumeSetManifest(
          set: layout.id, store: plan.store, volumes: volumes, removals: removals))
      try LocalPath(partial).rename(to: place)
      try DurableFile.syncFolder(folder)
    }
  }

  private func write(_ volume: VolumeLayout.Volume) throws {
    let files = VolumeFiles(volume.number, .data, in: partial)
    if let size = LocalPath(files.large).size, size == volume.bytes,
      LocalPath(files.checksums).exists
    {
      meter.advance(bytes: size)
      return
    }
    try files.discard()
    try DurableFile.makeFolder(files.folder)
    let file = try PartialFile(for: files.large)
    var hasher = SHA256Hasher()
    try DataVolume(volume, from: store).write { bytes in
      try interruption.check()
      hasher.update(bytes)
      try file.write(bytes)
      meter.advance(bytes: bytes.byteCount)
    }
    try file.publish(mode: .ownerReadWrite, owner: nil)
    try files.note([(files.large, hasher.finish())])
  }

  /// Puts the description beside each large file, and into the checksums.
  private func describe(_ manifest: VolumeSetManifest) throws {
    let bytes = try JSONDocument.pretty(manifest)
    let digest = SHA256Hasher.digest(of: bytes)
    for (index, volume) in manifest.volumes.enumerated() {
      let files = VolumeFiles(index + 1, volume.kind, in: partial)
      try bytes.withBytes { try DurableFile.write($0, to: files.description) }
      try files.note([(files.large, volume.sha256), (files.description, digest)])
    }
  }

  private func requireSpace() throws {
    let written = layout.volumes.reduce(0) {
      $0 + (LocalPath(VolumeFiles($1.number, .data, in: partial).large).size ?? 0)
    }
    let needed = bytes - written + layout.volumes.count * VolumeSize.reserve
    guard let free = LocalPath(folder).freeBytes, free < needed else { return }
    throw OperatorError(
      "export.no-space", .failed,
      "the set takes \(needed) bytes more, and \(folder) has \(free) left",
      hint: "name a folder on a larger disk, or fewer --parity-volumes")
  }

  private func reporting(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let problem as Errno {
      throw OperatorError(
        "export.unwritable", .failed, "cannot write a set of volumes to \(folder): \(problem)",
        hint: "what was written is used by the next run")
    }
  }
}
