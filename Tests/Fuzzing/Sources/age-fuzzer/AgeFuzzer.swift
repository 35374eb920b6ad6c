import Glibc

/// The readers that can be fuzzed, of which `COFFER_FUZZ` names one.
enum Reader: String {
  case header
  case armor
  case stream

  static let chosen: Reader = {
    let name = unsafe getenv("COFFER_FUZZ").map { unsafe String(cString: $0) } ?? ""
    guard let reader = Reader(rawValue: name) else {
      fatalError("COFFER_FUZZ is none of header, armor, stream")
    }
    return reader
  }()
}

/// What libFuzzer, which has the `main`, calls for every input.
@c(LLVMFuzzerTestOneInput)
public func run(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
  switch Reader.chosen {
  case .header: HeaderFuzzing.run(input)
  case .armor: ArmorFuzzing.run(input)
  case .stream: StreamFuzzing.run(input)
  }
  return 0
}

/// What must hold for every input; where it does not, the input is kept as a crash.
func demand(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError(what()) }
}

/// Whether some bytes start with others, told by libc, which libFuzzer does not slow down.
func starts(_ bytes: [UInt8], with others: [UInt8]) -> Bool {
  guard bytes.count >= others.count else { return false }
  return unsafe bytes.withUnsafeBytes { bytes in
    unsafe others.withUnsafeBytes { others in
      guard let one = bytes.baseAddress, let other = others.baseAddress else { return true }
      return unsafe memcmp(one, other, others.count) == 0
    }
  }
}
