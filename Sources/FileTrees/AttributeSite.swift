internal import CLinux
internal import Glibc
internal import SystemPackage

/// Where the extended attributes of one file are reached: through its descriptor, or by name where
/// it has none, as links and pipes.
enum AttributeSite {
  case descriptor(CInt)
  case path([UInt8])

  /// The access ACL, as the kernel names it.
  static let accessACL = Array("system.posix_acl_access".utf8)
  /// The ACL that a folder hands on to what is made in it.
  static let defaultACL = Array("system.posix_acl_default".utf8)

  /// Reads all attributes that may be read, sorted by name.
  ///
  /// One that vanishes meanwhile or is kept from us is left out; a file system without attributes has
  /// none.
  func readAll() throws(Errno) -> [ExtendedAttribute] {
    let names: [UInt8]
    do {
      names = try unsafe read(room: 1024) { unsafe list($0) }
    } catch {
      if error == .notSupported { return [] }
      throw error
    }
    if names.isEmpty { return [] }
    var attributes: [ExtendedAttribute] = []
    for name in names.split(separator: 0).map(Array.init) {
      do {
        let value = try unsafe read(room: 256) { unsafe get(name, $0) }
        attributes.append(ExtendedAttribute(name: name, value: value))
      } catch {
        let isMissing = [.noData, .permissionDenied, .notPermitted, .notSupported].contains(error)
        guard isMissing else { throw error }
      }
    }
    return attributes.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// Sets one attribute.
  func set(_ attribute: ExtendedAttribute) throws(Errno) {
    _ = try unsafe withCString(attribute.name) { name in
      unsafe attribute.value.withUnsafeBytes { value in
        switch self {
        case .descriptor(let number):
          unsafe fsetxattr(number, name, value.baseAddress, value.count, 0)
        case .path(let path):
          unsafe lendCString(path) { unsafe lsetxattr($0, name, value.baseAddress, value.count, 0) }
        }
      }
    }
  }

  /// Removes one attribute, where it is there.
  func remove(_ name: [UInt8]) throws(Errno) {
    do {
      _ = try unsafe withCString(name) { name in
        switch self {
        case .descriptor(let number): unsafe fremovexattr(number, name)
        case .path(let path): unsafe lendCString(path) { unsafe lremovexattr($0, name) }
        }
      }
    } catch {
      guard error == .noData || error == .notSupported else { throw error }
    }
  }

  private func list(_ room: UnsafeMutableRawBufferPointer) -> Int {
    let list = unsafe room.baseAddress?.assumingMemoryBound(to: CChar.self)
    return switch self {
    case .descriptor(let number): unsafe flistxattr(number, list, room.count)
    case .path(let path):
      unsafe Int(lendCString(path) { unsafe CInt(llistxattr($0, list, room.count)) })
    }
  }

  private func get(_ name: [UInt8], _ room: UnsafeMutableRawBufferPointer) -> Int {
    let count = unsafe lendCString(name) { name in
      switch self {
      case .descriptor(let number):
        unsafe CInt(fgetxattr(number, name, room.baseAddress, room.count))
      case .path(let path):
        unsafe lendCString(path) { unsafe CInt(lgetxattr($0, name, room.baseAddress, room.count)) }
      }
    }
    return Int(count)
  }

  /// Calls `fill` with room that is nearly always enough, and with more where it is not.
  private func read(
    room: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int
  ) throws(Errno) -> [UInt8] {
    var size = room
    while true {
      var count = -1
      let bytes = unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { room in
        count = unsafe fill(room)
        return count > 0 ? unsafe [UInt8](room[..<count]) : []
      }
      if count >= 0 { return bytes }
      let error = Errno.last
      // The kernel allows 64 KiB and no file system we know more; nothing may make us go on.
      guard error == .outOfRange, size < 16 << 20 else { throw error }
      size *= 4
    }
  }
}
