internal import CLinux
package import Glibc
package import SystemPackage

/// An open file descriptor with one owner, closed when the owner goes away.
package struct Descriptor: ~Copyable, Sendable {
  let number: CInt

  init(owning number: CInt) {
    self.number = number
  }

  deinit { close(number) }

  /// What fstat(2) tells of it.
  /// - Throws: `Errno`.
  package func status() throws(Errno) -> FileStatus {
    var facts = stat()
    guard unsafe fstat(number, &facts) == 0 else { throw .last }
    return FileStatus(facts)
  }

  /// Makes what was written durable: bytes of a file, names of a folder.
  /// - Throws: `Errno`.
  package func sync() throws(Errno) {
    _ = try Errno.check { fsync(number) }
  }

  /// Makes durable whatever was done to the file system that it lies in, by whomever.
  /// - Throws: `Errno`.
  package func syncFileSystem() throws(Errno) {
    _ = try Errno.check { syncfs(number) }
  }

  /// Lends the descriptor to calls that read or write.
  package func lend<R>(_ body: (FileDescriptor) throws -> R) rethrows -> R {
    try body(FileDescriptor(rawValue: number))
  }
}

extension Errno {
  /// What the last system call of this thread failed with.
  static var last: Errno { Errno(rawValue: errno) }

  /// Runs a system call, again while signals interrupt it.
  static func check(_ call: () -> CInt) throws(Errno) -> CInt {
    while true {
      let result = call()
      if result >= 0 { return result }
      let error = Errno.last
      if error != .interrupted { throw error }
    }
  }
}

/// An open folder: the only way a walk, a restore or a store reaches a file.
///
/// Every call takes one name, never a path, and none follows a symbolic link, so nothing outside the
/// folder can be reached through one.
package struct DirectoryHandle: ~Copyable, Sendable {
  package let descriptor: Descriptor

  /// Takes over a descriptor of a folder.
  init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  /// Opens a path given by an operator; links in it are followed, for it is the operator's own.
  /// - Throws: `Errno`.
  package init(opening path: FilePath) throws(Errno) {
    self.descriptor = try Self.open(path, O_RDONLY | O_DIRECTORY)
  }

  /// Opens anything by a path given by an operator.
  static func open(_ path: FilePath, _ flags: CInt) throws(Errno) -> Descriptor {
    let name = path.string.isEmpty ? FilePath(".") : path
    return Descriptor(
      owning: try Errno.check {
        unsafe name.withPlatformString { unsafe Glibc.open($0, flags | O_CLOEXEC) }
      })
  }

  /// A path by which calls that know no descriptor reach a name in this folder.
  ///
  /// Attributes of links and pipes can be reached in no other way.
  func procPath(of name: [UInt8]) -> [UInt8] {
    Array("/proc/self/fd/\(descriptor.number)/".utf8) + name
  }

  /// Opens a child.
  ///
  /// A pipe is not waited for, nor does a terminal become ours.
  /// - Parameters:
  ///   - name: the child.
  ///   - access: open(2)'s flags.
  ///   - mode: the mode of a file that is made.
  /// - Returns: its descriptor.
  /// - Throws: `Errno`, `tooManySymbolicLinkLevels` for a symbolic link.
  package func open(_ name: [UInt8], _ access: CInt, mode: mode_t = 0) throws(Errno) -> Descriptor {
    let flags = access | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
    return Descriptor(
      owning: try unsafe call(name) { unsafe openat(descriptor.number, $0, flags, mode) })
  }

  /// Opens a child to be read without leaving a trace of it, where the system lets us.
  func openQuietly(_ name: [UInt8], _ access: CInt) throws(Errno) -> Descriptor {
    do {
      return try open(name, access | linux_o_noatime)
    } catch Errno.notPermitted {
      // Only the owner and root may read without touching the access time.
      return try open(name, access)
    }
  }

  /// Opens a folder in this one.
  /// - Parameter name: the folder.
  /// - Returns: the open folder.
  /// - Throws: `Errno`, `notDirectory` for anything else, a symbolic link to a folder among it.
  package func openDirectory(_ name: [UInt8]) throws(Errno) -> DirectoryHandle {
    DirectoryHandle(try openQuietly(name, O_RDONLY | O_DIRECTORY))
  }

  /// What lstat(2) tells of a child.
  /// - Throws: `Errno`.
  package func status(of name: [UInt8]) throws(Errno) -> FileStatus {
    var facts = stat()
    _ = try unsafe call(name) { unsafe fstatat(descriptor.number, $0, &facts, AT_SYMLINK_NOFOLLOW) }
    return FileStatus(facts)
  }

  /// The target of a symbolic link, as written.
  /// - Throws: `Errno`.
  package func target(ofLink name: [UInt8]) throws(Errno) -> [UInt8] {
    var capacity = 256
    while true {
      var target = [UInt8](repeating: 0, count: capacity)
      let count = try unsafe call(name) { name in
        unsafe target.withUnsafeMutableBytes { room in
          guard let start = room.baseAddress else { return -1 }
          return unsafe CInt(
            readlinkat(
              descriptor.number, name, start.assumingMemoryBound(to: CChar.self), room.count))
        }
      }
      if count < capacity {
        target.removeLast(capacity - Int(count))
        return target
      }
      // A full buffer may mean that the rest was cut off.
      capacity *= 4
    }
  }

  /// The names in this folder, `.` and `..` left out, in no order.
  /// - Throws: `Errno`.
  package func names() throws(Errno) -> [[UInt8]] {
    let copy = try openQuietly([UInt8(ascii: ".")], O_RDONLY | O_DIRECTORY)
    let number = try Errno.check { fcntl(copy.number, F_DUPFD_CLOEXEC, 0) }
    guard let stream = unsafe fdopendir(number) else {
      let error = Errno.last
      close(number)
      throw error
    }
    defer { unsafe closedir(stream) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw .last }
        return names
      }
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        let start = unsafe UnsafeRawPointer(field)
        let length = unsafe strlen(start.assumingMemoryBound(to: CChar.self))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: length))
      }
      if name != [UInt8(ascii: ".")] && name != Array("..".utf8) { names.append(name) }
    }
  }

  /// Lends a name to a system call and turns its failure into an error.
  func call(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> CInt) throws(Errno) -> CInt {
    try unsafe withCString(name, body)
  }
}

/// Lends bytes as a C string to a system call and turns its failure into an error.
func withCString(
  _ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> CInt
) throws(Errno) -> CInt {
  try Errno.check { unsafe lendCString(bytes, body) }
}

/// Lends bytes as a C string to a system call and hands its result on, `errno` as it left it.
func lendCString(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> CInt) -> CInt {
  // The kernel would silently stop at a NUL and act on another file.
  guard !bytes.contains(0) else {
    errno = EINVAL
    return -1
  }
  return unsafe (bytes + [0]).withUnsafeBytes { buffer in
    guard let start = buffer.baseAddress else { return -1 }
    return unsafe body(start.assumingMemoryBound(to: CChar.self))
  }
}
