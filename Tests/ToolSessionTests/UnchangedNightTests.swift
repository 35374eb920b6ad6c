import Foundation
import Glibc
import ProofTools
import Testing

/// Hears of files that are opened in some folders.
private final class OpeningWatch {
  private let descriptor = inotify_init1(Int32(O_NONBLOCK))

  /// Watches a folder and all below it.
  init(_ root: String) throws {
    let below = try FileManager.default.subpathsOfDirectory(atPath: root).map { "\(root)/\($0)" }
    for path in [root] + below {
      var isFolder: ObjCBool = false
      _ = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      guard isFolder.boolValue else { continue }
      let watch = unsafe inotify_add_watch(descriptor, path, UInt32(IN_OPEN))
      try #require(watch >= 0)
    }
  }

  deinit { close(descriptor) }

  /// The names of files that were opened since it was asked last; folders are no files.
  func opened() -> [String] {
    var names: [String] = []
    var room = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe read(descriptor, &room, room.count)
      guard count > 0 else { return names.sorted() }
      var start = 0
      while start < count {
        // inotify_event: watch, mask, cookie, length of the name, the name with its NULs.
        let words = (0..<4).map { word in
          (0..<4).reduce(UInt32(0)) { $0 | UInt32(room[start + word * 4 + $1]) << (8 * $1) }
        }
        let name = room[(start + 16)..<(start + 16 + Int(words[3]))].prefix { $0 != 0 }
        if words[1] & UInt32(IN_ISDIR) == 0 { names.append(String(decoding: name, as: UTF8.self)) }
        start += 16 + Int(words[3])
      }
    }
  }
}

/// A file whose size, times and inode are those of last night is not opened.
@Suite(.serialized, .timeLimit(.minutes(20))) struct UnchangedNightTests {
  @Test func onlyFilesThatAreNewOrChangedAreOpened() async throws {
    let host = try await Deployment()
    // Before, between and after folders, in an order that bytes of paths do not have.
    let files = ["0", "a/1", "a/b/2", "a/c", "a-b/3", "a-b/4", "a.5", "b", "z/6", "zz"]
    for file in files { try host.write("the file \(file)\n", to: "media/\(file)") }
    try await host.initialise()
    let watch = try OpeningWatch(host.path("media"))
    try await host.night()
    let names = files.map { String($0.split(separator: "/").last ?? "") }
    #expect(Set(watch.opened()).isSuperset(of: names))
    try await host.night()
    #expect(watch.opened() == [])

    try host.write("changed", to: "media/a/c")
    try host.write("new", to: "media/a-b/new")
    try host.remove("media/a/b")
    _ = watch.opened()
    try await host.night()
    #expect(watch.opened() == ["c", "new"])
    try await host.night()
    #expect(watch.opened() == [])
    try host.write("back again", to: "media/a/b/2")
    let again = try OpeningWatch(host.path("media/a"))
    try await host.night()
    #expect(again.opened() == ["2"])
    try await host.drill().expect(0)
  }
}
