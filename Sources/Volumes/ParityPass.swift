import FileTrees
import LocalFiles
import SecretMemory
import SystemPackage
import Vocabulary

/// Reads the data volumes back, side by side: proves them, and makes the parity volumes.
struct ParityPass {
  private static let pieceSize = 1 << 20

  private let layout: VolumeLayout
  private let set: FilePath
  private let meter: ProgressMeter
  private let interruption: Interruption

  /// Prepares to read the volumes of a set that is being written.
  init(
    _ layout: VolumeLayout, in set: FilePath, meter: ProgressMeter,
    interruption: Interruption
  ) {
    (self.layout, self.set) = (layout, set)
    (self.meter, self.interruption) = (meter, interruption)
  }

  /// Writes the parity volumes.
  ///
  /// - Returns: what every volume came to.
  /// - Throws: `export.unproven` where a volume reads otherwise than it was written: it is removed.
  func run() throws -> [VolumeSetManifest.Volume] {
    let data = try layout.volumes.map { volume in
      let files = VolumeFiles(volume.number, .data, in: set)
      return try ReadBack(files, volume.bytes)
    }
    let sums = try (0..<layout.parity).map { number in
      try ParityFile(VolumeFiles(data.count + number + 1, .parity, in: set))
    }
    let code = VolumeCode(data: data.count, parity: layout.parity)
    let longest = layout.volumes.map(\.bytes).max() ?? 0
    for start in stride(from: 0, to: longest, by: Self.pieceSize) {
      try interruption.check()
      let pieces = try data.map { try $0.next(Self.pieceSize) }
      try code.sums(of: pieces, min(Self.pieceSize, longest - start)) { number, bytes in
        try sums[number].write(bytes)
      }
      meter.advance(bytes: pieces.reduce(0) { $0 + $1.count })
    }
    return try data.map { try $0.finish() } + sums.map { try $0.finish() }
  }

  /// A data volume that is read once.
  private final class ReadBack {
    private let files: VolumeFiles
    private let file: MediumFile
    private var place = 0
    private var hasher: SHA256Hasher? = SHA256Hasher()

    init(_ files: VolumeFiles, _ bytes: Int) throws {
      self.files = files
      let folder = OpenFolder(try DirectoryHandle(opening: files.folder))
      let name = files.large.lastComponent?.string ?? ""
      file = try MediumFile(name, in: folder, called: files.folder.string)
      file.forgetCache()
    }

    func next(_ count: Int) throws -> [UInt8] {
      let piece = try file.read(place..<max(place, min(place + count, file.count)))
      place += piece.count
      if var running = hasher.take() {
        piece.withBytes { running.update($0) }
        hasher = consume running
      }
      return piece
    }

    func finish() throws -> VolumeSetManifest.Volume {
      let digest = hasher.take()?.finish()
      guard let digest, digest == files.noted() else {
        try files.discard()
        throw OperatorError(
          "export.unproven", .mismatch,
          "\(files.large) does not read as it was written; it is removed",
          hint: "check the disk; run again to write this volume anew")
      }
      return VolumeSetManifest.Volume(.data, bytes: file.count, sha256: digest)
    }
  }

  /// A parity volume that is written once.
  private final class ParityFile {
    private let files: VolumeFiles
    private let file: PartialFile
    private var count = 0
    private var hasher: SHA256Hasher? = SHA256Hasher()

    init(_ files: VolumeFiles) throws {
      self.files = files
      try DurableFile.makeFolder(files.folder)
      file = try PartialFile(for: files.large)
    }

    func write(_ bytes: RawSpan) throws {
      if var running = hasher.take() {
        running.update(bytes)
        hasher = consume running
      }
      count += bytes.byteCount
      try file.write(bytes)
    }

    func finish() throws -> VolumeSetManifest.Volume {
      guard let digest = hasher.take()?.finish() else {
        preconditionFailure("a volume is finished once")
      }
      try files.discard()
      try file.publish(mode: .ownerReadWrite, owner: nil)
      return VolumeSetManifest.Volume(.parity, bytes: count, sha256: digest)
    }
  }
}
