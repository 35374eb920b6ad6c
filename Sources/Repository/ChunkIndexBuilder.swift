import LocalFiles
package import SystemPackage
import Vocabulary

/// Takes in what indexes say, and sorts it: in memory as long as it is little, then through scratch files.
///
/// Where a scratch file cannot be made or written, everything stays in memory: a restore must not
/// fail for want of a disk. What is in the files is half of each chunk's id, and where in the packs it
/// lies; they have no name and end with the process.
package struct ChunkIndexBuilder: ~Copyable {
  /// So many entries are sorted at once: 4 MiB of them.
  private static let mostInMemory = 1 << 17

  private let most: Int
  private let folder: FilePath
  private var packs: [SHA256Digest] = []
  private var frames: [ChunkIndex.KeptFrame] = []
  private var entries: [ChunkPlaceEntry] = []
  /// Sorted runs, and the file they are in.
  private var runs: [Range<Int>] = []
  private var file: NamelessFile?
  private var hasNoDisk = false

  /// Starts an index.
  ///
  /// - Parameters:
  ///   - folder: where scratch files may lie.
  ///   - most: how many entries may lie in memory.
  package init(scratch folder: FilePath = NamelessFile.usualFolder, atMost most: Int? = nil) {
    self.folder = folder
    self.most = most ?? Self.mostInMemory
  }

  /// Takes in a pack of an index, if the snapshot still needs it.
  ///
  /// - Throws: `scratch.failed`.
  package mutating func insert(_ pack: PackDescription, neededBy needed: NeededSet) throws {
    guard needed.objects[.pack(pack.name)] != nil else { return }
    for frame in pack.frames {
      let number = UInt32(frames.count)
      var offset: UInt32 = 0
      for chunk in frame.chunks {
        let length = UInt32(chunk.length)
        entries.append(
          ChunkPlaceEntry(key: chunk.id.half, frame: number, offset: offset, length: length))
        offset += length
        if entries.count >= most && !hasNoDisk { try spill() }
      }
      // The chunks' ids are entries now; keeping them twice would double the memory.
      frames.append(
        ChunkIndex.KeptFrame(
          offset: frame.offset, pack: UInt32(packs.count),
          storedLength: UInt32(frame.storedLength), rawLength: UInt32(frame.rawLength),
          codec: frame.codec))
    }
    packs.append(pack.name)
  }

  /// Ends the index.
  ///
  /// - Throws: `scratch.failed`.
  package consuming func finish() throws -> ChunkIndex {
    if !runs.isEmpty && !entries.isEmpty { try spill() }
    if let file, !runs.isEmpty {
      do {
        return try merged(runs, of: file)
      } catch is Errno {
        try giveUpDisk()
      }
    }
    entries.sort { $0.key < $1.key }
    var directory = ChunkDirectory(expecting: entries.count)
    for entry in entries { directory.note(entry.key) }
    directory.end()
    return ChunkIndex(
      packs: packs, frames: frames, entries: .memory(entries), directory: directory)
  }

  private mutating func spill() throws {
    entries.sort { $0.key < $1.key }
    do {
      let file = try self.file ?? NamelessFile(in: folder)
      self.file = file
      let start = runs.last?.upperBound ?? 0
      try ChunkPlaceList.write(entries, to: file, at: start)
      runs.append(start..<start + entries.count)
      entries.removeAll(keepingCapacity: true)
    } catch is Errno {
      try giveUpDisk()
    }
  }

  private mutating func giveUpDisk() throws {
    hasNoDisk = true
    if let file {
      for run in runs { entries += try ChunkPlaceList.read(run, of: file) }
    }
    (runs, file) = ([], nil)
  }

  /// Merges runs into another file; throws `Errno` where it cannot be written, and `scratch.failed`.
  private func merged(_ runs: [Range<Int>], of file: NamelessFile) throws -> ChunkIndex {
    let count = runs.reduce(0) { $0 + $1.count }
    let target = try NamelessFile(in: folder)
    var directory = ChunkDirectory(expecting: count)
    var merge = try ChunkRunMerge(runs, of: file)
    var (sorted, written) = ([ChunkPlaceEntry](), 0)
    while let entry = try merge.next() {
      sorted.append(entry)
      directory.note(entry.key)
      guard sorted.count == ChunkRunMerge.piece else { continue }
      try ChunkPlaceList.write(sorted, to: target, at: written)
      written += sorted.count
      sorted.removeAll(keepingCapacity: true)
    }
    try ChunkPlaceList.write(sorted, to: target, at: written)
    directory.end()
    return ChunkIndex(
      packs: packs, frames: frames, entries: .file(target, count: count), directory: directory)
  }
}

/// Sorted runs of a file, read as one: a heap of the first entry of each.
private struct ChunkRunMerge {
  /// So many entries of a run are read at once.
  static let piece = 1024

  private struct Run {
    var rest: Range<Int>
    var entries: [ChunkPlaceEntry]
    var position = 0
    var first: ChunkID.Half { entries[position].key }
  }

  private let file: NamelessFile
  private var heap: [Run] = []

  init(_ runs: [Range<Int>], of file: NamelessFile) throws {
    self.file = file
    for run in runs where !run.isEmpty {
      var run = Run(rest: run, entries: [])
      try read(&run)
      heap.append(run)
    }
    heap.sort { $0.first < $1.first }
  }

  mutating func next() throws -> ChunkPlaceEntry? {
    guard !heap.isEmpty else { return nil }
    let entry = heap[0].entries[heap[0].position]
    heap[0].position += 1
    if heap[0].position == heap[0].entries.count {
      if heap[0].rest.isEmpty {
        let last = heap.removeLast()
        if heap.isEmpty { return entry }
        heap[0] = last
      } else {
        try read(&heap[0])
      }
    }
    sink()
    return entry
  }

  private func read(_ run: inout Run) throws {
    let piece = run.rest.prefix(Self.piece)
    run.entries = try ChunkPlaceList.read(piece, of: file)
    run.position = 0
    run.rest = piece.upperBound..<run.rest.upperBound
  }

  /// Puts the first run where it belongs.
  private mutating func sink() {
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        if heap[child].first < heap[least].first { least = child }
      }
      guard least != place else { return }
      heap.swapAt(place, least)
      place = least
    }
  }
}
