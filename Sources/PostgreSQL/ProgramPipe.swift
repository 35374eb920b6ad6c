internal import Glibc
internal import SecretMemory
internal import Subprocess
internal import SystemPackage

/// A pipe between this process and a program, and what the program says meanwhile.
///
/// Subprocess's own streams clear a new buffer and wake two threads for each piece, and pieces are what
/// a small pipe holds. Here one thread waits for data and for words, so that neither keeps the program
/// from going on, and the pipe has room for more.
@safe final class ProgramPipe {
  /// What a pipe is to hold; less where the system does not allow it.
  private static let room = 1 << 20
  /// `F_SETPIPE_SZ` of fcntl(2), which Glibc's module leaves out.
  private static let setSize: CInt = 1031
  /// Microseconds that a pipe with room is left to fill: a program writes some kilobytes at a time, and
  /// to be woken for each costs more than to read it.
  private static let pause: UInt32 = 500
  /// Milliseconds after which a wait looks whether its task was cancelled.
  private static let patience: CInt = 200

  /// The program's ends, closed here once it runs.
  let (theirs, theirErrors): (FileDescriptor, FileDescriptor)
  private let (ours, errors): (FileDescriptor, FileDescriptor)
  private let hasRoom: Bool
  private var isOpen = true
  private var said = ErrorTail()
  private var hasMoreToSay = true

  /// A pipe to a program, or from one.
  /// - Parameter isToProgram: whether the program reads from it.
  /// - Throws: `Errno` where there can be no more files.
  init(toProgram isToProgram: Bool) throws {
    let data = try Self.make()
    (ours, theirs) = isToProgram ? (data.writing, data.reading) : (data.reading, data.writing)
    do {
      (errors, theirErrors) = try Self.make()
    } catch {
      try? data.writing.close()
      try? data.reading.close()
      throw error
    }
    hasRoom = fcntl(ours.rawValue, Self.setSize, CInt(Self.room)) >= Self.room
    for end in [ours, errors] {
      _ = fcntl(end.rawValue, F_SETFL, fcntl(end.rawValue, F_GETFL) | O_NONBLOCK)
    }
  }

  deinit {
    close()
    try? errors.close()
  }

  /// Lends what the program writes, piece by piece to its end.
  /// - Returns: the end of what it said.
  /// - Throws: what `consume` throws, `CancellationError`, or `Errno`.
  func read(_ consume: (RawSpan) throws -> Void) throws -> String {
    var buffer = [UInt8](repeating: 0, count: Self.room / 4)
    while isOpen {
      try Task.checkCancellation()
      if let count = try Self.read(ours, into: &buffer) {
        guard count > 0 else {
          close()
          break
        }
        try buffer.withBytes { try consume($0.extracting(0..<count)) }
      } else {
        try wait(for: POLLIN)
        if hasRoom { usleep(Self.pause) }
      }
    }
    return try lastWords()
  }

  /// Writes all there is; less where the program reads no more, for its exit status says why.
  /// - Parameter next: gives the bytes piece by piece, nil at their end.
  /// - Returns: the end of what the program said.
  /// - Throws: what `next` throws, `CancellationError`, or `Errno`.
  func write(_ next: () throws -> [UInt8]?) throws -> String {
    while isOpen, let piece = try next() {
      try Task.checkCancellation()
      var rest = piece[...]
      while !rest.isEmpty, isOpen {
        do throws(Errno) {
          let count = try Self.write(rest, to: ours)
          rest = rest.dropFirst(count)
        } catch .wouldBlock {
          try wait(for: POLLOUT)
        } catch .brokenPipe {
          close()
        } catch {
          throw error
        }
      }
    }
    close()
    return try lastWords()
  }

  private func lastWords() throws -> String {
    while hasMoreToSay { try wait(for: nil) }
    return said.text
  }

  private func close() {
    guard isOpen else { return }
    isOpen = false
    try? ours.close()
  }

  /// Waits for data or words, and takes the words.
  private func wait(for event: Int32?) throws {
    try Task.checkCancellation()
    var waiting = [
      pollfd(fd: event == nil ? -1 : ours.rawValue, events: Int16(event ?? 0), revents: 0),
      pollfd(fd: hasMoreToSay ? errors.rawValue : -1, events: Int16(POLLIN), revents: 0),
    ]
    guard unsafe poll(&waiting, 2, Self.patience) > 0, waiting[1].revents != 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    guard let count = try Self.read(errors, into: &buffer) else { return }
    if count > 0 { said.take(buffer[..<count]) } else { hasMoreToSay = false }
  }

  /// Nil where nothing is there yet.
  private static func read(
    _ end: FileDescriptor, into buffer: inout [UInt8]
  ) throws(Errno) -> Int? {
    while true {
      let count = unsafe Glibc.read(end.rawValue, &buffer, buffer.count)
      if count >= 0 { return count }
      let error = Errno(rawValue: errno)
      if error == .wouldBlock { return nil }
      guard error == .interrupted else { throw error }
    }
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to end: FileDescriptor) throws(Errno) -> Int
  {
    while true {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(end.rawValue, $0.baseAddress, $0.count)
      }
      if count >= 0 { return count }
      let error = Errno(rawValue: errno)
      guard error == .interrupted else { throw error }
    }
  }

  /// Closed in every program that is started, but for what it is given as its own.
  private static func make() throws -> (reading: FileDescriptor, writing: FileDescriptor) {
    let (reading, writing) = try FileDescriptor.pipe()
    for end in [reading, writing] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
    return (reading, writing)
  }
}
