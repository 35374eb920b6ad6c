import Foundation
import ProofTools
import Repository
import SecretMemory
import Signatures
import StoreWire
import SystemPackage
import Vocabulary

/// Somebody who has a host's ssh key, and its signing key, and speaks the protocol as he likes.
final class HostileClient {
  /// How it reaches the keeper's server.
  enum Way {
    /// Straight, as what sshd starts.
    case pipes
    /// Through a real `ssh` and `sshd`.
    case ssh
  }

  let channel: WireChannel
  private let output: FileDescriptor
  private let server = Process()
  private let keeper: KeeperMachine
  private let way: Way
  private var last: UInt32 = 100

  /// Starts the keeper's server, as sshd does, or has sshd start it.
  init(
    _ keeper: KeeperMachine, as hostKey: String, quota: String = "1G", patience: Int = 30,
    state: String? = nil, over way: Way = .pipes
  ) throws {
    (self.keeper, self.way) = (keeper, way)
    let (there, back) = (Pipe(), Pipe())
    switch way {
    case .pipes:
      server.executableURL = URL(fileURLWithPath: BuiltTools.store)
      server.arguments = [
        "receive", "--store", keeper.store.path, "--host", hostKey, "--quota", quota,
        "--patience", "\(patience)",
      ]
      if let state { server.arguments? += ["--state", state] }
    case .ssh:
      try keeper.admit(hostKey: hostKey, quota: quota, patience: patience, state: state)
      server.executableURL = URL(fileURLWithPath: keeper.path("ssh"))
      // Whatever is asked for, the forced command is run.
      server.arguments = ["-T", "keeper", "rm -rf \(keeper.store.path)"]
    }
    server.standardInput = there
    server.standardOutput = back
    server.standardError = FileHandle.nullDevice
    try server.run()
    output = FileDescriptor(rawValue: dup(there.fileHandleForWriting.fileDescriptor))
    channel = WireChannel(
      readingFrom: FileDescriptor(rawValue: dup(back.fileHandleForReading.fileDescriptor)),
      writingTo: output, patience: .seconds(30))
    try? there.fileHandleForWriting.close()
    try? back.fileHandleForReading.close()
  }

  /// Says hello, and takes the right to write.
  func begin() throws {
    try channel.send(Greeting.hello(to: keeper.store.path))
    guard case .frame(let frame) = try channel.receive(within: .seconds(30)) else { return }
    _ = try Greeting.read(welcome: frame)
    _ = ask(.lease)
  }

  /// Sends bytes that may be no frame at all.
  func send(raw bytes: [UInt8]) throws { try output.writeAll(bytes) }

  /// The next answer: `done`, the code of an error, or `gone`.
  func answer() -> String {
    let arrival = try? channel.receive(within: .seconds(30))
    guard case .frame(let frame)? = arrival else { return "gone" }
    guard frame.kind == .failed else { return "\(frame.kind)" }
    return (try? WireFailure.error(in: frame.payload).code) ?? "no error that can be read"
  }

  /// Asks something, and waits for the answer.
  func ask(_ kind: FrameKind, _ payload: PayloadWriter = PayloadWriter()) -> String {
    last += 1
    do { try channel.send(WireFrame(kind, last, payload.bytes)) } catch { return answer() }
    return answer()
  }

  /// Asks something of one text, and of numbers after it.
  func ask(_ kind: FrameKind, _ text: String, _ numbers: UInt64...) -> String {
    var payload = PayloadWriter()
    payload.put(text)
    if kind == .read {
      payload.put(numbers[0])
      payload.put(UInt32(numbers[1]))
    }
    return ask(kind, payload)
  }

  /// Sends an object under any name.
  func put(_ name: String, _ bytes: [UInt8]) -> String {
    last += 1
    let upload = last
    for start in stride(from: 0, to: max(1, bytes.count), by: WireFrame.pieceSize) {
      let piece = Array(bytes[start..<min(start + WireFrame.pieceSize, bytes.count)])
      guard (try? channel.send(WireFrame(.data, upload, piece))) != nil else { return answer() }
    }
    var payload = PayloadWriter()
    payload.put(upload)
    let arrived = ask(.end, payload)
    guard arrived == "done" else { return arrived }
    payload.put(name)
    return ask(.keep, payload)
  }

  /// Sends a pack.
  func put(pack bytes: [UInt8]) -> String {
    put(ObjectName.pack(SHA256Hasher.digest(of: bytes)).path, bytes)
  }

  /// Sends a signature and an entry under any names.
  func put(_ objects: [(name: String, bytes: [UInt8])]) -> String {
    send(objects)
    return answer()
  }

  /// Sends a signature and an entry, and does not wait for the answer.
  func send(_ objects: [(name: String, bytes: [UInt8])]) {
    var payload = PayloadWriter()
    payload.put(UInt16(objects.count))
    for object in objects {
      payload.put(object.name)
      payload.put(UInt64(object.bytes.count))
    }
    last += 1
    do {
      try channel.send(WireFrame(.together, last, payload.bytes))
      for object in objects where !object.bytes.isEmpty {
        try channel.send(WireFrame(.data, last, object.bytes))
      }
    } catch {}
  }

  /// Goes away without a word, and waits until the server is gone, too.
  func leave() {
    channel.hangUp()
    server.waitUntilExit()
    // The server outlives an ssh that was hung up on.
    guard case .ssh = way, let process = try? keeper.serverProcess else { return }
    while kill(process, 0) == 0 { usleep(10_000) }
  }
}
