/// Sizes that tell little: Padmé (Nikitin et al., PETS 2019) leaves O(log log L) bits visible.
///
/// Costs at most 12 %, and at the size of a pack about 3 %.
package enum PadmeSize {
  /// The smallest allowed size that holds `length` bytes.
  package static func holding(_ length: Int) -> Int {
    guard length > 2 else { return length }
    let exponent = Int.bitWidth - 1 - length.leadingZeroBitCount
    let kept = Int.bitWidth - exponent.leadingZeroBitCount
    let step = 1 << max(0, exponent - kept)
    return (length + step - 1) / step * step
  }
}
