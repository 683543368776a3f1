#pragma once

/// Findings in a header are those of the source that includes it.
inline int BadName() { return 0; }  // forbidden: readability-identifier-naming
