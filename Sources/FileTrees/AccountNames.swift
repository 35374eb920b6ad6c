internal import Glibc
internal import Synchronization

/// Names of users and groups by number and back, each looked up once.
///
/// A tree has many files and few owners, and a look-up may ask a directory server. Threads may share it.
final class AccountNames: Sendable {
  /// Where the C library may put the strings of a record.
  @unsafe private struct Room {
    let start: UnsafeMutablePointer<CChar>
    let count: Int
  }

  private let userNames = Mutex<[UInt32: String?]>([:])
  private let groupNames = Mutex<[UInt32: String?]>([:])
  private let userIDs = Mutex<[String: UInt32?]>([:])
  private let groupIDs = Mutex<[String: UInt32?]>([:])

  /// Whom a record's file belongs to here: by name, for numbers differ between hosts, by number where
  /// the name is not known.
  func owner(of record: FileRecord) -> (user: UInt32, group: UInt32, unknown: [String]) {
    var unknown: [String] = []
    func known(_ name: String?, _ number: UInt32, _ find: (String) -> UInt32?) -> UInt32 {
      guard let name else { return number }
      if let found = find(name) { return found }
      unknown.append(name)
      return number
    }
    let user = known(record.userName, record.userID, userID)
    let group = known(record.groupName, record.groupID, groupID)
    return (user, group, unknown)
  }

  func userName(_ id: UInt32) -> String? {
    if let known = userNames.withLock({ $0[id] }) { return known }
    var found: String?
    unsafe withUserRecord { record, room, result in
      let error = unsafe getpwuid_r(id, record, room.start, room.count, result)
      if let name = unsafe result.pointee?.pointee.pw_name { found = unsafe String(cString: name) }
      return error
    }
    userNames.withLock { [found] in $0[id] = .some(found) }
    return found
  }

  func groupName(_ id: UInt32) -> String? {
    if let known = groupNames.withLock({ $0[id] }) { return known }
    var found: String?
    unsafe withGroupRecord { record, room, result in
      let error = unsafe getgrgid_r(id, record, room.start, room.count, result)
      if let name = unsafe result.pointee?.pointee.gr_name { found = unsafe String(cString: name) }
      return error
    }
    groupNames.withLock { [found] in $0[id] = .some(found) }
    return found
  }

  func userID(_ name: String) -> UInt32? {
    if let known = userIDs.withLock({ $0[name] }) { return known }
    var found: UInt32?
    unsafe withUserRecord { record, room, result in
      let error = unsafe getpwnam_r(name, record, room.start, room.count, result)
      found = unsafe result.pointee?.pointee.pw_uid
      return error
    }
    userIDs.withLock { [found] in $0[name] = .some(found) }
    return found
  }

  func groupID(_ name: String) -> UInt32? {
    if let known = groupIDs.withLock({ $0[name] }) { return known }
    var found: UInt32?
    unsafe withGroupRecord { record, room, result in
      let error = unsafe getgrnam_r(name, record, room.start, room.count, result)
      found = unsafe result.pointee?.pointee.gr_gid
      return error
    }
    groupIDs.withLock { [found] in $0[name] = .some(found) }
    return found
  }

  private func withUserRecord(
    _ lookUp: (
      UnsafeMutablePointer<passwd>, Room,
      UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> CInt
  ) {
    unsafe withRoom { room in
      var record = unsafe passwd()
      var result: UnsafeMutablePointer<passwd>?
      return unsafe lookUp(&record, room, &result)
    }
  }

  private func withGroupRecord(
    _ lookUp: (
      UnsafeMutablePointer<group>, Room,
      UnsafeMutablePointer<UnsafeMutablePointer<group>?>
    ) -> CInt
  ) {
    unsafe withRoom { room in
      var record = unsafe group()
      var result: UnsafeMutablePointer<group>?
      return unsafe lookUp(&record, room, &result)
    }
  }

  /// Gives the look-up room for its strings, more where a group has many members.
  private func withRoom(_ lookUp: (Room) -> CInt) {
    var size = 1024
    while size <= 1 << 20 {
      let start = UnsafeMutablePointer<CChar>.allocate(capacity: size)
      defer { unsafe start.deallocate() }
      let error = unsafe lookUp(Room(start: start, count: size))
      if error != ERANGE { return }
      size *= 4
    }
  }
}
