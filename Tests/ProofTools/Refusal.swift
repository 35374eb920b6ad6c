package import Vocabulary

/// What a piece of work is refused with; nil where it is not refused at all.
///
/// An error of another kind comes back under the code `not-for-operators`, which no test expects.
package func refusal(of work: () throws -> Void) -> OperatorError? {
  do {
    try work()
    return nil
  } catch let error as OperatorError {
    return error
  } catch {
    return OperatorError("not-for-operators", .failed, "\(error)")
  }
}
