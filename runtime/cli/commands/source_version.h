#pragma once

namespace unmask::cli {

/// The commit that this program was built from, as `git describe` names it, and its day; "unknown"
/// where there was no git. As of when the build was configured.
extern const char* const kSourceCommit;
extern const char* const kSourceDate;

}  // namespace unmask::cli
