import AgeFormat
import Synchronization

/// A source of which one wants to know how much came out of it.
final class CountingSource: ByteSource {
  private let source: any ByteSource
  private let count = Atomic(0)

  init(_ source: any ByteSource) {
    self.source = source
  }

  var total: Int { count.load(ordering: .relaxed) }

  func read(into room: inout MutableRawSpan) throws -> Int {
    let got = try source.read(into: &room)
    count.wrappingAdd(got, ordering: .relaxed)
    return got
  }
}
