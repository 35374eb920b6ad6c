import FileTrees
import Glibc
import LocalFiles
import SecretMemory
import SystemPackage
import Vocabulary

/// Bytes at places: a volume's large file, or what it must have been.
protocol VolumeBytes: Sendable {
  /// How many there are.
  var count: Int { get }

  /// Reads the bytes at a place.
  ///
  /// - Throws: `volume.unreadable`.
  func read(_ range: Range<Int>) throws -> [UInt8]
}

extension VolumeBytes {
  private var pieceSize: Int { 1 << 20 }

  /// Lends the bytes at a place piece by piece, in order.
  func stream(_ range: Range<Int>, _ take: (RawSpan) throws -> Void) throws {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(start + pieceSize, range.upperBound)
      try read(start..<end).withBytes { try take($0) }
      start = end
    }
  }
}

/// A regular file on a medium, reached by no link.
final class MediumFile: VolumeBytes {
  let count: Int
  private let file: Descriptor
  private let path: String

  /// Opens a file in a folder of a medium.
  ///
  /// - Parameters:
  ///   - name: the file.
  ///   - folder: where it lies.
  ///   - path: how the folder is called in an error.
  /// - Throws: `volume.unreadable`, also for what is no regular file.
  init(_ name: String, in folder: OpenFolder, called path: String) throws {
    self.path = "\(path)/\(name)"
    do {
      let file = try folder.handle.open(Array(name.utf8), O_RDONLY)
      let status = try file.status()
      guard status.kind == .regular else { throw Self.unreadable(self.path, "is no regular file") }
      count = Int(status.stamp.size)
      self.file = file
    } catch let problem as Errno {
      throw Self.unreadable("\(path)/\(name)", "cannot be opened: \(problem)")
    }
  }

  func read(_ range: Range<Int>) throws -> [UInt8] {
    do {
      return try [UInt8](count: range.count) { room in
        let got = try file.lend { try $0.readWhole(into: &room, at: range.lowerBound) }
        guard got == range.count else { throw Self.unreadable(path, "ends too early") }
      }
    } catch let problem as Errno {
      throw Self.unreadable(path, "cannot be read: \(problem)")
    }
  }

  /// Has what the system keeps of it in memory forgotten, so that it is read from the medium.
  func forgetCache() {
    file.lend { _ = posix_fadvise($0.rawValue, 0, 0, POSIX_FADV_DONTNEED) }
  }

  private static func unreadable(_ path: String, _ why: String) -> OperatorError {
    OperatorError("volume.unreadable", .mismatch, "\(path) \(why)")
  }
}
