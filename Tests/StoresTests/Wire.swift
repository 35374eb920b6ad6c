import Dispatch
import Receiving
import Repository
import StoreWire
import SystemPackage

@testable import Stores

/// A remote store whose other end is a thread of ours: the wire is real, no machine is.
///
/// What is served there is any store, so the contract is held against all that a client does; what a keeper
/// lets a host do is held against `HostInbox`.
enum Wire {
  /// A client's view of a store.
  static func store(_ served: any BlobStore) -> any BlobStore {
    RemoteStore(called: served.location) {
      try WireConnection(to: Peer(serving: served), path: "/", called: served.location)
    }
  }

  private final class Peer: WirePeer {
    let channel: WireChannel
    let lastWords = ""

    init(serving served: any BlobStore) throws {
      let (there, back) = (try FileDescriptor.pipe(), try FileDescriptor.pipe())
      channel = WireChannel(
        readingFrom: back.readEnd, writingTo: there.writeEnd, patience: .seconds(20))
      let other = WireChannel(
        readingFrom: there.readEnd, writingTo: back.writeEnd, patience: .seconds(20))
      DispatchQueue(label: "wire.server").async {
        try? StoreService(served, over: other, patience: .seconds(60)).run { _ in }
      }
    }
  }
}
